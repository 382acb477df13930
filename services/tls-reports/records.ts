// What is kept of a day's sessions for reports to the domains that mail went to (RFC 8460 §4): one item for each of its kinds, with a count,
// and none where a domain wants no reports. Read once the day is over.
//
// In the counters table: `TLSRPT#<day>#<shard>` names the domains of a day, `TLSRPT#<day>#<domain>#<shard>` has the kinds of one. Which shard
// a session is counted in is left to chance, as half the mail of a day may go to one domain.

import { createHash } from 'node:crypto'
import type { TlsOutcome, TlsReportSink } from '#shared/contracts/tls-report.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { ConditionFailed, type Item, type Table } from '#shared/storage/ports.ts'
import type { Destinations } from './destinations.ts'

/** Sessions of one kind. */
export type CountedSessions = TlsOutcome & { readonly count: number }

export interface TlsReportRecords extends TlsReportSink {
  /** Resolves when all that was noted is kept. */
  settle(): Promise<void>
  /** Domains that sessions of this day were with; `day` as `2026-11-20`, in UTC. */
  domains(day: string): AsyncIterable<string>
  /** REPORT_KINDS_MAX of them at most. */
  sessions(day: string, domain: string): Promise<readonly CountedSessions[]>
  /** False where somebody else has it already: a report goes to a destination once. */
  claim(day: string, domain: string, destination: string): Promise<boolean>
  /** It was not sent after all. */
  release(day: string, domain: string, destination: string): Promise<void>
}

export const REPORT_KINDS_MAX = 1_000
const REASON_CHARACTERS_MAX = 200
const SHARDS = '0123456789abcdef'
const DAY_SECONDS = 86_400
/** Whose report is not sent by then is not sent. */
const KEPT_DAYS = 3
/** Domains of a day that a process remembers to have named. */
const NAMED_MAX = 10_000

export const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10)

export function createTlsReportRecords(deps: {
  readonly counters: Table
  readonly destinations: Destinations
  readonly clock: Pick<Clock, 'now'>
  readonly random?: () => number
  readonly log: Log
}): TlsReportRecords {
  const { counters, destinations, clock, random = Math.random, log } = deps
  const named = new Set<string>()
  const noting = new Set<Promise<void>>()

  const ttl = () => Math.ceil(clock.now() / 1_000) + KEPT_DAYS * DAY_SECONDS

  async function count(outcome: TlsOutcome): Promise<void> {
    const { domain } = outcome.policy
    try {
      if ((await destinations.of(domain)).length === 0) return
      const day = dayOf(clock.now())
      await nameDomain(day, domain)
      const kind = JSON.stringify(kindOf(outcome))
      const id = hashOf(kind).slice(0, 32)
      const shard = SHARDS.charAt(Math.floor(random() * SHARDS.length))
      await counters.write({
        update: { pk: sessionsPk(day, domain, shard), sk: `KIND#${id}` },
        changes: { add: { count: 1 }, setIfAbsent: { kind, ttl: ttl() } },
      })
    } catch (error) {
      log.warn({ domain, error }, 'session not counted for a TLS report')
    }
  }

  async function nameDomain(day: string, domain: string): Promise<void> {
    const key = { pk: domainsPk(day, hashOf(domain).charAt(0)), sk: domain }
    const name = `${key.pk} ${key.sk}`
    if (named.has(name)) return
    if (named.size >= NAMED_MAX) named.clear()
    await counters.write({ put: { ...key, ttl: ttl() } })
    named.add(name)
  }

  async function* itemsOf(pk: string): AsyncGenerator<Item> {
    let after: string | undefined
    do {
      const page = await counters.query({ pk, ...(after !== undefined && { after }) })
      yield* page.items
      after = page.next
    } while (after !== undefined)
  }

  return {
    note(outcome) {
      const counting = count(outcome).finally(() => noting.delete(counting))
      noting.add(counting)
    },

    async settle() {
      await Promise.all(noting)
    },

    async *domains(day) {
      for (const shard of SHARDS) {
        for await (const { sk } of itemsOf(domainsPk(day, shard))) yield sk
      }
    },

    async sessions(day, domain) {
      const found = new Map<string, CountedSessions>()
      for (const shard of SHARDS) {
        for await (const { sk, kind, count } of itemsOf(sessionsPk(day, domain, shard))) {
          const before = found.get(sk)
          if (before === undefined && found.size >= REPORT_KINDS_MAX) continue
          const outcome: TlsOutcome = before ?? JSON.parse(String(kind))
          found.set(sk, { ...outcome, count: Number(count) + (before?.count ?? 0) })
        }
      }
      return [...found.values()]
    },

    async claim(day, domain, destination) {
      try {
        const put = { ...claimKey(day, domain, destination), ttl: ttl() }
        await counters.write({ put, if: { absent: 'pk' } })
        return true
      } catch (error) {
        if (error instanceof ConditionFailed) return false
        throw error
      }
    },

    async release(day, domain, destination) {
      await counters.write({ delete: claimKey(day, domain, destination) })
    },
  }
}

/** Of what went well only the policy is told, and of a reason its beginning. */
function kindOf(outcome: TlsOutcome): TlsOutcome {
  if (outcome.result === 'success') {
    return { ...outcome, host: '', address: '', localAddress: '', reason: '' }
  }
  return { ...outcome, reason: outcome.reason.slice(0, REASON_CHARACTERS_MAX) }
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')
const domainsPk = (day: string, shard: string) => `TLSRPT#${day}#${shard}`
const sessionsPk = (day: string, domain: string, shard: string) =>
  `TLSRPT#${day}#${domain}#${shard}`
const claimKey = (day: string, domain: string, destination: string) => ({
  pk: `TLSRPT#SENT#${day}#${domain}`,
  sk: hashOf(destination),
})
