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
  const faults = new Map(
    all.problems.flatMap((problem): readonly (readonly [string, string])[] =>
      'key' in problem && problem.origin.kind === 'stored'
        ? [[problem.key, formatProblem(problem)]]
        : [],
    ),
  )
  const sound = Object.fromEntries(Object.entries(stored).filter(([path]) => !faults.has(path)))
  const some = faults.size === 0 ? all : await load(sound)
  if (some.kind === 'ok') return { kind: 'ok', loaded: some, dropped: droppedOf(faults) }
  // Each is allowed, and not with the others or with the file.
  const none = await load({})
  if (none.kind !== 'ok') return none
  const why = some.problems.map(formatProblem).join('; ')
  const rest = Object.keys(sound).map((path) => [path, why] as const)
  return { kind: 'ok', loaded: none, dropped: droppedOf(new Map([...faults, ...rest])) }
}

const droppedOf = (faults: ReadonlyMap<string, string>) =>
  [...faults].map(([path, reason]) => ({ path, reason }))
