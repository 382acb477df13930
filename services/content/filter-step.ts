// A content filter as a step of the content stage: whom it looks at, how many messages at a time, how long it may take, and what becomes of
// a message that it cannot look at. Every filter that is a program of its own goes through here.
//
// Implementation notes: a filter costs what its own connection holds, times `concurrency`; messages that wait for a turn hold nothing but
// their place, and those that find FILTER_WAITING_MAX before them are not looked at.

import type {
  ContentFacts,
  ContentMessage,
  ContentStep,
  StepVerdict,
} from '#shared/contracts/content.ts'
import { HeaderTooLong } from '#shared/mail/header-edits.ts'
import { ByteBudget } from '#shared/runtime/byte-budget.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'

/** Messages that wait for one filter. */
export const FILTER_WAITING_MAX = 1_000

export type FilterOptions = {
  /** In which the filter must have answered, waiting for its turn included. */
  readonly timeLimitMs: number
  /** Messages that it looks at at the same time. */
  readonly concurrency: number
  /** What becomes of a message where it cannot say. */
  readonly onFailure: 'accept' | 'defer'
  /** Bytes; larger messages are not shown to it. */
  readonly sizeLimit: number
  readonly onOversize: 'accept' | 'reject'
  readonly mail: 'all' | 'strangers' | 'submissions'
}

/** `too-large`: for the filter itself, whatever is set here. */
export type FilterAnswer = StepVerdict | { readonly kind: 'too-large'; readonly found: string }

export interface Filter {
  readonly name: string
  /** Rejects with FilterFailure, or whatever a connection rejects with; then nobody knows. `signal`: its time is over. */
  ask(message: ContentMessage, facts: ContentFacts, signal: AbortSignal): Promise<FilterAnswer>
}

/** The filter does not do what it should. */
export class FilterFailure extends Error {
  override readonly name = 'FilterFailure'
}

export function createFilterStep(
  filter: Filter,
  options: FilterOptions,
  deps: { readonly clock: Clock; readonly log: Log },
): ContentStep {
  const { clock, log } = deps
  const { name } = filter
  const turns = new ByteBudget(options.concurrency)
  let waiting = 0

  function begin(facts: ContentFacts) {
    if (!isLookedAt(facts, options.mail)) return undefined
    return { judge: (message: ContentMessage) => judge(message, facts) }
  }

  async function judge(message: ContentMessage, facts: ContentFacts): Promise<StepVerdict> {
    const { bytes } = message.spooled.index
    if (bytes > options.sizeLimit) return oversize(`${bytes} bytes`)
    const over = new AbortController()
    const done = new AbortController()
    void clock.sleep(options.timeLimitMs, done.signal).then(() => {
      if (!done.signal.aborted) over.abort(timedOut)
    })
    try {
      if (!(await takeTurn(over.signal))) return failed(facts, new FilterFailure('too busy'))
      try {
        const answer = await untilOver(filter.ask(message, facts, over.signal), over.signal)
        return answer.kind === 'too-large' ? oversize(answer.found) : answer
      } finally {
        turns.give(1)
      }
    } catch (error) {
      // Nothing to do with the filter: the message cannot be read.
      if (error instanceof HeaderTooLong || error instanceof TemporaryFailure) throw error
      return failed(facts, error)
    } finally {
      done.abort()
    }
  }

  async function takeTurn(signal: AbortSignal): Promise<boolean> {
    if (turns.tryTake(1)) return true
    if (waiting >= FILTER_WAITING_MAX) return false
    waiting += 1
    const taken = await turns.take(1, { clock, waitMs: options.timeLimitMs, signal })
    waiting -= 1
    return taken
  }

  function oversize(found: string): StepVerdict {
    if (options.onOversize === 'accept') return { kind: 'accept', found: `not looked at: ${found}` }
    const reply = {
      code: 552,
      status: '5.3.4',
      text: `Message is too large to be checked (${name})`,
    } as const
    return { kind: 'reject', reply, found: `too large: ${found}` }
  }

  function failed({ queueId }: ContentFacts, error: unknown): StepVerdict {
    // An error: a filter that is away rings the alarm of failures.
    log.error({ queueId, filter: name, onFailure: options.onFailure, error }, 'filter failed')
    const found = `failed: ${error instanceof Error ? error.message : String(error)}`
    if (options.onFailure === 'accept') return { kind: 'accept', found, warnings: [found] }
    const reply = {
      code: 451,
      status: '4.7.1',
      text: 'Message cannot be checked now, try again later',
    } as const
    return { kind: 'reject', reply, found }
  }

  return { name, begin }
}

function isLookedAt({ origin }: ContentFacts, mail: FilterOptions['mail']): boolean {
  if (mail === 'all') return true
  return (mail === 'submissions') === (origin.account !== null)
}

const timedOut = new FilterFailure('no answer in time')

/** A filter that does not heed its signal is not waited for. */
async function untilOver<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const giveUp = () => reject(signal.reason)
  signal.addEventListener('abort', giveUp, { once: true })
  if (signal.aborted) giveUp()
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', giveUp)
    // It may reject later, when nobody listens.
    work.catch(() => {})
    promise.catch(() => {})
  }
}
