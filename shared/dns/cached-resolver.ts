// A resolver that remembers, one for a process. Whoever asks what is being asked already waits for the same answer. What was used
// longest ago makes room.

import type { Clock } from '#shared/runtime/clock.ts'
import { takeOldest } from '#shared/runtime/take-oldest.ts'
import { type DnsAnswer, type DnsQuestion, decorateResolver, type Resolver } from './resolver.ts'

export type DnsCacheOptions = {
  readonly entriesMax: number
  readonly bytesMax: number
  /** Of what was found, at most: addresses hold as long as their TTL says. */
  readonly positiveLifeMs: number
  /** Of what is not there or does not exist (RFC 2308 §5; what its SOA says is not known here). */
  readonly negativeLifeMs: number
  /** Long enough for one message, short enough that a name server that comes back is heard (RFC 2308 §7: never above 5 minutes). */
  readonly failureLifeMs: number
}

/** About what an entry costs besides its text. */
const ENTRY_BYTES = 200

/** A hundredth of them makes room at a time (take-oldest.ts). */
const BYTES_PART = 100

type Entry = {
  readonly answer: DnsAnswer<unknown>
  readonly bytes: number
  readonly untilMs: number
}

export function createCachedResolver(
  inner: Resolver,
  { clock, options }: { readonly clock: Clock; readonly options: DnsCacheOptions },
): Resolver {
  // In the order of their last use.
  const entries = new Map<string, Entry>()
  const asked = new Map<string, Promise<DnsAnswer<unknown>>>()
  let bytes = 0

  function forget(key: string): void {
    bytes -= entries.get(key)?.bytes ?? 0
    entries.delete(key)
  }

  function recall(key: string): DnsAnswer<unknown> | undefined {
    const entry = entries.get(key)
    if (entry === undefined) return undefined
    if (entry.untilMs <= clock.now()) {
      forget(key)
      return undefined
    }
    entries.delete(key)
    entries.set(key, entry)
    return entry.answer
  }

  function remember(key: string, answer: DnsAnswer<unknown>): void {
    const lifeMs = lifeOf(answer, options)
    const entryBytes = ENTRY_BYTES + key.length + JSON.stringify(answer).length
    if (lifeMs <= 0 || entryBytes > options.bytesMax) return
    forget(key)
    entries.set(key, { answer, bytes: entryBytes, untilMs: clock.now() + lifeMs })
    bytes += entryBytes
    for (const [, taken] of takeOldest(entries, options.entriesMax)) bytes -= taken.bytes
    if (bytes <= options.bytesMax) return
    const keptBytes = options.bytesMax - Math.floor(options.bytesMax / BYTES_PART)
    for (const oldest of entries.keys()) {
      if (bytes <= keptBytes || entries.size === 1) break
      forget(oldest)
    }
  }

  return decorateResolver(
    inner,
    async <T>(question: DnsQuestion, ask: () => Promise<DnsAnswer<T>>) => {
      const key = keyOf(question)
      const known = recall(key) ?? asked.get(key)
      // One key has answers of one type of record.
      if (known !== undefined) return known as DnsAnswer<T> | Promise<DnsAnswer<T>>
      const answering = ask()
      asked.set(key, answering)
      try {
        const answer = await answering
        remember(key, answer)
        return answer
      } finally {
        asked.delete(key)
      }
    },
  )
}

const keyOf = ({ type, name }: DnsQuestion) => `${type} ${name.toLowerCase().replace(/\.$/, '')}`

function lifeOf(answer: DnsAnswer<unknown>, options: DnsCacheOptions): number {
  const { positiveLifeMs, negativeLifeMs, failureLifeMs } = options
  switch (answer.kind) {
    case 'found':
      return Math.min(positiveLifeMs, (answer.ttlSeconds ?? Number.POSITIVE_INFINITY) * 1_000)
    case 'none':
    case 'nxdomain':
      return negativeLifeMs
    case 'failure':
      return failureLifeMs
  }
}
