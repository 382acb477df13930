// What of new settings a running server takes over: those whose table entry says so. The others keep the values it was started with.

import { type Setting, type SettingGroup, valueAt } from './setting.ts'
import { flatten, type Settings, settingsTable } from './table.ts'

export type Reloaded = {
  /** With the new values that can be taken over. */
  readonly settings: Settings
  /** Paths of settings that changed. */
  readonly taken: readonly string[]
  readonly needRestart: readonly string[]
}

export function reloadSettings(running: Settings, wanted: Settings): Reloaded {
  const changed = flatten(settingsTable).filter(
    ([path, { kind }]) =>
      kind.format(valueAt(running, path)) !== kind.format(valueAt(wanted, path)),
  )
  const paths = (isTaken: boolean) =>
    changed.filter(([, { facts }]) => (facts.reload === true) === isTaken).map(([path]) => path)
  return {
    settings: taking(settingsTable, running, wanted) as Settings,
    taken: paths(true),
    needRestart: paths(false),
  }
}

function taking(group: SettingGroup, running: object, wanted: object): object {
  const entries = Object.entries(group).map(([name, entry]) => {
    const old = Object(running)[name]
    const now = Object(wanted)[name]
    return [name, isSetting(entry) ? (entry.facts.reload ? now : old) : taking(entry, old, now)]
  })
  return Object.fromEntries(entries)
}

const isSetting = (entry: SettingGroup | Setting<unknown>): entry is Setting<unknown> =>
  'kind' in entry && 'facts' in entry
