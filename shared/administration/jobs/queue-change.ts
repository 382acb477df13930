// One verb for all messages of the queue that are like a filter: those that were there when the job was begun, and no newcomers.

import { badInput, JobFailure } from '#shared/jobs/failure.ts'
import type { JobKind, JobWork } from '#shared/jobs/kind.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import type { Administration } from '../administration.ts'
import type { AdministrationDeps } from '../deps.ts'
import { type QueueVerb, queueVerbs } from '../queue.ts'
import type { FilterRequest } from '../queue-filter.ts'
import { reachOfMaker } from './maker.ts'

export const QUEUE_CHANGE = 'queue-change'

export type QueueChangeInput = {
  readonly verb: QueueVerb
  readonly filter: FilterRequest
  readonly heldToo?: boolean
  /** What is meant was counted then (epoch ms); absent: when the job was begun. */
  readonly countedMs?: number
  /** Only what was sent from these domains; absent: whoever has sent it. */
  readonly sentFrom?: readonly string[]
}

/** Messages of one slice. */
const SLICE_MESSAGES = 128

export function queueChange({
  administration,
  directory: { accounts },
}: {
  readonly administration: Pick<Administration, 'queue'>
  readonly directory: Pick<AdministrationDeps['directory'], 'accounts'>
}): JobKind {
  return {
    name: QUEUE_CHANGE,
    async *run(work: JobWork<unknown>) {
      const { verb, filter, heldToo = false, countedMs, sentFrom } = inputOf(work)
      const { cursor: after } = work
      const right = verb === 'release' || verb === 'flush' ? 'queue.send' : 'queue.act'
      const look = () => reachOfMaker(work.owner, accounts, right, sentFrom)
      await look()
      const changing = administration.queue.changeAll(verb, filter, {
        heldToo,
        ...(after !== '' && { after }),
        arrivedUntilMs: Math.min(work.begunMs, countedMs ?? work.begunMs),
        ...(sentFrom !== undefined && {
          sentWithin: {
            kind: 'domains',
            domains: sentFrom.flatMap((one) => parseDomain(one) ?? []),
          },
        }),
      })
      if (changing.kind === 'bad-value') {
        const { field, value } = changing
        throw new JobFailure({ kind: 'bad-input', field, value })
      }
      let some: { readonly queueId: string; readonly isDone: boolean }[] = []
      for await (const outcome of changing.outcomes) {
        some.push(outcome)
        if (some.length < SLICE_MESSAGES) continue
        yield sliceOf(some)
        some = []
        await look()
      }
      if (some.length > 0) yield sliceOf(some)
    },
  }
}

function sliceOf(some: readonly { readonly queueId: string; readonly isDone: boolean }[]) {
  const cursor = some.at(-1)?.queueId ?? ''
  const not = some.filter(({ isDone }) => !isDone)
  const errors = not.map(({ queueId }) => ({
    line: 0,
    key: queueId,
    // Delivered meanwhile, or a worker has it this moment.
    refusal: { kind: 'not-waiting', field: 'queueId', value: queueId, recipients: [] },
  }))
  return { cursor, done: some.length - not.length, failed: not.length, errors }
}

function inputOf({ input }: JobWork<unknown>): QueueChangeInput {
  const { verb, filter, heldToo, countedMs, sentFrom } = Object(input)
  const known = queueVerbs.find((each) => each === verb)
  if (known === undefined) throw badInput('verb', verb)
  return {
    verb: known,
    filter: Object(filter),
    heldToo: heldToo === true,
    ...(typeof countedMs === 'number' && { countedMs }),
    ...(Array.isArray(sentFrom) && { sentFrom: sentFrom.map(String) }),
  }
}
