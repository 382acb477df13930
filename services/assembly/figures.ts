// Figures of one machine: what is measured of it, and the clock that keeps them.

import { statfs } from 'node:fs/promises'
import type { FigureCounter, FigureValues } from '#shared/figures/counter.ts'
import { createFigureKeeper } from '#shared/figures/keeper.ts'
import { agesOf } from '#shared/figures/queue-ages.ts'
import type { Backend } from './backend.ts'

const KEEP_EVERY_MS = 20_000
const MICROSECONDS_A_MS = 1_000

export type Measure = () => Promise<FigureValues>

/** Many may ask. */
const MEASURED_KEPT_MS = 5_000

/** `directory`: the data folder. */
export function createMeasure(backend: Backend, directory: string): Measure {
  const measure = measureOf(backend, directory)
  let last: { readonly atMs: number; readonly values: Promise<FigureValues> } | undefined
  return () => {
    const nowMs = backend.clock.now()
    if (last === undefined || nowMs - last.atMs >= MEASURED_KEPT_MS) {
      last = { atMs: nowMs, values: measure() }
    }
    return last.values
  }
}

function measureOf(backend: Backend, directory: string): Measure {
  const { store, clock } = backend
  let cpu = process.cpuUsage()
  let sinceMs = clock.now()
  return async () => {
    const [disk, queue] = await Promise.all([
      statfs(directory),
      agesOf(store.tables.queue, clock.now()),
    ])
    const spent = process.cpuUsage(cpu)
    const elapsedMs = Math.max(1, clock.now() - sinceMs)
    cpu = process.cpuUsage()
    sinceMs = clock.now()
    const busyMs = (spent.user + spent.system) / MICROSECONDS_A_MS
    return new Map([
      ...queue,
      ['storage/free', disk.bavail * disk.bsize],
      ['storage/used', (disk.blocks - disk.bfree) * disk.bsize],
      ['processor', Math.round((busyMs / elapsedMs) * 1_000)],
      ['memory', process.memoryUsage.rss()],
    ])
  }
}

/** Until it is stopped, which keeps what has gathered. */
export function startFigures(
  { store, clock, log }: Backend,
  deps: { readonly counter: FigureCounter; readonly measure: Measure },
): { stop(): Promise<void> } {
  const keeper = createFigureKeeper({ table: store.tables.counters, clock, log, ...deps })
  const stopping = new AbortController()
  const loop = async () => {
    while (!stopping.signal.aborted) {
      await clock.sleep(KEEP_EVERY_MS, stopping.signal)
      await keeper.keep()
    }
  }
  const running = loop()
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}
