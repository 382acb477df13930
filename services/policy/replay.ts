// Recorded decisions made again by another policy, and which verdicts would be others. What the DNS answered then it answers now; what it
// was not asked then nobody knows, unless it is asked.

import type { DecidingPolicy, PolicyVerdict } from '#shared/contracts/policy.ts'
import {
  createRecordingResolver,
  createReplayResolver,
  type RecordedDns,
  type RecordingResolver,
} from '#shared/dns/recording-resolver.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import type { DecisionRecord } from './records/decision-record.ts'

export type Replayed = {
  readonly record: DecisionRecord
  readonly verdict: PolicyVerdict
  readonly isChanged: boolean
  /** What was asked now and not then, as `MX example.net`; nobody answered it. */
  readonly unknown: readonly string[]
}

/** What the lookups of a decision are answered from. */
export type ReplayedDns = {
  readonly open: () => RecordingResolver
  /** For the next decision. */
  prepare(recorded: RecordedDns): void
  readonly unknown: () => readonly string[]
}

/** `live`: for what was not asked then; undefined: it fails. */
export function replayDns(live: Resolver | undefined): ReplayedDns {
  let recorded: RecordedDns = {}
  let asked: () => RecordedDns = () => ({})
  return {
    open() {
      const replaying = createReplayResolver(recorded, live)
      const { resolver, recorded: answers } = createRecordingResolver(replaying)
      asked = answers
      return { resolver, recorded: answers }
    },
    prepare(lookups) {
      recorded = lookups
    },
    unknown: () =>
      live === undefined
        ? Object.keys(asked()).filter((question) => !Object.hasOwn(recorded, question))
        : [],
  }
}

/** Records of one queue id one after the other, in their order. */
export async function* replayDecisions(
  records: AsyncIterable<DecisionRecord>,
  policy: DecidingPolicy,
  dns: ReplayedDns,
): AsyncGenerator<Replayed> {
  let queueId: string | undefined
  let lookups: RecordedDns = {}
  for await (const record of records) {
    // What early stages asked stands with the first recipient.
    if (record.request.queueId !== queueId) lookups = {}
    queueId = record.request.queueId
    lookups = { ...lookups, ...record.lookups }
    dns.prepare(lookups)
    const verdict = await ask(policy, record)
    const isChanged = outcomeOf(verdict) !== outcomeOf(record.verdict)
    yield { record, verdict, isChanged, unknown: dns.unknown() }
  }
}

/** All stages again: another policy asks others. */
function ask(policy: DecidingPolicy, record: DecisionRecord): Promise<PolicyVerdict> {
  switch (record.ask) {
    case 'early':
      return policy.early(afresh(record.request))
    case 'recipient':
      return policy.recipient(afresh(record.request))
    case 'data':
      return policy.data(record.request)
    case 'message':
      return policy.message(record.request)
  }
}

/** What was found about SPF holds. */
function afresh<R extends DecisionRecord['request']>({ judged, ...request }: R) {
  const spf = judged?.spf
  return { ...request, ...(spf && { judged: { passed: [], score: 0, spf } }) }
}

/** What counts: whether it is taken, and what the client is told. */
export function outcomeOf(verdict: PolicyVerdict): string {
  switch (verdict.kind) {
    case 'reject':
      return `${verdict.reply.code} ${verdict.reply.status} (${verdict.restriction})`
    case 'discard':
      return `discard (${verdict.restriction})`
    default: {
      const { hold, redirect, filter } = verdict
      const besides = [
        hold !== undefined && 'held',
        redirect !== undefined && `redirected to ${redirect}`,
        filter !== undefined && `filtered by ${filter}`,
      ].filter(Boolean)
      return besides.length === 0 ? 'taken' : `taken, ${besides.join(', ')}`
    }
  }
}
