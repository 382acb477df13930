// What spoke against a message, of what is recorded about it: which rule or filter, what it found, how many points.

import type { DecisionRecord } from '#shared/contracts/decisions.ts'

export type QuarantineReason = {
  /** A restriction, or a step of the content stage such as `clamd`. */
  readonly by: string
  readonly verdict: string
  /** What it found, in its own words. */
  readonly found: string | null
  readonly points: number | null
}

/** Told at most. */
export const REASONS_MAX = 100

export function reasonsOf(records: readonly DecisionRecord[]): readonly QuarantineReason[] {
  return records.flatMap(reasonsIn).slice(0, REASONS_MAX)
}

function reasonsIn({ trail, content = [] }: DecisionRecord): readonly QuarantineReason[] {
  const ofRules = trail.flatMap(({ steps }) =>
    steps.flatMap(({ restriction: by, decision }): readonly QuarantineReason[] => {
      if (decision.kind === 'hold') {
        return [{ by, verdict: 'hold', found: decision.reason, points: null }]
      }
      if (decision.kind !== 'score' || decision.points === 0) return []
      return [{ by, verdict: 'score', found: decision.why ?? null, points: decision.points }]
    }),
  )
  const ofSteps = content
    .filter(({ verdict, found }) => verdict !== 'accept' || found !== undefined)
    .map(({ step, verdict, found = null }) => ({ by: step, verdict, found, points: null }))
  return [...ofRules, ...ofSteps]
}
