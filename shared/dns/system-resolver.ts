// The Resolver port on node:dns, which asks the name servers of the machine, or those it is told. What does not fit is a failure and
// never cut: what was cut off would seem not to be there. Aliases (CNAME) are followed by the name servers; what they lead to is bounded
// with the answer.
//
// Implementation notes: c-ares remembers how fast a name server was and waits no more than some times as long, whatever timeout it is
// given: behind a name server next door that mostly answers out of its memory, names whose own servers take a second are never found.
// So each question has a channel of its own, without a memory, and with it a port that nobody can guess (RFC 5452 §9.2).

import { Resolver as DnsResolver } from 'node:dns/promises'
import { hostNameOf, isAskable } from './name.ts'
import type { DnsAnswer, MxRecord, Resolver } from './resolver.ts'
import { reverseName } from './reverse-name.ts'

export const DNS_TRY_TIMEOUT_MS = 5_000
export const DNS_TRIES = 3
/** Questions under way with a channel, and a socket, each; those beyond share one, so that slow name servers do not take all sockets. */
export const DNS_CHANNELS_MAX = 200
export const DNS_RECORDS_MAX = 256
/** Of all strings of an answer together. */
export const DNS_ANSWER_BYTES_MAX = 32 * 1024

export type SystemResolverOptions = {
  /** `192.0.2.53`, `192.0.2.53:5353`, `[2001:db8::53]:53`; none: those of the machine. */
  readonly servers?: readonly string[]
  readonly timeoutMs?: number
  readonly tries?: number
}

export function createSystemResolver({
  servers = [],
  timeoutMs = DNS_TRY_TIMEOUT_MS,
  tries = DNS_TRIES,
}: SystemResolverOptions = {}): Resolver {
  function openChannel(): DnsResolver {
    const channel = new DnsResolver({ timeout: timeoutMs, maxTimeout: timeoutMs, tries })
    if (servers.length > 0) channel.setServers(servers)
    return channel
  }

  const shared = openChannel()
  let channels = 0

  async function answerTo<T>(name: string, ask: Ask<T>): Promise<DnsAnswer<T>> {
    // Whatever this is, nobody has it; node:dns would ask for something else.
    if (!isAskable(name)) return { kind: 'nxdomain' }
    if (channels >= DNS_CHANNELS_MAX) return answerOf(() => ask(shared))
    channels += 1
    try {
      return await answerOf(() => ask(openChannel()))
    } finally {
      channels -= 1
    }
  }

  async function addresses(
    name: string,
    loopback: string,
    ask: Ask<{ readonly address: string; readonly ttl: number }>,
  ): Promise<DnsAnswer<string>> {
    // RFC 6761 §6.3: localhost and what is below it is not a question for name servers.
    if (`.${name.toLowerCase()}`.endsWith('.localhost'))
      return { kind: 'found', records: [loopback] }
    const answer = await answerTo(name, ask)
    if (answer.kind !== 'found') return answer
    const ttlSeconds = Math.min(...answer.records.map(({ ttl }) => ttl))
    return bounded({ ...answer, ttlSeconds }, ({ address }) => address)
  }

  return {
    resolveMx: async (name) =>
      bounded(await answerTo(name, (dns) => dns.resolveMx(name)), mxRecord),
    resolve4: (name) => addresses(name, '127.0.0.1', (dns) => dns.resolve4(name, { ttl: true })),
    resolve6: (name) => addresses(name, '::1', (dns) => dns.resolve6(name, { ttl: true })),
    resolveTxt: async (name) =>
      bounded(await answerTo(name, (dns) => dns.resolveTxt(name)), (strings) => strings.join('')),
    resolveNs: async (name) =>
      bounded(await answerTo(name, (dns) => dns.resolveNs(name)), hostNameOf),
    async resolvePtr(address) {
      const name = reverseName(address)
      if (name === undefined) return { kind: 'nxdomain' }
      if (LOOPBACK.test(name)) return { kind: 'found', records: ['localhost'] }
      return bounded(await answerTo(name, (dns) => dns.resolvePtr(name)), hostNameOf)
    },
  }
}

const LOOPBACK = /^(?:1\.0\.0\.127\.in-addr|1\.(?:0\.){31}ip6)\.arpa$/

function mxRecord(record: { exchange: string; priority: number }): MxRecord | undefined {
  const isNull = record.exchange === '' || record.exchange === '.'
  const exchange = isNull ? '' : hostNameOf(record.exchange)
  return exchange === undefined ? undefined : { exchange, preference: record.priority }
}

/** Only records that can be used. */
function bounded<T, U extends string | MxRecord>(
  answer: DnsAnswer<T>,
  read: (record: T) => U | undefined,
): DnsAnswer<U> {
  if (answer.kind !== 'found') return answer
  if (answer.records.length > DNS_RECORDS_MAX) return malformed('more records than can be used')
  const records = answer.records.map(read).filter((record) => record !== undefined)
  if (records.length === 0) return malformed('no record that can be used')
  const bytes = records.reduce((sum, record) => sum + bytesOf(record), 0)
  return bytes > DNS_ANSWER_BYTES_MAX
    ? malformed('a longer answer than can be used')
    : { ...answer, records }
}

const bytesOf = (record: string | MxRecord) =>
  typeof record === 'string' ? record.length : record.exchange.length

const malformed = (reason: string): DnsAnswer<never> => ({
  kind: 'failure',
  reason,
  isMalformed: true,
})

type Ask<T> = (dns: DnsResolver) => Promise<readonly T[]>

export async function answerOf<T>(ask: () => Promise<readonly T[]>): Promise<DnsAnswer<T>> {
  try {
    const records = await ask()
    // An alias that leads to no such record.
    return records.length === 0 ? { kind: 'none' } : { kind: 'found', records }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    if (code === 'ENODATA') return { kind: 'none' }
    if (code === 'ENOTFOUND' || code === 'EBADNAME') return { kind: 'nxdomain' }
    return { kind: 'failure', reason: reasons.get(code) ?? code }
  }
}

/** In words for who reads them in the queue. */
const reasons = new Map([
  ['ESERVFAIL', 'the name server failed (SERVFAIL)'],
  ['EREFUSED', 'the name server refused (REFUSED)'],
  ['ENOTIMP', 'the name server does not answer such questions (NOTIMP)'],
  ['EFORMERR', 'the name server did not understand the question (FORMERR)'],
  ['EBADRESP', 'the name server answered what cannot be read'],
  ['ETIMEOUT', 'no name server answered in time'],
  ['ECONNREFUSED', 'no name server to be reached (connection refused)'],
])
