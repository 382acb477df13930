// What was done and what became of mail over the API: the audit record, the trace, the quarantine.

import type { AuditFacts } from '#shared/administration/audit/entries.ts'
import type { AuditLog } from '#shared/administration/audit/reading.ts'
import type { AuditSeals } from '#shared/administration/audit/seals.ts'
import { parseQueueIdField } from '#shared/administration/fields.ts'
import type {
  QuarantineAdministration,
  QuarantineFacts,
  QuarantineShown,
} from '#shared/administration/quarantine/quarantine.ts'
import type { TraceAdministration } from '#shared/administration/trace/trace.ts'
import type { Warning } from '#shared/administration/warnings.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import {
  type ApiClient,
  msOf,
  msOrNull,
  type Page,
  path,
  RefusedByServer,
  ServerProblem,
} from './client.ts'

type AuditBody = Omit<AuditFacts, 'atMs' | 'endedMs'> & {
  readonly at: string
  readonly endedAt: string | null
}

const auditOf = ({ at, endedAt, ...facts }: AuditBody): AuditFacts => ({
  ...facts,
  atMs: msOf(at),
  endedMs: msOrNull(endedAt),
})

export function remoteAudit(client: ApiClient): AuditLog {
  return {
    async page({ extent: _, sinceMs, ageMs, untilMs, after, ...query }) {
      const since = sinceMs ?? (ageMs === undefined ? undefined : systemClock.now() - ageMs)
      const page: Page<AuditBody> = await client.ask({
        method: 'GET',
        path: '/audit',
        query: { ...query, cursor: after, since: timeOf(since), until: timeOf(untilMs) },
      })
      return { items: page.data.map(auditOf), next: page.next ?? undefined }
    },
    async get(id) {
      try {
        return auditOf(await client.ask({ method: 'GET', path: path`/audit/${id}` }))
      } catch (error) {
        if (error instanceof ServerProblem && error.code === 'no-such-entry') return undefined
        throw error
      }
    },
  }
}

const timeOf = (ms: number | undefined) =>
  ms === undefined ? undefined : new Date(Math.max(0, ms)).toISOString()

export function remoteAuditSeals(client: ApiClient): AuditSeals {
  return {
    // The server does it by itself.
    seal: async () => 0,
    verify: () => client.ask({ method: 'GET', path: '/audit:verify' }),
  }
}

export function remoteTrace(client: ApiClient): TraceAdministration {
  return {
    find: ({ within: _, ...query }) => client.ask({ method: 'GET', path: '/trace:find', query }),
    subjectOf: async () => undefined,
  }
}

type QuarantinedBody = Omit<QuarantineFacts, 'arrivedMs' | 'endsMs'> & {
  readonly arrivedAt: string
  readonly endsAt: string | null
}

const quarantinedOf = ({ arrivedAt, endsAt, ...facts }: QuarantinedBody): QuarantineFacts => {
  const { queueId, bytes, sender, remoteAddress, login, recipients, reason, from, subject } = facts
  return {
    ...{ queueId, arrivedMs: msOf(arrivedAt), endsMs: msOrNull(endsAt), bytes, sender },
    ...{ remoteAddress, login, recipients, reason, from, subject },
  }
}

export function remoteQuarantine(client: ApiClient): QuarantineAdministration {
  const one = (queueId: string) => path`/quarantine/${checkedId(queueId)}`
  return {
    async page({ after, limit }) {
      const page: Page<QuarantinedBody> & { readonly looked: number } = await client.ask({
        method: 'GET',
        path: '/quarantine',
        query: { cursor: after, limit },
      })
      const { data, next, looked } = page
      return { kind: 'page', items: data.map(quarantinedOf), next: next ?? undefined, looked }
    },
    async show(queueId) {
      const { reasons, preview, ...message } = await client.ask<
        QuarantinedBody & {
          readonly reasons: QuarantineShown['reasons']
          readonly preview: Omit<QuarantineShown['preview'], 'from' | 'subject'>
        }
      >({ method: 'GET', path: one(queueId) })
      const { from, subject } = message
      return {
        kind: 'quarantined',
        message: quarantinedOf(message),
        reasons,
        preview: { from, subject, ...preview },
      }
    },
    async release({ queueId, recipients, allowSender }) {
      const done = await client.ask<{
        readonly queueId: QueueId
        readonly recipients: readonly string[]
        readonly warnings: readonly Warning[]
      }>({
        method: 'POST',
        path: `${one(queueId)}:release`,
        body: { recipients, notSpam: allowSender },
      })
      return { kind: 'released', ...done }
    },
    async remove(text) {
      await client.ask({ method: 'DELETE', path: one(text) })
      return { kind: 'removed', queueId: checkedId(text) }
    },
    forget: async () => 0,
    subjectOf: async () => undefined,
  }
}

function checkedId(text: string): QueueId {
  const parsed = parseQueueIdField(text)
  if (parsed.kind !== 'ok') throw new RefusedByServer(parsed)
  return parsed.value
}
