// Policy over the API: the lists in force, what was and what would be decided.

import { parseQueueIdField } from '#shared/administration/fields.ts'
import type { PolicyAdministration, PolicyList, ReplayKind } from '#shared/administration/policy.ts'
import { badValue } from '#shared/administration/refusals.ts'
import type { DecisionRecord } from '#shared/contracts/decisions.ts'
import { CommandFailure } from '../failure.ts'
import { type ApiClient, msOf, path } from './client.ts'

type Recorded = { readonly records: readonly DecisionRecord[] }

type ExampleBody = Omit<ReplayKind['examples'][number], 'atMs'> & { readonly at: string }
type KindsBody = {
  readonly count: number
  readonly kinds: readonly (Omit<ReplayKind, 'examples'> & {
    readonly examples: readonly ExampleBody[]
  })[]
}

export function remotePolicy(client: ApiClient): PolicyAdministration {
  const query = { records: true }
  return {
    async lists() {
      type Lists = { readonly data: readonly PolicyList[] }
      return (await client.ask<Lists>({ method: 'GET', path: '/policy' })).data
    },
    async recorded(queueId) {
      // A trace that is none is told like one that is not there.
      if (parseQueueIdField(queueId).kind !== 'ok') {
        return badValue('queueId', queueId, { name: 'queue-id' })
      }
      const asked = { method: 'GET', path: path`/policy/decisions/${queueId}`, query } as const
      return { kind: 'explained', decisions: (await client.ask<Recorded>(asked)).records }
    },
    async explain({ dnsServers, ...body }) {
      if (dnsServers !== undefined) {
        throw new CommandFailure('a server asks its own name servers; --dns has no place', 'usage')
      }
      const asked = { method: 'POST', path: '/policy:explain', query, body } as const
      return { kind: 'explained', decisions: (await client.ask<Recorded>(asked)).records }
    },
    async replay({ decisionsMax: _, ...body }) {
      const { since, ...report } = await client.ask<{
        readonly since: string
        readonly decisions: number
        readonly changed: KindsBody
        readonly undecided: KindsBody
        readonly isCut: boolean
      }>({ method: 'POST', path: '/policy:rehearse', body })
      return {
        kind: 'replayed',
        sinceMs: msOf(since),
        decisions: report.decisions,
        changed: kindsOf(report.changed),
        undecided: kindsOf(report.undecided),
        isCut: report.isCut,
      }
    },
  }
}

const kindsOf = ({ count, kinds }: KindsBody) => ({
  count,
  kinds: kinds.map(({ examples, ...kind }) => ({
    ...kind,
    examples: examples.map(({ queueId, at, ...one }) => ({ queueId, atMs: msOf(at), ...one })),
  })),
})
