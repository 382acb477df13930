// Spans read off the log: a session when it ends, a message when it is taken over, each delivery when it is over. The lines say how long each took.

import { parseQueueId, queueIdMs } from '#shared/mail/queue-id.ts'
import type { LogLine } from '#shared/runtime/tapped-log.ts'
import { messageSpanOf, newSpanId, newTraceId, type Span, type SpanSink, traceOf } from './span.ts'

/** A tap: see tapped-log.ts. */
export function createLineSpans(sink: SpanSink, clock: { now(): number }): (line: LogLine) => void {
  return (line) => {
    const span = spanOf(line, clock.now())
    if (span !== undefined) sink.end(span)
  }
}

export function spanOf({ fields, bound, message }: LogLine, nowMs: number): Span | undefined {
  const all = { ...bound, ...fields }
  switch (message) {
    case 'session ended':
      // One line may stand for many, of which nothing is known.
      if (typeof all.ms !== 'number') return undefined
      return {
        ...{ traceId: newTraceId(), spanId: newSpanId(), parentId: null },
        name: `session ${String(all.service ?? '')}`,
        ...{ startMs: nowMs - all.ms, endMs: nowMs, isError: false },
        attributes: attributesOf(all, ['listener', 'remoteAddress', 'tls', 'reason', 'accepted']),
      }
    case 'message accepted': {
      const queueId = queueIdOf(all.queueId)
      if (queueId === undefined) return undefined
      return {
        ...{ traceId: traceOf(queueId), spanId: messageSpanOf(queueId), parentId: null },
        ...{ name: 'message', startMs: queueIdMs(queueId), endMs: nowMs, isError: false },
        attributes: attributesOf(all, ['queueId', 'listener', 'size', 'recipients']),
      }
    }
    case 'delivered':
    case 'deferred':
    case 'failed': {
      const queueId = queueIdOf(all.queueId)
      if (queueId === undefined) return undefined
      return {
        ...{ traceId: traceOf(queueId), spanId: newSpanId(), parentId: messageSpanOf(queueId) },
        ...{ name: `delivery ${message}`, startMs: nowMs - tookMs(all.delays), endMs: nowMs },
        attributes: {
          ...attributesOf(all, ['queueId', 'relay', 'dsn', 'tls']),
          destination: domainOf(all.to),
        },
        isError: message === 'failed',
      }
    }
  }
  return undefined
}

const queueIdOf = (value: unknown) => (typeof value === 'string' ? parseQueueId(value) : undefined)

/** `a/b/c/d`: the last two are the session with the host and handing over. */
function tookMs(delays: unknown): number {
  if (typeof delays !== 'string') return 0
  const [, , connecting = 0, handing = 0] = delays.split('/').map(Number)
  const seconds = connecting + handing
  return Number.isFinite(seconds) ? seconds * 1_000 : 0
}

function domainOf(address: unknown): string {
  return typeof address === 'string' ? address.slice(address.lastIndexOf('@') + 1) : ''
}

function attributesOf(
  fields: { readonly [name: string]: unknown },
  names: readonly string[],
): Span['attributes'] {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = fields[name]
      const isPlain = typeof value === 'string' || typeof value === 'number'
      return isPlain ? [[name, value]] : []
    }),
  )
}
