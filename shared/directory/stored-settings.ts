// Settings that were changed while the system ran, in the directory, so that every process and every machine of it has them.
//
//   SETTINGS       / <path>    value (as it is written in the configuration file), atMs
//   SETTINGS-STATE / VERSION   version, raised by each change: settings that are allowed one by one need not go together, so who changes
//                              one has looked at all. Older stores have none, which is 0

import type { Clock } from '#shared/runtime/clock.ts'
import type { StoredSettings } from '#shared/settings/load.ts'
import type { Key, Signals, Table } from '#shared/storage/ports.ts'
import { asRead } from './as-known.ts'
import { optimistic } from './optimistic.ts'

export interface SettingStore {
  read(): Promise<StoredSettings>
  /** All of it or nothing; null: no more of its own. Whoever runs by them is told. */
  change(changes: SettingChanges): Promise<void>
  /** The same as `decide` says, who is asked again where others changed some meanwhile. */
  edit<T>(decide: (stored: StoredSettings) => Promise<SettingsEdited<T>>): Promise<T>
}

export type SettingChanges = { readonly [path: string]: string | null }

/** `changes` undefined: none is changed. */
export type SettingsEdited<T> = {
  readonly changes?: SettingChanges | undefined
  readonly result: T
}

const PK = 'SETTINGS'
const versionKey: Key = { pk: 'SETTINGS-STATE', sk: 'VERSION' }
/** Of signals: they are other ones now. */
export const SETTINGS_TOPIC = 'settings'
/** Of one change. */
export const SETTINGS_CHANGED_MAX = 50
export const STORED_TEXT_CHARACTERS_MAX = 20_000

export function createSettingStore(deps: {
  readonly table: Pick<Table, 'get' | 'query' | 'transact'>
  readonly signals: Pick<Signals, 'publish'>
  readonly clock: Clock
}): SettingStore {
  const { table, signals, clock } = deps

  async function read(): Promise<StoredSettings> {
    const stored: { [path: string]: string } = {}
    let after: string | undefined
    do {
      const page = await table.query({
        pk: PK,
        consistent: true,
        ...(after !== undefined && { after }),
      })
      for (const { sk, value } of page.items) stored[sk] = String(value)
      after = page.next
    } while (after !== undefined)
    return stored
  }

  async function edit<T>(
    decide: (stored: StoredSettings) => Promise<SettingsEdited<T>>,
  ): Promise<T> {
    return await optimistic(async () => {
      // Before what it stands for is read: what comes between makes it too old, and never too new.
      const state = await table.get(versionKey, { consistent: true })
      const { changes, result } = await decide(await read())
      if (changes === undefined) return result
      const atMs = clock.now()
      await table.transact([
        {
          update: versionKey,
          changes: { add: { version: 1 } },
          if: state === undefined ? { absent: 'pk' } : { all: asRead(state, ['version']) },
        },
        ...Object.entries(changes).map(([sk, value]) =>
          value === null ? { delete: { pk: PK, sk } } : { put: { pk: PK, sk, value, atMs } },
        ),
      ])
      signals.publish(SETTINGS_TOPIC, '')
      return result
    })
  }

  return {
    read,
    edit,
    change: (changes) => edit(async () => ({ changes, result: undefined })),
  }
}
