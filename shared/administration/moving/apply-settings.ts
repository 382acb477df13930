// Settings of a plan: those that may change while the system runs are changed, and the others become lines of its configuration file.

import { SETTINGS_CHANGED_MAX } from '#shared/directory/stored-settings.ts'
import type { Place } from '#shared/moving/configurations/plan.ts'
import { settingsByPath } from '#shared/settings/table.ts'
import type { Administration } from '../administration.ts'
import type { Refusal } from '../refusals.ts'
import type { SettingFacts } from '../settings.ts'
import type { ApplyOptions, Outcome } from './outcome.ts'

type PlannedSetting = { readonly path: string; readonly text: string; readonly from: Place }
type Settings = Administration['settings']

export async function* applySettings(
  settings: Settings,
  items: readonly PlannedSetting[],
  { dryRun = false }: ApplyOptions,
): AsyncGenerator<Outcome> {
  const facts = new Map((await settings.list()).settings.map((one) => [one.path, one]))
  const changing: PlannedSetting[] = []
  for (const item of items) {
    const now = facts.get(item.path)
    if (now !== undefined && isInForce(item, now)) yield { ...toldOf(item), kind: 'unchanged' }
    else if (now !== undefined && mayChange(item, now)) changing.push(item)
    else yield { ...toldOf(item), kind: 'for-file', line: fileLine(item) }
  }
  // Lists refer to classes, and one decides what others are: they are changed together.
  const together = changing.toSorted((a, b) => orderOf(a) - orderOf(b))
  for (let at = 0; at < together.length; at += SETTINGS_CHANGED_MAX) {
    yield* changeAll(settings, together.slice(at, at + SETTINGS_CHANGED_MAX), facts, dryRun)
  }
}

const orderOf = ({ path }: PlannedSetting) => (/Restriction|^policyPreset$/.test(path) ? 0 : 1)

/** One that is refused costs the others nothing. */
async function* changeAll(
  settings: Settings,
  items: readonly PlannedSetting[],
  facts: ReadonlyMap<string, SettingFacts>,
  dryRun: boolean,
): AsyncGenerator<Outcome> {
  let left = items
  while (left.length > 0) {
    const changes = Object.fromEntries(left.map(({ path, text }) => [path, text]))
    const done = await settings.change({ changes, isRehearsal: dryRun })
    if (done.kind === 'changed') {
      for (const item of left) {
        const isNew = facts.get(item.path)?.origin === 'default'
        yield { ...toldOf(item), kind: isNew ? 'added' : 'changed' }
      }
      return
    }
    const named = done.value.split(', ')
    const wrong = left.filter(({ path }) => named.includes(path))
    const refused = wrong.length > 0 ? wrong : left
    for (const item of refused) yield refusedOf(item, done)
    left = left.filter((item) => !refused.includes(item))
  }
}

/** What only a file may have becomes a line of one. */
function refusedOf(item: PlannedSetting, refusal: Refusal): Outcome {
  const isForFile =
    refusal.kind === 'bad-value' &&
    ['in-file', 'one-line', 'reloadable'].includes(refusal.rule.name)
  return isForFile
    ? { ...toldOf(item), kind: 'for-file', line: fileLine(item) }
    : { ...toldOf(item), kind: 'refused', refusal }
}

const toldOf = ({ path, from }: PlannedSetting) => ({ what: 'setting', name: path, from }) as const

const mayChange = ({ path }: PlannedSetting, { isReloadable, isLocked }: SettingFacts) =>
  isReloadable && !isLocked && settingsByPath.get(path)?.kind.secret !== true

function isInForce({ path, text }: PlannedSetting, { value }: SettingFacts): boolean {
  const kind = settingsByPath.get(path)?.kind
  const parsed = kind?.parse(kind.verbatim === true ? text : text.replaceAll('$$', '$'))
  return parsed !== undefined && kind?.format(parsed) === value
}

/** Of TOML, whose strings are those of JSON but for what no setting has. */
const fileLine = ({ path, text }: PlannedSetting) => `${path} = ${JSON.stringify(text)}`
