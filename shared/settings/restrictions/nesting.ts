// How far restriction classes reach that stand in one another: one that contains itself would never end, and a few that name each other
// twice are asked a million times.

import type { ListEntry } from './grammar.ts'
import { ListFault } from './split-list.ts'

/** Lists in lists, those among them that tables name when they are asked. */
export const NESTED_LISTS_MAX = 100

/** Restrictions that are asked because of one list. */
export const ASKED_RESTRICTIONS_MAX = 10_000

type Reach = { readonly restrictions: number; readonly depth: number }

export type ClassEntries = ReadonlyMap<string, readonly ListEntry[]>

/** What is wrong with a list that reaches too far. Each class is looked at once, however many lists name it. */
export function createNestingJudge(
  classes: ClassEntries,
): (list: readonly ListEntry[]) => string | undefined {
  const known = new Map<string, Reach>()
  const within = new Set<string>()

  function reachOf(list: readonly ListEntry[]): Reach {
    let restrictions = 0
    let depth = 1
    for (const entry of list) {
      restrictions += 1
      if (entry.kind === 'word') continue
      const inner = reachOfClass(entry.name)
      restrictions += inner.restrictions
      depth = Math.max(depth, inner.depth + 1)
    }
    if (depth > NESTED_LISTS_MAX) throw tooDeep()
    if (restrictions > ASKED_RESTRICTIONS_MAX) throw tooMany()
    return { restrictions, depth }
  }

  function reachOfClass(name: string): Reach {
    const before = known.get(name)
    if (before !== undefined) return before
    if (within.has(name)) throw new ListFault(`${name} contains itself`)
    if (within.size === NESTED_LISTS_MAX) throw tooDeep()
    within.add(name)
    const reach = reachOf(classes.get(name) ?? [])
    within.delete(name)
    known.set(name, reach)
    return reach
  }

  return (list) => {
    within.clear()
    try {
      reachOf(list)
      return undefined
    } catch (error) {
      if (error instanceof ListFault) return error.message
      throw error
    }
  }
}

const tooDeep = () => new ListFault(`more than ${NESTED_LISTS_MAX} lists stand in one another`)

const tooMany = () =>
  new ListFault(`more than ${ASKED_RESTRICTIONS_MAX} restrictions with those of its classes`)
