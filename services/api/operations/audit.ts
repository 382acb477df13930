// The record of what was done, for whom it is to be seen.

import { z } from '@hono/zod-openapi'
import type { AuditFacts } from '#shared/administration/audit/entries.ts'
import { SCANNED_MAX } from '#shared/administration/audit/reading.ts'
import { badValue } from '#shared/administration/refusals.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import type { Call } from '../call.ts'
import { answer, defineOperation, problem } from '../operation.ts'
import { domainText, LIST_ENTRIES, pageOf, pageQuery, time, timeOf } from '../schemas.ts'
import { ofList, ofSystem } from '../subjects.ts'

const change = z.object({
  what: z.string(),
  name: z.string(),
  before: z.record(z.string(), z.unknown()).nullable(),
  after: z.record(z.string(), z.unknown()).nullable(),
})

const entry = z
  .object({
    id: z.string(),
    at: time,
    actor: z.object({
      accountId: z.string().nullable(),
      name: z.string(),
      role: z.string(),
      via: z.string(),
      token: z.string().nullable(),
      steppedUp: z.boolean(),
    }),
    from: z.object({ address: z.string(), client: z.string() }),
    operation: z.string(),
    object: z.string(),
    accountId: z.string().nullable(),
    domain: z.string().nullable(),
    requestId: z.string().nullable(),
    result: z.string().nullable().openapi({
      description: '`ok`, or what refused it; null: it was begun, and nobody knows how it ended.',
    }),
    endedAt: time.nullable(),
    changes: z.array(change),
    moreChanges: z.number().int(),
  })
  .openapi('AuditEntry')

const entryOf = ({ atMs, endedMs, changes, ...facts }: AuditFacts) => ({
  ...facts,
  at: timeOf(atMs),
  endedAt: endedMs === null ? null : timeOf(endedMs),
  changes: changes.map(({ what, name, before, after }) => ({ what, name, before, after })),
})

const filters = {
  actor: z.string().max(320).optional().openapi({ description: 'Id of an account, or a name.' }),
  object: z.string().max(400).optional().openapi({ example: 'accounts/ann@example.org' }),
  domain: domainText.optional(),
  operation: z.string().max(100).optional(),
  result: z.string().max(100).optional().openapi({ description: '`unknown`: it has not ended.' }),
  since: z.string().max(50).optional().openapi({ example: '3d' }),
  until: z.string().max(50).optional(),
}

type Filters = { readonly [name in keyof typeof filters]?: string | undefined }

const UNITS: { readonly [unit: string]: number } = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** RFC 3339, or how long ago: 3d. */
function timeIn(text: string, nowMs: number): number | undefined {
  const [, count, unit = ''] = /^(\d{1,6})([mhdw])$/.exec(text) ?? []
  const factor = UNITS[unit]
  if (count !== undefined && factor !== undefined) return nowMs - Number(count) * factor
  const ms = Date.parse(text)
  return Number.isNaN(ms) || ms < 0 ? undefined : ms
}

function queryOf({ since, until, domain: name, ...rest }: Filters, { extent, nowMs }: Call) {
  const sinceMs = since === undefined ? undefined : timeIn(since, nowMs)
  const untilMs = until === undefined ? undefined : timeIn(until, nowMs)
  const allowed = 'a time as in RFC 3339, or how long ago, such as 3d'
  if (since !== undefined && sinceMs === undefined) {
    return badValue('since', since, { name: 'age', allowed })
  }
  if (until !== undefined && untilMs === undefined) {
    return badValue('after', until, { name: 'age', allowed })
  }
  const domain = name === undefined ? undefined : parseDomain(name)
  if (name !== undefined && domain === undefined) {
    return badValue('domain', name, { name: 'domain-name' })
  }
  return { kind: 'ok', value: { ...rest, domain, extent, sinceMs, untilMs } } as const
}

export const auditOperations = [
  defineOperation({
    id: 'audit.list',
    method: 'get',
    path: '/audit',
    summary: `Lists what was done, the newest first. A page looks at ${SCANNED_MAX} acts at most, and may be empty with more behind it.`,
    right: 'audit.read',
    subject: () => ofList,
    input: { query: z.strictObject({ ...pageQuery, ...filters }) },
    fields: { since: { in: 'query', name: 'since' }, after: { in: 'query', name: 'cursor' } },
    output: pageOf(entry),
    async run({ query: { limit = LIST_ENTRIES, cursor, ...asked } }, call) {
      const query = queryOf(asked, call)
      if (query.kind !== 'ok') return query
      const binding = [asked, call.extent]
      const after = cursor === undefined ? undefined : call.cursors.open(cursor, binding)
      if (cursor !== undefined && after === undefined) {
        return badValue('after', cursor, { name: 'cursor' })
      }
      const { items, next } = await call.administration.audit.page({ ...query.value, after, limit })
      const sealed = next === undefined ? null : call.cursors.seal(next, binding)
      return answer({ data: items.map(entryOf), next: sealed })
    },
  }),
  defineOperation({
    id: 'audit.get',
    method: 'get',
    path: '/audit/{entry}',
    summary: 'Tells of one act.',
    right: 'audit.read',
    subject: () => ofList,
    input: { params: z.object({ entry: z.string().max(100) }) },
    output: entry,
    async run({ params }, { administration, extent }) {
      const found = await administration.audit.get(params.entry, extent)
      return found === undefined ? noSuchEntry : answer(entryOf(found))
    },
  }),
  defineOperation({
    id: 'audit.verify',
    method: 'get',
    path: '/audit:verify',
    summary: 'Checks each sealed day against its seal: whether an act was removed or changed.',
    right: 'audit.verify',
    subject: () => ofSystem,
    output: z.object({
      days: z.array(
        z.object({
          date: z.string(),
          count: z.number().int(),
          state: z.enum(['whole', 'differs', 'missing', 'expiring']),
        }),
      ),
      head: z.object({ date: z.string(), digest: z.string() }).nullable(),
    }),
    async run(_, { administration }) {
      const { days, head } = await administration.auditSeals.verify()
      return answer({ days: [...days], head })
    },
  }),
]

const noSuchEntry = problem({
  status: 404,
  code: 'no-such-entry',
  detail: 'there is no such act in the record',
})
