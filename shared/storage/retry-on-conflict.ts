// Optimistic writing: a step reads, decides, and writes on the condition that what it read still holds. Where another writer was
// faster it is run again, for as long as the caller has patience.

import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { ConditionFailed, Conflict } from './ports.ts'

/** So many writers at the same items that it is better to come again in some seconds. */
export class Contended extends TemporaryFailure {
  override readonly name = 'Contended'
}

export type Patience =
  /** One attempt straight after the other: for what people change, who never meet more than a few times in a row. */
  | { readonly kind: 'attempts'; readonly max: number }
  /** For what machines change: of many writers each wins in the end, if they do not all come back at the same moment. */
  | {
      readonly kind: 'time'
      readonly clock: Clock
      /** Default: `Math.random`. */
      readonly random?: () => number
      /** The first attempt that fails after this long is the last. */
      readonly ms: number
      /** Longest pause after the nth attempt; what is waited is any part of it (full jitter). */
      readonly pauseMsMax: (attempt: number) => number
    }

/**
 * Repeats the step on ConditionFailed and Conflict; what cannot be solved by reading again it must handle itself. Rejects with
 * Contended, which says `contended`, when patience is at its end.
 */
export async function retryOnConflict<T>(
  patience: Patience,
  contended: string,
  step: () => Promise<T>,
): Promise<T> {
  const sinceMs = patience.kind === 'time' ? patience.clock.now() : 0
  for (let attempt = 1; ; attempt++) {
    try {
      return await step()
    } catch (error) {
      if (!(error instanceof ConditionFailed || error instanceof Conflict)) throw error
      const isLast =
        patience.kind === 'time'
          ? patience.clock.now() - sinceMs >= patience.ms
          : attempt >= patience.max
      if (isLast) throw new Contended(contended, { cause: error })
      if (patience.kind === 'time') await pause(patience, attempt)
    }
  }
}

function pause(
  { clock, random = Math.random, pauseMsMax }: Patience & { readonly kind: 'time' },
  attempt: number,
): Promise<void> {
  return clock.sleep(Math.ceil(random() * pauseMsMax(attempt)))
}
