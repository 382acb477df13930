// Settings that were changed while the system ran, in the directory, so that every process and every machine of it has them.
//
// Items SETTINGS / <path>: value (as it is written in the configuration file), atMs.

import type { Clock } from '#shared/runtime/clock.ts'
import type { StoredSettings } from '#shared/settings/load.ts'
import type { Signals, Table } from '#shared/storage/ports.ts'

export interface SettingStore {
  read(): Promise<StoredSettings>
  /** All of it or nothing; null: no more of its own. Whoever runs by them is told. */
  change(changes: { readonly [path: string]: string | null }): Promise<void>
}

export const SETTINGS_PK = 'SETTINGS'
/** Of signals: they are other ones now. */
export const SETTINGS_TOPIC = 'settings'
/** Of one change. */
export const SETTINGS_CHANGED_MAX = 50
export const STORED_TEXT_CHARACTERS_MAX = 20_000

export function createSettingStore(deps: {
  readonly table: Pick<Table, 'query' | 'transact'>
  readonly signals: Pick<Signals, 'publish'>
  readonly clock: Clock
}): SettingStore {
  const { table, signals, clock } = deps
  return {
    async read() {
      const stored: { [path: string]: string } = {}
      let after: string | undefined
      do {
        const page = await table.query({
          pk: SETTINGS_PK,
          consistent: true,
          ...(after !== undefined && { after }),
        })
        for (const { sk, value } of page.items) stored[sk] = String(value)
        after = page.next
      } while (after !== undefined)
      return stored
    },

    async change(changes) {
      const atMs = clock.now()
      await table.transact(
        Object.entries(changes).map(([sk, value]) =>
          value === null
            ? { delete: { pk: SETTINGS_PK, sk } }
            : { put: { pk: SETTINGS_PK, sk, value, atMs } },
        ),
      )
      signals.publish(SETTINGS_TOPIC, '')
    },
  }
}
