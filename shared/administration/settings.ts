// Settings as whoever runs the system sees and changes them: what is in force, where it comes from, what it hides, and which may be other
// while the system runs. What the file or the environment says is theirs: it is shown and cannot be changed here.

import {
  SETTINGS_CHANGED_MAX,
  STORED_TEXT_CHARACTERS_MAX,
} from '#shared/directory/stored-settings.ts'
import { describeSettings } from '#shared/settings/describe.ts'
import type { LoadedSettings, StoredSettings } from '#shared/settings/load.ts'
import { nearestPath } from '#shared/settings/nearest.ts'
import {
  formatOrigin,
  formatProblem,
  type Problem,
  SECRET,
  type ValueOrigin,
} from '#shared/settings/problems.ts'
import { loadTolerantly } from '#shared/settings/stored.ts'
import { flatten, settingParts, settingsByPath } from '#shared/settings/table.ts'
import { findWarnings } from '#shared/settings/warnings.ts'
import type { AdministrationDeps } from './deps.ts'
import { type BadValue, badValue, type NoSuchSetting, type SettingLocked } from './refusals.ts'

export interface SettingsAdministration {
  /** Those with this in their name, here or in Postfix or Dovecot; all without it. */
  list(search?: string): Promise<SettingsListed>
  show(path: string): Promise<SettingShown | NoSuchSetting>
  /** Null takes back what was changed here. All of it or nothing. */
  change(
    request: SettingsChangeRequest,
  ): Promise<SettingsChanged | BadValue | NoSuchSetting | SettingLocked>
}

export type SettingFacts = {
  readonly path: string
  /** The heading that it stands under in the manual. */
  readonly part: string
  readonly value: string
  readonly origin: ValueOrigin['kind']
  /** In words: the file's name, the variable's. */
  readonly from: string
  /** What it hides, the first that would count next first. */
  readonly hides: readonly { readonly value: string; readonly from: string }[]
  readonly default: string
  readonly allowed: string
  readonly about: string
  readonly postfix: string | null
  readonly dovecot: string | null
  /** It may be other while the system runs. */
  readonly isReloadable: boolean
  /** The file, the environment or the command line says it. */
  readonly isLocked: boolean
  /** What was changed here and is not usable, with the reason. */
  readonly problem: string | null
}

export type SettingsListed = {
  readonly kind: 'settings'
  readonly settings: readonly SettingFacts[]
  readonly warnings: readonly string[]
}
export type SettingShown = { readonly kind: 'setting'; readonly setting: SettingFacts }

export type SettingsChangeRequest = {
  readonly changes: { readonly [path: string]: string | null }
  /** What would be wrong with it is said, and nothing is changed. */
  readonly isRehearsal?: boolean
}

export type SettingsChanged = {
  readonly kind: 'changed'
  readonly settings: readonly SettingFacts[]
  /** What is allowed and probably not meant, as it is afterwards. */
  readonly warnings: readonly string[]
}

export function createSettingsAdministration({
  settingStore,
  loadSettings,
  record,
}: Pick<AdministrationDeps, 'settingStore' | 'loadSettings' | 'record'>): SettingsAdministration {
  async function read(): Promise<InForce> {
    return inForce(await settingStore.read())
  }

  async function inForce(stored: StoredSettings): Promise<InForce> {
    const tolerant = await loadTolerantly(loadSettings, stored)
    // Cannot happen in a system that runs: it runs by them. Somebody has broken its file since.
    if (tolerant.kind !== 'ok') throw new Error(tolerant.problems.map(formatProblem).join('\n'))
    const { loaded, dropped } = tolerant
    return { loaded, problems: new Map(dropped.map(({ path, reason }) => [path, reason])) }
  }

  /** All of them as they would be: each may be allowed, and not with the others. */
  async function judge(changes: SettingsChangeRequest['changes'], stored: StoredSettings) {
    const entries = Object.entries(changes)
    const before = await inForce(stored)
    for (const [path, text] of entries) {
      const refusal = refusalOf(path, text, before.loaded)
      if (refusal !== undefined) return refusal
    }
    const wanted = Object.fromEntries(
      Object.entries({ ...stored, ...changes }).filter(
        (entry): entry is [string, string] => entry[1] !== null,
      ),
    )
    const loaded = await loadSettings(wanted)
    // What was unusable before is no reason against another change.
    const problem = loaded.kind === 'invalid' ? ownProblem(loaded.problems, changes) : undefined
    if (problem !== undefined) {
      return badValue('setting', keyOf(problem), {
        name: 'setting',
        problem: formatProblem(problem),
      })
    }
    const after = await inForce(wanted)
    const paths = new Set(entries.map(([path]) => path))
    const isMeant = ({ path }: SettingFacts) => paths.has(path)
    const was = new Map(
      factsOf(before)
        .filter(isMeant)
        .map(({ path, value }) => [path, value]),
    )
    return {
      kind: 'allowed',
      settings: factsOf(after).filter(isMeant),
      was,
      warnings: findWarnings(after.loaded.settings),
    } as const
  }

  return {
    async list(search = '') {
      const now = await read()
      const sought = search.toLowerCase()
      const settings = factsOf(now).filter(({ path, postfix, dovecot }) =>
        [path, postfix, dovecot].some((name) => name?.toLowerCase().includes(sought)),
      )
      return { kind: 'settings', settings, warnings: findWarnings(now.loaded.settings) }
    },

    async show(path) {
      const setting = factsOf(await read()).find((one) => one.path === path)
      return setting === undefined ? noSuchSetting(path) : { kind: 'setting', setting }
    },

    async change({ changes, isRehearsal = false }) {
      const entries = Object.entries(changes)
      if (entries.length === 0 || entries.length > SETTINGS_CHANGED_MAX) {
        return badValue('setting', '', { name: 'setting-count', max: SETTINGS_CHANGED_MAX })
      }
      const decided = await settingStore.edit(async (stored) => {
        const result = await judge(changes, stored)
        return { ...(result.kind === 'allowed' && !isRehearsal && { changes }), result }
      })
      if (decided.kind !== 'allowed') return decided
      const { settings, was, warnings } = decided
      for (const { path, value } of settings) {
        record({
          what: 'setting',
          name: path,
          before: { value: was.get(path) ?? '' },
          after: { value },
        })
      }
      return { kind: 'changed', settings, warnings }
    },
  }
}

type InForce = {
  readonly loaded: LoadedSettings
  readonly problems: ReadonlyMap<string, string>
}

const partsByPath: ReadonlyMap<string, string> = new Map(
  Object.entries(settingParts).flatMap(([title, group]) =>
    flatten(group).map(([path]) => [path, title] as const),
  ),
)

function factsOf({ loaded, problems }: InForce): readonly SettingFacts[] {
  return describeSettings(loaded).map(({ origin: from, ...described }) => {
    const { path } = described
    const setting = settingsByPath.get(path)
    const origin = loaded.origin(path)
    const isSecret = setting?.kind.secret === true
    const hidden = loaded.given(path).slice(0, -1).toReversed()
    return {
      ...described,
      part: partsByPath.get(path) ?? '',
      origin: origin.kind,
      from,
      hides: hidden.map((one) => ({
        value: isSecret ? SECRET : one.text,
        from: formatOrigin(one.origin),
      })),
      postfix: setting?.facts.known?.postfix ?? null,
      dovecot: setting?.facts.known?.dovecot ?? null,
      isReloadable: setting?.facts.reload === true,
      isLocked: isLocked(origin),
      problem: problems.get(path) ?? null,
    }
  })
}

const isLocked = ({ kind }: ValueOrigin) => kind !== 'default' && kind !== 'stored'

function refusalOf(
  path: string,
  text: string | null,
  loaded: LoadedSettings,
): BadValue | NoSuchSetting | SettingLocked | undefined {
  const setting = settingsByPath.get(path)
  if (setting === undefined) return text === null ? undefined : noSuchSetting(path)
  // What was changed here before the file said it may be taken back.
  if (text === null) return undefined
  const origin = loaded.origin(path)
  if (isLocked(origin)) {
    return { kind: 'setting-locked', field: 'setting', value: path, from: formatOrigin(origin) }
  }
  if (setting.facts.reload !== true) return badValue('setting', path, { name: 'reloadable' })
  // Secrets are not kept in clear, and who may change settings by HTTP reads no files of this machine by them.
  if (setting.kind.secret === true || namesFiles(setting.kind.files !== undefined, text)) {
    return badValue('setting', path, { name: 'in-file' })
  }
  return text.length > STORED_TEXT_CHARACTERS_MAX
    ? badValue('setting', path, { name: 'one-line', charactersMax: STORED_TEXT_CHARACTERS_MAX })
    : undefined
}

const namesFiles = (mayName: boolean, text: string) =>
  mayName && text.split(/[\s,]+/).some((word) => /^["']?[./$]/.test(word))

const keyOf = (problem: Problem): string =>
  'key' in problem ? problem.key : 'keys' in problem ? problem.keys.join(', ') : ''

function ownProblem(
  problems: readonly Problem[],
  changes: SettingsChangeRequest['changes'],
): Problem | undefined {
  return problems.find((problem) => {
    const keys = 'key' in problem ? [problem.key] : 'keys' in problem ? problem.keys : []
    return keys.some((key) => Object.hasOwn(changes, key))
  })
}

const noSuchSetting = (path: string): NoSuchSetting => ({
  kind: 'no-such-setting',
  field: 'setting',
  value: path,
  nearest: nearestPath(path, settingsByPath) ?? null,
})
