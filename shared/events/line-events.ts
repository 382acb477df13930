// Lines of the log as events: each as what it is, those that say what became of a message as events of the queue, and those of administrators
// as changes of the directory.

import type { LogFields } from '#shared/runtime/log.ts'
import { readableText } from '#shared/runtime/log-text.ts'
import type { LogLine } from '#shared/runtime/tapped-log.ts'
import { type ChangeFacts, changeEvent } from './change-event.ts'
import { type EventScope, type EventSink, type NewEvent, noScope } from './event.ts'

/** What the lines say that tell of a message in the queue. */
const queueMessages: ReadonlySet<string> = new Set([
  'message accepted',
  'delivered',
  'deferred',
  'failed',
  'discarded',
  'refused',
  'message held',
  'message released',
  'recipient released',
  'message deleted',
  'message expired',
  'message set aside as corrupt',
])

/** A tap: see tapped-log.ts. */
export function createLineEvents(
  events: EventSink,
  clock: { now(): number },
): (line: LogLine) => void {
  return (line) => {
    const { level, fields, bound, message } = line
    if (level === 'debug') return
    const atMs = clock.now()
    const queueId = fields.queueId ?? bound.queueId
    events.publish({ topic: 'log', scope: noScope, atMs, data: () => lineData(line) })
    if (fields.changes !== undefined) {
      for (const change of changesIn(fields)) events.publish(changeEvent(change, atMs))
    }
    if (queueId !== undefined && queueMessages.has(message)) {
      events.publish(new QueueEvent(line, atMs))
    }
  }
}

/** On the path of every message: nothing is worked out before somebody reads it. */
class QueueEvent implements NewEvent {
  readonly topic = 'queue'
  readonly atMs: number
  readonly #line: LogLine

  constructor(line: LogLine, atMs: number) {
    this.#line = line
    this.atMs = atMs
  }

  get scope(): EventScope {
    const { to, from } = this.#fields
    return domainScope(to, from)
  }

  data(): unknown {
    const { queueId, to, from, reason } = this.#fields
    return { queueId, what: this.#line.message, ...texts({ to, from, reason }) }
  }

  get #fields(): LogFields {
    return { ...this.#line.bound, ...this.#line.fields }
  }
}

/** Of a command that another process ran (services/assembly/administrator-log.ts). */
function changesIn({ changes }: LogLine['fields']): readonly ChangeFacts[] {
  if (!Array.isArray(changes)) return []
  return changes.flatMap((change: unknown) => {
    const { what, name, before = null, after = null } = Object(change)
    return typeof name === 'string' ? [{ what: String(what), name, before, after }] : []
  })
}

const lineData = ({ level, fields, bound, message }: LogLine) => ({
  level,
  message,
  fields: Object.fromEntries(
    Object.entries({ ...bound, ...fields }).map(([name, value]) => [
      name,
      readableText(name, value),
    ]),
  ),
})

const texts = (fields: { readonly [name: string]: unknown }) =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, readableText(name, value)]],
    ),
  )

/** Of what is about these addresses. */
export function domainScope(...addresses: readonly unknown[]): EventScope {
  const domains = addresses.flatMap((address) => {
    if (typeof address !== 'string') return []
    const at = address.lastIndexOf('@')
    return at === -1 ? [] : address.slice(at + 1).toLowerCase()
  })
  return { domains, accountIds: [] }
}
