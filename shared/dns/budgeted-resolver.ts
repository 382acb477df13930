// A resolver for one question of a listener: however many names it leads to, a client waits so long for DNS and no longer.

import type { Clock } from '#shared/runtime/clock.ts'
import { type DnsAnswer, type DnsQuestion, decorateResolver, type Resolver } from './resolver.ts'

export type DnsBudget = {
  /** While answers are waited for, all together; what else takes time does not count. */
  readonly timeLimitMs: number
  readonly questionsMax: number
}

/** Enough for every list that one message is looked up in, SPF (RFC 7208 §4.6.4) and the servers of a domain in an access table. */
export const DNS_QUESTIONS_MAX = 300

/** Servers of many an address are dead, and what it is called seldom decides: there must be time left for what does. */
const PTR_PART = 4

export const tooLate: DnsAnswer<never> = {
  kind: 'failure',
  reason: 'DNS took too long for this question',
}
export const tooMany: DnsAnswer<never> = {
  kind: 'failure',
  reason: 'too many DNS look-ups for this question',
}

/** Beyond its budget every answer is a failure, at once; who waits then waits no longer. */
export function createBudgetedResolver(
  inner: Resolver,
  { clock, budget }: { readonly clock: Clock; readonly budget: DnsBudget },
): Resolver {
  let questions = 0
  let spentMs = 0
  let waiting = 0
  let sinceMs = 0

  const leftMs = () => budget.timeLimitMs - spentMs - (waiting > 0 ? clock.now() - sinceMs : 0)

  async function askWithin<T>({ type }: DnsQuestion, ask: () => Promise<DnsAnswer<T>>) {
    const allLeftMs = leftMs()
    if (allLeftMs <= 0) return tooLate
    const allowedMs =
      type === 'PTR' ? Math.min(allLeftMs, budget.timeLimitMs / PTR_PART) : allLeftMs
    if (questions >= budget.questionsMax) return tooMany
    questions += 1
    if (waiting === 0) sinceMs = clock.now()
    waiting += 1
    const answered = new AbortController()
    try {
      const timeout = clock.sleep(allowedMs, answered.signal).then(() => tooLate)
      return await Promise.race([ask(), timeout])
    } finally {
      answered.abort()
      waiting -= 1
      if (waiting === 0) spentMs += clock.now() - sinceMs
    }
  }

  return decorateResolver(inner, askWithin)
}
