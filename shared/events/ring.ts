// Events of one process, in memory: as many of each topic as fit, the oldest go first. Who reads too slowly misses some and is told so;
// nobody who reads makes who writes wait.

import { randomBytes } from 'node:crypto'
import {
  type ChangeEvent,
  type EventAnswer,
  type EventId,
  type EventQuestion,
  type EventSink,
  type EventSource,
  type EventTopic,
  eventTopics,
  type NewEvent,
} from './event.ts'

/** Of one topic: a flood of log lines drives out no events of jobs. */
export const EVENTS_KEPT_MAX = 1_000

/** As it was given: what it says, and whom it is about, is asked for only when it is read. */
type Kept = { readonly event: NewEvent; readonly number: number }

export function createEventRing({
  feed = randomBytes(4).toString('hex'),
  keptMax = EVENTS_KEPT_MAX,
}: {
  /** Another one after each start. */
  readonly feed?: string
  readonly keptMax?: number
} = {}): EventSource & EventSink {
  let last = 0
  const rings = new Map<EventTopic, Kept[]>(eventTopics.map((topic) => [topic, []]))
  /** The number of the last event that is gone, by topic. */
  const gone = new Map<EventTopic, number>()
  const listeners = new Set<() => void>()

  const idOf = (number: number) => `${feed}-${number}` as EventId

  function numberOf(id: string): number | undefined {
    const [, of, digits] = /^([0-9a-f]{1,16})-(\d{1,15})$/.exec(id) ?? []
    const number = Number(digits)
    return of === feed && number <= last ? number : undefined
  }

  return {
    topics: eventTopics,

    publish(event) {
      const ring = rings.get(event.topic)
      if (ring === undefined) return
      last++
      ring.push({ event, number: last })
      // Twice as many before half of them go: moving all for each would cost who writes.
      if (ring.length >= 2 * keptMax) {
        gone.set(event.topic, ring[ring.length - keptMax - 1]?.number ?? 0)
        ring.splice(0, ring.length - keptMax)
      }
      for (const listener of listeners) listener()
    },

    async read({ after, topics, sees, limit }: EventQuestion): Promise<EventAnswer> {
      const from = after === undefined ? last : numberOf(after)
      if (from === undefined) return { events: [], last: idOf(last), reset: true }
      if (topics.some((topic) => (gone.get(topic) ?? 0) > from)) {
        return { events: [], last: idOf(last), reset: true }
      }
      const news = topics
        .flatMap((topic) => newerThan(rings.get(topic) ?? [], from))
        .sort((a, b) => a.number - b.number)
      const events: ChangeEvent[] = []
      let seen = from
      for (const { number, event } of news) {
        if (events.length === limit) return { events, last: idOf(seen), reset: false }
        seen = number
        const { topic, atMs } = event
        if (sees(topic, event.scope)) {
          events.push({ id: idOf(number), topic, atMs, data: event.data() })
        }
      }
      return { events, last: idOf(last), reset: false }
    },

    watch(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

function newerThan(ring: readonly Kept[], from: number): readonly Kept[] {
  const at = ring.findLastIndex(({ number }) => number <= from)
  return ring.slice(at + 1)
}
