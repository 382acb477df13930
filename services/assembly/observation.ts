// Who looks at each line of the log as it is written: figures count it, events tell of it, spans say
// how long it took.

import { createLineEvents } from '#shared/events/line-events.ts'
import { createEventRing } from '#shared/events/ring.ts'
import { createFigureCounter } from '#shared/figures/counter.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { tappedLog } from '#shared/runtime/tapped-log.ts'
import { createLineSpans } from '#shared/spans/line-spans.ts'
import type { SpanSink } from '#shared/spans/span.ts'

export type Observation = ReturnType<typeof observe>

/** Of one machine; `log` is the one to write to from now on. `spans`: where they go, if anywhere. */
export function observe(log: Log, clock: Clock, spans: SpanSink | undefined) {
  const makeSpans = spans && createLineSpans(spans, clock)
  const events = createEventRing()
  const counter = createFigureCounter()
  const tell = createLineEvents(events, clock)
  return {
    events,
    counter,
    log: tappedLog(log, (line) => {
      counter.tap(line)
      tell(line)
      makeSpans?.(line)
    }),
  }
}
