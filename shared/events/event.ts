// What changes, told to whoever looks on: a console, a script. One contract with two transports: a stream on one machine, and the same events
// by the id of the last one that was seen, everywhere.

import type { AccountId } from '#shared/contracts/mailbox.ts'

export const eventTopics = ['queue', 'log', 'jobs', 'directory'] as const
export type EventTopic = (typeof eventTopics)[number]

/** `<feed>-<number>`: numbers of one feed have no gaps, ids of another one say nothing here. */
export type EventId = string & { readonly __brand: 'EventId' }

/** Whom it is about: who may see no more than a domain or himself sees what names it or him. */
export type EventScope = {
  readonly domains: readonly string[]
  readonly accountIds: readonly AccountId[]
}

export const noScope: EventScope = { domains: [], accountIds: [] }

export type NewEvent = {
  readonly topic: EventTopic
  readonly scope: EventScope
  readonly atMs: number
  /** As JSON takes it; asked for only when somebody reads the event. */
  data(): unknown
}

export type ChangeEvent = {
  readonly id: EventId
  readonly topic: EventTopic
  readonly atMs: number
  readonly data: unknown
}

export type EventQuestion = {
  /** Id of the last one seen; undefined: only where to begin is asked for. */
  readonly after?: string | undefined
  readonly topics: readonly EventTopic[]
  readonly sees: (topic: EventTopic, scope: EventScope) => boolean
  readonly limit: number
}

export type EventAnswer = {
  readonly events: readonly ChangeEvent[]
  /** `after` of the next question: also past events that are not to be seen. */
  readonly last: EventId
  /** What was missed is not known any more, or the id was not ours: look at everything anew. */
  readonly reset: boolean
}

export interface EventSource {
  read(question: EventQuestion): Promise<EventAnswer>
  /** Undefined where nobody tells: then it is asked from time to time. The listener returns at once. */
  readonly watch?: (listener: () => void) => () => void
  /** Of which it knows. */
  readonly topics: readonly EventTopic[]
}

export interface EventSink {
  /** Returns at once and never throws. */
  publish(event: NewEvent): void
}

export const silentEvents: EventSink = { publish() {} }
