// The record, read: the newest first, page by page, for whom it is to be seen.
//
// Implementation notes: acts of a day are one partition, and four more say which acts are whose (records.ts). Whatever is asked for, there are
// some partitions in the order of time; they are read a page at a time and merged, and what else is asked of an act is looked at in the
// act. So a filter that few acts pass reads more than it answers, as far as SCANNED_MAX; then the page ends, and says where it goes on.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Table } from '#shared/storage/ports.ts'
import type { Extent } from '../rights/actor.ts'
import type { AuditFacts } from './entries.ts'
import {
  accountPk,
  actorName,
  actorPk,
  dateOf,
  dayPk,
  domainPk,
  keyOf,
  objectPk,
  placeOf,
  readAudit,
} from './records.ts'

export interface AuditLog {
  page(query: AuditQuery): Promise<AuditPage>
  /** Undefined: there is none, or none that may be seen. */
  get(id: string, extent: Extent): Promise<AuditFacts | undefined>
}

export type AuditQuery = {
  /** Whose acts and objects may be seen; of himself both what he did and what was done to his account. */
  readonly extent: Extent
  /** Id of an account, or a name. */
  readonly actor?: string | undefined
  readonly object?: string | undefined
  readonly domain?: string | undefined
  readonly operation?: string | undefined
  /** `ok`, or the code of a refusal; `unknown`: it has not ended. */
  readonly result?: string | undefined
  readonly sinceMs?: number | undefined
  /** In its place: not older than that. */
  readonly ageMs?: number | undefined
  readonly untilMs?: number | undefined
  /** `next` of the page before. */
  readonly after?: string | undefined
  readonly limit: number
}

export type AuditPage = {
  readonly items: readonly AuditFacts[]
  /** Undefined: this is the end. */
  readonly next: string | undefined
}

/** Acts looked at for one page. */
export const SCANNED_MAX = 2_000
/** Days looked into for one page. */
const DAYS_MAX = 100
const DAY_MS = 86_400_000
/** Behind every random part. */
const LAST = '~'

export function createAuditLog(deps: {
  /** The `directory` table. */
  readonly table: Pick<Table, 'query' | 'batchGet' | 'get'>
  readonly retentionMs: () => number
  readonly clock: Clock
}): AuditLog {
  const { table, clock } = deps

  /** The newest `limit` of a partition that are not behind `to`. */
  async function newest(pk: string, from: string, to: string, limit: number) {
    const { items } = await table.query({
      pk,
      sk: { from, to },
      reverse: true,
      limit,
      consistent: true,
    })
    return items.map(({ sk }) => sk)
  }

  /** Of several partitions, each once. */
  async function newestOf(pks: readonly string[], from: string, to: string, limit: number) {
    const all = await Promise.all(pks.map((pk) => newest(pk, from, to, limit)))
    return [...new Set(all.flat())].sort().reverse().slice(0, limit)
  }

  /** Day by day, the newest first; `to` is where to go on. */
  async function newestOfDays(from: string, to: string, limit: number) {
    let dayMs = Number(to.slice(0, 13))
    const firstMs = Number(from.slice(0, 13))
    for (let days = 0; days < DAYS_MAX; days++) {
      const found = await newest(dayPk(dateOf(dayMs)), from, to, limit)
      if (found.length > 0) return { found, goesOn: undefined }
      dayMs = Math.floor(dayMs / DAY_MS) * DAY_MS - 1
      if (dayMs < firstMs) return { found, goesOn: undefined }
    }
    return { found: [], goesOn: `${String(dayMs).padStart(13, '0')}#${LAST}` }
  }

  async function page(query: AuditQuery): Promise<AuditPage> {
    const { limit } = query
    const nowMs = clock.now()
    const sinceMs = query.ageMs === undefined ? (query.sinceMs ?? 0) : nowMs - query.ageMs
    const fromMs = Math.max(sinceMs, nowMs - deps.retentionMs())
    const from = String(Math.max(0, fromMs)).padStart(13, '0')
    const until = `${String(query.untilMs ?? nowMs).padStart(13, '0')}#${LAST}`
    let to = query.after ?? until
    const pks = partitionsOf(query)
    const found: AuditFacts[] = []
    for (let scanned = 0; scanned < SCANNED_MAX; ) {
      // One more: the one before is the first of it.
      const wanted = Math.min(limit + 1, SCANNED_MAX)
      const step =
        pks === undefined
          ? await newestOfDays(from, to, wanted)
          : { found: await newestOf(pks, from, to, wanted), goesOn: undefined }
      const sks = step.found.filter((sk) => sk < to)
      if (sks.length === 0) {
        if (step.goesOn !== undefined) return { items: found, next: step.goesOn }
        // The one day that ended just here.
        const before = pks === undefined && step.found.length > 0 ? dayBefore(to) : undefined
        if (before === undefined || before < from) return { items: found, next: undefined }
        to = before
        continue
      }
      const items = await table.batchGet(sks.map(keyOf), { consistent: true })
      for (const [i, sk] of sks.entries()) {
        const item = items[i]
        to = sk
        scanned++
        if (item === undefined) continue
        const facts = readAudit(item)
        if (isAskedFor(facts, query)) found.push(told(facts, query.extent))
        if (found.length === limit) return { items: found, next: to }
      }
    }
    return { items: found, next: to }
  }

  return {
    page,
    async get(id, extent) {
      const key = placeOf(id)
      const item = key && (await table.get(key, { consistent: true }))
      const facts = item && readAudit(item)
      return facts !== undefined && isSeen(facts, extent) ? told(facts, extent) : undefined
    },
  }
}

function dayBefore(sk: string): string {
  const startMs = Math.floor(Number(sk.slice(0, 13)) / DAY_MS) * DAY_MS
  return `${String(startMs - 1).padStart(13, '0')}#${LAST}`
}

/** The fewest that hold all; undefined: those of the days. */
function partitionsOf({
  extent,
  actor,
  object,
  domain,
}: AuditQuery): readonly string[] | undefined {
  if (object !== undefined) return [objectPk(object)]
  if (extent.kind === 'self') return [actorPk(extent.accountId), accountPk(extent.accountId)]
  if (domain !== undefined) return [domainPk(domain)]
  if (actor !== undefined) return [actorPk(actor)]
  return extent.kind === 'domains' ? extent.domains.map(domainPk) : undefined
}

function isAskedFor(facts: AuditFacts, query: AuditQuery): boolean {
  const { actor, object, domain, operation, result, extent } = query
  return (
    isSeen(facts, extent) &&
    (actor === undefined || actorName(facts.actor) === actor || facts.actor.name === actor) &&
    (object === undefined || facts.object === object || isAmongChanges(facts, object)) &&
    (domain === undefined || facts.domain === domain) &&
    (operation === undefined || facts.operation === operation) &&
    (result === undefined || (facts.result ?? 'unknown') === result)
  )
}

const isAmongChanges = ({ changes, moreChanges }: AuditFacts, object: string) =>
  moreChanges > 0 || changes.some(({ name }) => object.endsWith(`/${name}`))

function isSeen(facts: AuditFacts, extent: Extent): boolean {
  switch (extent.kind) {
    case 'all':
      return true
    case 'domains':
      return facts.domain !== null && extent.domains.some((domain) => domain === facts.domain)
    case 'self':
      return isOwn(facts, extent.accountId)
  }
}

/** Where an administrator was is nothing to those whose account he changed. */
function told(facts: AuditFacts, extent: Extent): AuditFacts {
  if (extent.kind !== 'self' || facts.actor.accountId === extent.accountId) return facts
  return { ...facts, from: { address: '', client: '' } }
}

const isOwn = ({ actor, accountId }: AuditFacts, own: AccountId) =>
  actor.accountId === own || accountId === own
