// What was asked for one decision and what was answered, so that the decision can be explained and made again. The same question is
// asked once: one decision is made of one answer.

import {
  type DnsAnswer,
  type DnsQuestion,
  decorateResolver,
  type MxRecord,
  type Resolver,
} from './resolver.ts'

/** By `MX example.test`, in the order in which they were asked. Plain data. */
export type RecordedDns = { readonly [question: string]: DnsAnswer<string | MxRecord> }

/** Of a record as JSON; what comes later is not in it. */
export const RECORDED_BYTES_MAX = 32 * 1024

export interface RecordingResolver {
  readonly resolver: Resolver
  /** So far. */
  recorded(): RecordedDns
}

export function createRecordingResolver(inner: Resolver): RecordingResolver {
  const answers = new Map<string, Promise<DnsAnswer<unknown>>>()
  const record = new Map<string, DnsAnswer<string | MxRecord>>()
  let bytes = 0

  function keep(key: string, answer: DnsAnswer<unknown>): void {
    const size = key.length + JSON.stringify(answer).length
    if (bytes + size > RECORDED_BYTES_MAX) return
    bytes += size
    record.set(key, answer as DnsAnswer<string | MxRecord>)
  }

  const resolver = decorateResolver(
    inner,
    async <T>(question: DnsQuestion, ask: () => Promise<DnsAnswer<T>>) => {
      const key = keyOf(question)
      const known = answers.get(key)
      // One key has answers of one type of record.
      if (known !== undefined) return known as Promise<DnsAnswer<T>>
      const answering = ask()
      answers.set(key, answering)
      const answer = await answering
      keep(key, answer)
      return answer
    },
  )
  return { resolver, recorded: () => Object.fromEntries(record) }
}

/** Answers what was recorded; what was not is asked of `live`, and without it nothing is known of it. */
export function createReplayResolver(recorded: RecordedDns, live = knowsNothing): Resolver {
  return decorateResolver(
    live,
    async <T>(question: DnsQuestion, ask: () => Promise<DnsAnswer<T>>) => {
      const key = keyOf(question)
      // One key has answers of one type of record.
      return Object.hasOwn(recorded, key) ? (recorded[key] as DnsAnswer<T>) : ask()
    },
  )
}

export const notRecorded: DnsAnswer<never> = { kind: 'failure', reason: 'not recorded' }

const unrecorded = async () => notRecorded

const knowsNothing: Resolver = {
  resolveMx: unrecorded,
  resolve4: unrecorded,
  resolve6: unrecorded,
  resolveTxt: unrecorded,
  resolveNs: unrecorded,
  resolvePtr: unrecorded,
}

const keyOf = ({ type, name }: DnsQuestion) => `${type} ${name.toLowerCase()}`
