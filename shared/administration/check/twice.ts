// A check of a store that is read piece by piece while others write: what is found may be a transaction half seen. What is found
// again by a second look, in the same words, is so.

import { checkStore } from './check.ts'
import type { CheckFinding } from './finding.ts'
import type { CheckDeps } from './reading.ts'

/** Findings of the first look that are remembered. */
const REMEMBERED_MAX = 100_000

export async function* checkTwice(deps: CheckDeps): AsyncGenerator<CheckFinding> {
  const first = new Set<string>()
  for await (const finding of checkStore(deps)) {
    if (first.size < REMEMBERED_MAX) first.add(wordsOf(finding))
  }
  if (first.size === 0) return
  for await (const finding of checkStore(deps)) {
    if (first.has(wordsOf(finding))) yield finding
  }
}

const wordsOf = ({ kind, of, found }: CheckFinding) => `${kind} ${of} ${found}`
