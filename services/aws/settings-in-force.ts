// Settings that may change while the system runs, as an entry on AWS follows them. Nobody tells a process there what another changed, so each looks
// by itself: before what it does next, when it last looked some seconds ago.
//
// Implementation notes: one look is one query of a partition of some small items, half a read unit to one. An item that holds a version, read in its
// place, would cost the same and be one more thing to keep true.

import type { SettingStore } from '#shared/directory/stored-settings.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { StoredSettings } from '#shared/settings/load.ts'
import { formatProblem } from '#shared/settings/problems.ts'
import { reloadSettings } from '#shared/settings/reload.ts'
import { type LoadStored, loadTolerantly } from '#shared/settings/stored.ts'
import type { Settings } from '#shared/settings/table.ts'

export interface SettingsInForce {
  /** Another object than before where they changed, and only there. Never rejects: without an answer those from before count. */
  look(): Promise<Settings>
}

/** After it every process goes by what was changed; one that does nothing meanwhile looks before it does something. */
export const SETTINGS_LOOKED_AT_MS = 10_000

/** Rejects where it cannot read them the first time: an entry must not run by what somebody has changed since. */
export async function openSettingsInForce(deps: {
  readonly store: Pick<SettingStore, 'read'>
  readonly load: LoadStored
  /** Those that it was started with. */
  readonly settings: Settings
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
  readonly onChange?: (settings: Settings) => void
}): Promise<SettingsInForce> {
  const { store, load, clock, log } = deps
  let settings = deps.settings
  let known = ''
  let lookedMs = clock.now()
  let looking: Promise<void> | undefined

  async function take(stored: StoredSettings): Promise<void> {
    const text = JSON.stringify(Object.entries(stored).sort(([a], [b]) => (a < b ? -1 : 1)))
    if (text === known || (known === '' && text === '[]')) return
    const tolerant = await loadTolerantly(load, stored)
    if (tolerant.kind !== 'ok') {
      // Cannot happen: without the stored ones they were usable when it started.
      throw new Error(tolerant.problems.map(formatProblem).join('\n'))
    }
    for (const { path, reason } of tolerant.dropped) {
      log.error({ setting: path, reason }, 'stored setting not used')
    }
    known = text
    const reloaded = reloadSettings(settings, tolerant.loaded.settings)
    if (reloaded.taken.length === 0) return
    settings = reloaded.settings
    deps.onChange?.(settings)
    log.info({ changed: reloaded.taken }, 'settings changed')
  }

  async function lookNow(): Promise<void> {
    try {
      await take(await store.read())
    } catch (error) {
      log.warn({ error }, 'changed settings not taken over')
    }
    lookedMs = clock.now()
  }

  await take(await store.read())
  return {
    async look() {
      if (clock.now() - lookedMs >= SETTINGS_LOOKED_AT_MS) {
        // One look is for all who wait for it.
        looking ??= lookNow().finally(() => {
          looking = undefined
        })
        await looking
      }
      return settings
    },
  }
}
