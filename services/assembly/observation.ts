// Who looks at each line of the log as it is written: figures count it, events tell of it.

import { createLineEvents } from '#shared/events/line-events.ts'
import { createEventRing } from '#shared/events/ring.ts'
import { createFigureCounter } from '#shared/figures/counter.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { tappedLog } from '#shared/runtime/tapped-log.ts'

export type Observation = ReturnType<typeof observe>

/** Of one machine; `log` is the one to write to from now on. */
export function observe(log: Log, clock: Clock) {
  const events = createEventRing()
  const counter = createFigureCounter()
  const tell = createLineEvents(events, clock)
  return {
    events,
    counter,
    log: tappedLog(log, (line) => {
      counter.tap(line)
      tell(line)
    }),
  }
}
