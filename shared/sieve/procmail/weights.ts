// Conditions with weights (procmailsc(5)) as tests without. A score that is more than nothing is reached by some sets of conditions:
// the smallest of these, any of them. Weights that grow with how often something is found cannot be counted in Sieve.

import { all, always, any, type Condition, isAlways, not } from './condition-text.ts'
import { WEIGHTS_MAX } from './limits.ts'
import { Untranslatable } from './untranslatable.ts'

export type Weighted = {
  readonly weight: number
  /** What the weight is multiplied with for each further time. */
  readonly exponent: number
  readonly condition: Condition
  /** Of a size: the weight depends on how large. */
  readonly isSize: boolean
}

export function scored(weighted: readonly Weighted[]): Condition {
  // Any of them is enough, however often: what else is there takes nothing away.
  if (weighted.every(({ weight, isSize }) => weight > 0 && !isSize)) {
    return any(weighted.map(({ condition }) => condition))
  }
  if (weighted.some(({ isSize }) => isSize)) {
    throw new Untranslatable('a weight that depends on the size cannot be expressed')
  }
  const counted = weighted.some(({ exponent, condition }) => exponent !== 0 && !isAlways(condition))
  if (counted)
    throw new Untranslatable('weights that count how often something is found cannot be expressed')
  return atLeast(weighted)
}

function atLeast(weighted: readonly Weighted[]): Condition {
  const base = sum(weighted.filter(({ condition }) => isAlways(condition)))
  const open = weighted.filter(({ condition }) => !isAlways(condition))
  if (open.length > WEIGHTS_MAX) {
    throw new Untranslatable(`more than ${WEIGHTS_MAX} conditions with weights`)
  }
  // With every weight below nothing in force; each choice adds to it.
  const least = base + sum(open.filter(({ weight }) => weight < 0))
  if (least > 0) return always
  const choices = open.map(({ weight, condition }) => ({
    adds: Math.abs(weight),
    condition: weight < 0 ? not(condition) : condition,
  }))
  const enough: number[] = []
  for (let set = 0; set < 1 << choices.length; set++) {
    // Sets are tried after all that are in them.
    if (enough.some((smaller) => (smaller & set) === smaller)) continue
    const adds = choices.reduce((total, { adds }, i) => total + ((set >> i) & 1 ? adds : 0), 0)
    if (least + adds > 0) enough.push(set)
  }
  return any(
    enough.map((set) => all(choices.filter((_, i) => (set >> i) & 1).map((c) => c.condition))),
  )
}

const sum = (weighted: readonly Weighted[]) =>
  weighted.reduce((total, { weight }) => total + weight, 0)
