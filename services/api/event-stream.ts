// Events as a stream (Server-Sent Events): what is new as soon as it is, a heartbeat while nothing is, `reset` when something was missed.
//
// Implementation notes: nothing is kept for a stream. Who reads slowly is given the next page of the ring when he took the last, and one that
// fell too far behind is told so. A stream ends after some minutes, and within seconds once whoever reads it has signed out or may less; a
// browser opens it anew by itself, and is asked who it is.

import type { EventQuestion, EventSource } from '#shared/events/event.ts'
import type { Clock } from '#shared/runtime/clock.ts'

export const HEARTBEAT_MS = 15_000
export const STREAM_MS_MAX = 5 * 60_000
/** Of a browser six connections are all it has. */
export const STREAMS_OF_ACTOR_MAX = 4
export const STREAMS_MAX = 200
/** Of the events of one page of a stream. */
const EVENTS_AT_ONCE = 100
/** Browsers wait so long before they come again. */
const RETRY_MS = 2_000
/** Who reads is looked up no more often than that, however much happens. */
export const HOLDS_MS = 5_000

export type StreamReader = {
  readonly signal: AbortSignal
  /** Whether he still may. */
  readonly holds: () => Promise<boolean>
}

export interface EventStreams {
  /** Undefined: too many are open. */
  open(
    actor: string,
    question: Omit<EventQuestion, 'limit'>,
    reader: StreamReader,
  ): Response | undefined
}

export function createEventStreams(deps: {
  readonly events: EventSource
  readonly clock: Clock
}): EventStreams {
  const { events, clock } = deps
  const open = new Map<string, number>()
  let count = 0

  return {
    open(actor, question, { signal, holds }) {
      const own = open.get(actor) ?? 0
      if (own >= STREAMS_OF_ACTOR_MAX || count >= STREAMS_MAX) return undefined
      open.set(actor, own + 1)
      count++
      const close = once(() => {
        count--
        const left = (open.get(actor) ?? 1) - 1
        if (left === 0) open.delete(actor)
        else open.set(actor, left)
      })
      const ended = new AbortController()
      signal.addEventListener('abort', () => ended.abort())
      const frames = framesOf(events, clock, question, { signal: ended.signal, holds })
      const body = new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            const next = await frames.next()
            if (!next.done) return controller.enqueue(Buffer.from(next.value))
            close()
            controller.close()
          },
          async cancel() {
            ended.abort()
            close()
          },
        },
        { highWaterMark: 0 },
      )
      ended.signal.addEventListener('abort', close)
      return new Response(body, {
        headers: {
          'content-type': 'text/event-stream',
          'cache-control': 'no-store',
          // Proxies that gather answers would gather for ever.
          'x-accel-buffering': 'no',
        },
      })
    },
  }
}

async function* framesOf(
  events: EventSource,
  clock: Clock,
  question: Omit<EventQuestion, 'limit'>,
  { signal, holds }: StreamReader,
): AsyncGenerator<string> {
  const endsMs = clock.now() + STREAM_MS_MAX
  let heldMs = clock.now()
  let { after } = question
  yield `retry: ${RETRY_MS}\n\n`
  while (!signal.aborted && clock.now() < endsMs) {
    if (clock.now() - heldMs >= HOLDS_MS) {
      if (!(await holds())) return
      heldMs = clock.now()
    }
    const waking = new AbortController()
    // Before reading: what comes between wakes at once.
    const unwatch = events.watch?.(() => waking.abort())
    try {
      const page = await events.read({ ...question, after, limit: EVENTS_AT_ONCE })
      if (page.reset) yield `event: reset\nid: ${page.last}\ndata: {}\n\n`
      for (const { id, topic, atMs, data } of page.events) {
        const at = new Date(atMs).toISOString()
        yield `id: ${id}\nevent: ${topic}\ndata: ${JSON.stringify({ at, ...Object(data) })}\n\n`
      }
      // Where a browser that lost its connection goes on.
      if (page.last !== after && page.events.length === 0) yield `id: ${page.last}\n\n`
      const isWhole = page.events.length < EVENTS_AT_ONCE
      after = page.last
      if (!isWhole || signal.aborted) continue
      const heartbeat = clock.now() + HEARTBEAT_MS
      await clock.sleep(HEARTBEAT_MS, AbortSignal.any([waking.signal, signal]))
      if (clock.now() >= heartbeat) yield ': still here\n\n'
    } finally {
      unwatch?.()
    }
  }
}

function once(act: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    act()
  }
}
