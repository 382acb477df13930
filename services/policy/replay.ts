// Recorded decisions made again by another policy, and which verdicts would be others. What the DNS answered then it answers now, and what
// hangs on that hour says what it said (recalled.ts); what was not asked then nobody knows, unless the DNS is asked.
//
// Implementation notes: tables and accounts are those of today. The clock shows the hour of the decision, so that what is remembered of
// DNS lists for a while is remembered as long as it was then.

import {
  type DecisionRecord,
  outcomeOf,
  type PolicyAsked,
  type Replayed,
} from '#shared/contracts/decisions.ts'
import type { DecidingPolicy, PolicyStage, PolicyVerdict } from '#shared/contracts/policy.ts'
import {
  createRecordingResolver,
  createReplayResolver,
  type RecordedDns,
  type RecordingResolver,
} from '#shared/dns/recording-resolver.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { recallSteps, type StageSteps } from './recalled.ts'
import type { PolicyLists } from './restriction.ts'

type PolicyRecord = DecisionRecord & PolicyAsked

/** What a policy is given that decides again. */
export interface ReplayedWorld {
  /** The hour of the decision. */
  readonly clock: Clock
  readonly openDns: () => RecordingResolver
  lists(inner: PolicyLists): PolicyLists
  /** For the next decision. */
  prepare(record: PolicyRecord): void
  readonly unknown: () => readonly string[]
}

/** `live`: for what the DNS was not asked then; undefined: it fails. */
export function createReplayedWorld(live: Resolver | undefined, clock: Clock): ReplayedWorld {
  const steps = recallSteps()
  const before = new BeforeRecipients()
  let nowMs = 0
  let recorded: RecordedDns = {}
  let asked: () => RecordedDns = () => ({})

  function unknownDns(): readonly string[] {
    if (live !== undefined) return []
    return Object.keys(asked()).filter((question) => !Object.hasOwn(recorded, question))
  }

  return {
    clock: { now: () => nowMs, sleep: (...given) => clock.sleep(...given) },
    openDns() {
      const { resolver, recorded: answers } = createRecordingResolver(
        createReplayResolver(recorded, live),
      )
      asked = answers
      return { resolver, recorded: answers }
    },
    lists: (inner) => steps.lists(inner),
    prepare(record) {
      nowMs = record.atMs
      const { lookups, trail } = before.completed(record)
      recorded = lookups
      asked = () => ({})
      steps.prepare(trail)
    },
    unknown: () => [...unknownDns(), ...steps.missing()],
  }
}

/** Stages before RCPT are asked with the first recipient: what they asked and said stands with him. */
class BeforeRecipients {
  #queueId: string | undefined
  #lookups: RecordedDns = {}
  #trail: StageSteps = []

  completed({ request, lookups, trail }: PolicyRecord) {
    if (request.queueId !== this.#queueId) {
      this.#queueId = request.queueId
      this.#lookups = {}
      this.#trail = []
    }
    this.#lookups = { ...this.#lookups, ...lookups }
    const early = this.#trail
    this.#trail = [...early, ...trail.filter(({ stage }) => earlyStages.has(stage))]
    return { lookups: this.#lookups, trail: [...early, ...trail] }
  }
}

const earlyStages: ReadonlySet<PolicyStage> = new Set(['connect', 'helo', 'sender'])

/** Records of one queue id one after the other, in their order. What filters said is not made again. */
export async function* replayDecisions(
  records: AsyncIterable<DecisionRecord>,
  policy: DecidingPolicy,
  world: ReplayedWorld,
): AsyncGenerator<Replayed> {
  for await (const record of records) {
    if (record.ask === 'content') continue
    world.prepare(record)
    const verdict = await ask(policy, record)
    const isChanged = outcomeOf(verdict) !== outcomeOf(record.verdict)
    yield { record, verdict, isChanged, unknown: world.unknown() }
  }
}

/** All stages again: another policy asks others. */
function ask(policy: DecidingPolicy, record: PolicyRecord): Promise<PolicyVerdict> {
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
function afresh<R extends Pick<PolicyRecord['request'], 'judged'>>({ judged, ...request }: R) {
  const spf = judged?.spf
  return { ...request, ...(spf && { judged: { passed: [], score: 0, spf } }) }
}
