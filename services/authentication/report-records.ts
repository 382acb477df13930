// What is kept of a day's mail for reports to the domains that it was in the name of (RFC 9990): one item for each of its kinds, with a
// count, none for a message. Read once the day is over.
//
// In the counters table: `DMARC#<day>#<shard>` names the domains of a day, `DMARC#<day>#<domain>#<shard>` has the rows of one. Shards, as
// half the mail of a day may be in the name of one domain.

import { createHash } from 'node:crypto'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { ConditionFailed, type Item, type Table } from '#shared/storage/ports.ts'
import type { Authenticated } from './authentication.ts'
import type { DmarcRecord } from './dmarc.ts'

/** One kind of message, in the words of the report. */
export type ReportRow = {
  readonly sourceIp: string
  readonly disposition: 'none' | 'pass' | 'quarantine' | 'reject'
  readonly dkim: 'pass' | 'fail'
  readonly spf: 'pass' | 'fail'
  readonly override?: string
  readonly headerFrom: string
  /** '' for the null sender. */
  readonly envelopeFrom: string
  readonly dkimResults: readonly {
    readonly domain: string
    readonly selector: string
    readonly result: string
  }[]
  readonly spfResult: { readonly domain: string; readonly result: string }
}

export type CountedRow = ReportRow & { readonly count: number }

/** One domain on one day. */
export type ReportSubject = { readonly domain: string; readonly record: DmarcRecord }

export interface ReportRecords {
  /** Resolves when it is kept; never rejects. */
  note(authenticated: Authenticated): Promise<void>
  /** `day` as `2026-11-20`, in UTC. */
  subjects(day: string): AsyncIterable<ReportSubject>
  /** REPORT_ROWS_MAX of them at most. */
  rows(day: string, domain: string): Promise<readonly CountedRow[]>
  /** False where somebody else has it already: of a domain and a day one report is sent, or, where a crash comes between, none. */
  claim(day: string, domain: string): Promise<boolean>
}

export const REPORT_ROWS_MAX = 10_000
/** RFC 9990 §3.1.1.8 */
export const REPORT_DKIM_RESULTS_MAX = 100
const SHARDS = '0123456789abcdef'
const DAY_MS = 86_400_000
/** Whose report is not sent by then is not sent. */
const KEPT_DAYS = 3
/** Domains of a day that a process remembers to have named. */
const NAMED_MAX = 10_000

export const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10)

export function createReportRecords(deps: {
  readonly counters: Table
  readonly clock: Clock
  readonly log: Log
}): ReportRecords {
  const { counters, clock, log } = deps
  const named = new Set<string>()

  async function note({ queueId, ...authenticated }: Authenticated): Promise<void> {
    const { dmarc } = authenticated.findings
    if (!('record' in dmarc) || destinationsIn(dmarc.record.text).length === 0) return
    const day = dayOf(clock.now())
    const { domain } = dmarc.record
    const row = JSON.stringify(rowOf(authenticated))
    const id = createHash('sha256').update(row).digest('hex')
    const ttl = Math.ceil(clock.now() / 1_000) + (KEPT_DAYS * DAY_MS) / 1_000
    try {
      await nameDomain(day, dmarc.record, ttl)
      await counters.write({
        update: { pk: rowsPk(day, domain, id.charAt(0)), sk: `ROW#${id.slice(0, 32)}` },
        changes: { add: { count: 1 }, setIfAbsent: { row, ttl } },
      })
    } catch (error) {
      log.warn({ queueId, error }, 'message not counted for a DMARC report')
    }
  }

  async function nameDomain(day: string, record: DmarcRecord, ttl: number): Promise<void> {
    const key = { pk: domainsPk(day, shardOf(record.domain)), sk: record.domain }
    const name = `${key.pk} ${key.sk}`
    if (named.has(name)) return
    if (named.size >= NAMED_MAX) named.clear()
    const { np = null, ...rest } = record
    await counters.write({ put: { ...key, record: { ...rest, np }, ttl } })
    named.add(name)
  }

  async function* subjects(day: string): AsyncGenerator<ReportSubject> {
    for (const shard of SHARDS) {
      for await (const { sk, record } of itemsOf(domainsPk(day, shard))) {
        yield { domain: sk, record: recordIn(record) }
      }
    }
  }

  async function rows(day: string, domain: string): Promise<readonly CountedRow[]> {
    const found: CountedRow[] = []
    for (const shard of SHARDS) {
      for await (const { row, count } of itemsOf(rowsPk(day, domain, shard))) {
        if (found.length >= REPORT_ROWS_MAX) return found
        found.push({ ...JSON.parse(String(row)), count: Number(count) })
      }
    }
    return found
  }

  async function* itemsOf(pk: string): AsyncGenerator<Item> {
    let after: string | undefined
    do {
      const page = await counters.query({ pk, ...(after !== undefined && { after }) })
      yield* page.items
      after = page.next
    } while (after !== undefined)
  }

  async function claim(day: string, domain: string): Promise<boolean> {
    const ttl = Math.ceil(clock.now() / 1_000) + (KEPT_DAYS * DAY_MS) / 1_000
    try {
      const put = { pk: `DMARC#SENT#${day}`, sk: domain, ttl }
      await counters.write({ put, if: { absent: 'pk' } })
      return true
    } catch (error) {
      if (error instanceof ConditionFailed) return false
      throw error
    }
  }

  return { note, subjects, rows, claim }
}

function rowOf({
  remoteAddress,
  sender,
  findings,
  judgement,
}: Omit<Authenticated, 'queueId'>): ReportRow {
  const { dmarc, spf, dkim } = findings
  const isPass = dmarc.result === 'pass'
  const { action, override } = judgement
  return {
    sourceIp: remoteAddress,
    disposition: isPass ? 'pass' : action === 'tag' ? 'none' : action,
    dkim: 'alignedDkim' in dmarc && dmarc.alignedDkim ? 'pass' : 'fail',
    spf: 'alignedSpf' in dmarc && dmarc.alignedSpf ? 'pass' : 'fail',
    ...(override !== undefined && { override }),
    headerFrom: 'from' in dmarc ? dmarc.from : '',
    envelopeFrom: sender.slice(sender.lastIndexOf('@') + 1).toLowerCase(),
    dkimResults: dkim
      .slice(0, REPORT_DKIM_RESULTS_MAX)
      .map(({ domain, selector, result }) => ({ domain, selector, result })),
    spfResult: { domain: spf.domain, result: spf.result },
  }
}

function recordIn(stored: Item[string] | undefined): DmarcRecord {
  const { np, ...rest } = Object(stored)
  return { ...rest, np: np ?? undefined }
}

const domainsPk = (day: string, shard: string) => `DMARC#${day}#${shard}`
const rowsPk = (day: string, domain: string, shard: string) => `DMARC#${day}#${domain}#${shard}`
const shardOf = (domain: string) => createHash('sha256').update(domain).digest('hex').charAt(0)

/** Who gets reports: `rua`, of what it names only mail (RFC 9990 §3.5); a size behind it is of the version before. */
export function destinationsIn(record: string): readonly string[] {
  const tag = record.split(';').find((one) => /^\s*rua\s*=/.test(one)) ?? ''
  return tag
    .slice(tag.indexOf('=') + 1)
    .split(',')
    .map((uri) => uri.trim().replace(/![0-9]{1,10}[kmgt]?$/i, ''))
    .filter((uri) => /^mailto:/i.test(uri))
    .map((uri) => decoded(uri.slice('mailto:'.length)))
    .filter((address) => address.includes('@'))
    .slice(0, DESTINATIONS_MAX)
}

/** RFC 9990 §3.5.1: two at least. */
const DESTINATIONS_MAX = 5

function decoded(text: string): string {
  try {
    const [address = ''] = text.split('?')
    return decodeURIComponent(address)
  } catch {
    return ''
  }
}
