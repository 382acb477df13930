// Writes records of decisions behind the answer to the client, several at once: nobody waits for them, and a crash may lose the last.

import type { Asked, DecisionRecord } from '#shared/contracts/decisions.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { WordName } from '#shared/settings/restrictions/words.ts'
import type { Table } from '#shared/storage/ports.ts'
import type { Step } from '../evaluate.ts'
import { decisionItem } from './decision-record.ts'
import { FloodSampling } from './flood-sampling.ts'

/** What policy tells of a decision. */
export type Decided = Omit<DecisionRecord, 'atMs' | 'weight' | 'trail'> &
  Asked & {
    readonly trail: readonly {
      readonly stage: DecisionRecord['trail'][number]['stage']
      readonly steps: readonly Step[]
    }[]
  }

export interface DecisionRecorder {
  note(decided: Decided): void
  /** All that was noted is written, or given up. For whoever is frozen after its answer. */
  settle(): Promise<void>
}

/** Records that wait to be written; where the store is slower than mail comes, the newest are left out. */
export const RECORDS_WAITING_MAX = 1_000
/** Items written at once, as DynamoDB takes them. */
const RECORDS_WRITTEN_AT_ONCE = 25
/** How long the first waits for others: a write of its own costs more than its place in one. */
const GATHERED_MS = 200
/** Recipients of a message that are kept. */
const RECIPIENTS_KEPT_MAX = 20

export const noRecorder: DecisionRecorder = { note() {}, async settle() {} }

export function createDecisionRecorder(deps: {
  readonly counters: Pick<Table, 'batchWrite'>
  readonly clock: Clock
  readonly log: Log
  readonly options: { readonly policyRecordLifetime: number }
}): DecisionRecorder {
  const { counters, clock, log, options } = deps
  const { policyRecordLifetime: lifeMs } = options
  if (lifeMs === 0) return noRecorder
  const flood = new FloodSampling(clock)
  const waiting: { readonly record: DecisionRecord; readonly n: number }[] = []
  let noted = 0
  let leftOut = 0
  let writing: Promise<void> | undefined
  /** Nobody waits for more to write. */
  let enough = new AbortController()

  async function writeAll(): Promise<void> {
    await clock.sleep(GATHERED_MS, enough.signal)
    while (waiting.length > 0) {
      const records = waiting.splice(0, RECORDS_WRITTEN_AT_ONCE)
      // Encoding takes longer than most decisions: the answers go out first.
      await new Promise((resolve) => setImmediate(resolve))
      const items = records.flatMap(({ record, n }) => decisionItem(record, n, lifeMs) ?? [])
      leftOut += records.length - items.length
      try {
        if (items.length > 0) await counters.batchWrite(items.map((put) => ({ put })))
      } catch (error) {
        leftOut += items.length
        log.warn({ error }, 'decisions not recorded')
      }
    }
    if (leftOut > 0) log.warn({ count: leftOut }, 'decisions left out of the record')
    leftOut = 0
    writing = undefined
    enough = new AbortController()
  }

  return {
    note(decided) {
      if (saysNothing(decided)) return
      const isRefused = decided.verdict.kind === 'reject'
      const weight = isRefused ? flood.weigh(decided.request.origin.remoteAddress) : 1
      if (weight === undefined) return
      noted = (noted + 1) % 1_000_000
      const record = recordOf(decided, clock.now(), weight)
      if (waiting.length < RECORDS_WAITING_MAX) waiting.push({ record, n: noted })
      else leftOut += 1
      writing ??= writeAll()
      if (waiting.length >= RECORDS_WRITTEN_AT_ONCE) enough.abort()
    },
    async settle() {
      enough.abort()
      await writing
    },
  }
}

/** A message about which nobody had anything to say, a recipient to whom one of our own sends, whom nobody had anything against. */
function saysNothing({ ask, trail, content = [], lookups, verdict }: Decided): boolean {
  if (verdict.kind !== 'permit') return false
  const isSilent = content.every(({ verdict, found }) => verdict === 'accept' && !found)
  if (!isSilent || Object.keys(lookups).length > 0) return false
  let isOwn = false
  let isPermitted = false
  for (const { steps } of trail) {
    for (const { restriction, decision } of steps) {
      if (decision.kind !== 'dunno' && decision.kind !== 'permit') return false
      isPermitted ||= decision.kind === 'permit'
      isOwn ||= decision.kind === 'permit' && ofOurOwn.has(restriction)
    }
  }
  return ask === 'recipient' ? isOwn : !isPermitted
}

/** Words that permit whoever sends from here. */
const ofOurOwn: ReadonlySet<string> = new Set<WordName>([
  'permit_mynetworks',
  'permit_inet_interfaces',
  'permit_sasl_authenticated',
])

/** As it is kept: no code in it, no header, not all recipients. */
export function recordOf(decided: Decided, atMs: number, weight = 1): DecisionRecord {
  return {
    ...decided,
    request: plainRequest(decided),
    trail: decided.trail.map(({ stage, steps }) => ({
      stage,
      steps: steps.map(({ decision, ...step }) => ({
        ...step,
        decision: decision.kind === 'list' ? { kind: 'list' } : decision,
      })),
    })),
    atMs,
    weight,
    // Each request is of the kind of its question.
  } as DecisionRecord
}

function plainRequest(asked: Asked): DecisionRecord['request'] {
  switch (asked.ask) {
    case 'early':
    case 'recipient':
      return asked.request
    case 'message': {
      const { header: _, ...request } = asked.request
      return { ...request, envelope: shortened(request.envelope) }
    }
    default:
      return { ...asked.request, envelope: shortened(asked.request.envelope) }
  }
}

function shortened<E extends { readonly recipients: readonly unknown[] }>(envelope: E): E {
  return { ...envelope, recipients: envelope.recipients.slice(0, RECIPIENTS_KEPT_MAX) }
}
