// Tells when name servers do not answer: strangers' mail is put off then, one recipient after the other, and no line of it says why.

import type { Log } from '#shared/runtime/log.ts'
import { type DnsAnswer, type DnsQuestion, decorateResolver, type Resolver } from './resolver.ts'

/** In a row, without an answer between them: some names fail for whoever asks, and strangers choose the names. */
export const DNS_FAILURES_TOLD = 20

export function createWatchedResolver(inner: Resolver, log: Log): Resolver {
  let failures = 0
  return decorateResolver(
    inner,
    async <T>(_question: DnsQuestion, ask: () => Promise<DnsAnswer<T>>) => {
      const answer = await ask()
      if (answer.kind === 'failure' && answer.isMalformed !== true) {
        failures += 1
        const { reason } = answer
        if (failures === DNS_FAILURES_TOLD) log.warn({ reason }, 'name servers do not answer')
      } else {
        if (failures >= DNS_FAILURES_TOLD) log.info({}, 'name servers answer again')
        failures = 0
      }
      return answer
    },
  )
}
