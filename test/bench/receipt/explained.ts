// Why what arrives here may differ from Postfix: one line each.

import type { Case } from './cases.ts'
import type { Difference } from './compare.ts'

type Reason = {
  readonly why: string
  readonly is: (difference: Difference, given: Case) => boolean
}

const reasons: readonly Reason[] = []

export function explanation(given: Case, difference: Difference): string | undefined {
  return reasons.find(({ is }) => is(difference, given))?.why
}
