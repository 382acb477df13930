// Settings that were changed while the system ran, beside those of the file. What of them is not usable any more (another version, a file that
// does not go with them) must not keep the system from starting: nobody could change it then.

import type { LoadedSettings, SettingsResult, StoredSettings } from './load.ts'
import { formatProblem, type Problem } from './problems.ts'

/** Reads the settings anew, with these in its store. */
export type LoadStored = (stored: StoredSettings) => Promise<SettingsResult>

export type TolerantlyLoaded =
  | {
      readonly kind: 'ok'
      readonly loaded: LoadedSettings
      /** What was left out of the stored ones, and why. */
      readonly dropped: readonly { readonly path: string; readonly reason: string }[]
    }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

export async function loadTolerantly(
  load: LoadStored,
  stored: StoredSettings,
): Promise<TolerantlyLoaded> {
  const all = await load(stored)
  if (all.kind === 'ok') return { kind: 'ok', loaded: all, dropped: [] }
  const faults = new Map<string, string>()
  let problems = all.problems
  // First what is wrong by itself; then what is allowed, and not with the others or with the file. The rest stays in force.
  for (const keysOf of [wrongKeys, conflictingKeys]) {
    for (const problem of problems) {
      for (const key of keysOf(problem)) {
        if (Object.hasOwn(stored, key)) faults.set(key, formatProblem(problem))
      }
    }
    const sound = Object.fromEntries(Object.entries(stored).filter(([path]) => !faults.has(path)))
    const some = await load(sound)
    if (some.kind === 'ok') return { kind: 'ok', loaded: some, dropped: droppedOf(faults) }
    problems = some.problems
  }
  const none = await load({})
  if (none.kind !== 'ok') return none
  const why = problems.map(formatProblem).join('; ')
  for (const path of Object.keys(stored)) if (!faults.has(path)) faults.set(path, why)
  return { kind: 'ok', loaded: none, dropped: droppedOf(faults) }
}

const wrongKeys = (problem: Problem): readonly string[] =>
  'key' in problem && problem.origin.kind === 'stored' ? [problem.key] : []

const conflictingKeys = (problem: Problem): readonly string[] =>
  'keys' in problem ? problem.keys : []

const droppedOf = (faults: ReadonlyMap<string, string>) =>
  [...faults].map(([path, reason]) => ({ path, reason }))
