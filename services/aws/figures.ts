// Figures on AWS: each process counts the lines of its log as on one machine, and leaves what it counted in the `counters` table; the sweeper gathers it
// every minute (shared/figures/parts.ts), and `api` reads what one machine reads.

import type { Backend } from '#services/assembly/backend.ts'
import type { FigureCounter } from '#shared/figures/counter.ts'
import {
  createFigureGatherer,
  createFigureSender,
  type FigureSender,
} from '#shared/figures/parts.ts'
import { agesOf } from '#shared/figures/queue-ages.ts'

export type { FigureSender }

export const openFigureSender = ({
  backend: { store, clock, log },
  counter,
}: {
  readonly backend: Backend
  readonly counter: FigureCounter
}): FigureSender => createFigureSender({ table: store.tables.counters, counter, clock, log })

/** Of an entry that has no table for them: it decides nothing about mail. */
export const silentFigures: FigureSender = { async send() {} }

/** There is no disk, and processes come and go: the queue is all there is to measure. */
export const openFigureGatherer = ({ store, clock, log }: Backend) =>
  createFigureGatherer({
    table: store.tables.counters,
    measure: () => agesOf(store.tables.queue, clock.now()),
    clock,
    log,
  })
