// When a step may be done: not before those who remember the old records have forgotten them.

import type { CutOverState } from './state.ts'
import { LOW_TTL_SECONDS, type Step, type StepId, TWO_DAYS_MS } from './steps.ts'

/** Null: now. */
export function notBefore(
  step: Step,
  { done, oldTtlSeconds }: CutOverState,
  nowMs: number,
): number | null {
  const since = (id: StepId) => done.find((one) => one.id === id)?.atMs ?? nowMs
  const until = ((): number => {
    switch (step.waits) {
      case 'none':
        return nowMs
      case 'old-ttl':
        return since('lower-ttl') + oldTtlSeconds * 1_000
      case 'low-ttl':
        return since('switch-mx') + LOW_TTL_SECONDS * 1_000
      case 'two-days':
        return since('switch-mx') + TWO_DAYS_MS
    }
  })()
  return until > nowMs ? until : null
}
