// How the time of a piece of work grows with its input: CPU of this thread alone, so that a busy machine changes little.

import { median } from '../table.ts'

/** Each size is so many times the one before. */
export const STEP = 4
/** Above this a function is not linear: 4 times the input may cost 6 times the time, for caches end somewhere. */
export const EXPONENT_MAX = 1.3
/** Shorter times say nothing about growth. */
const MEASURABLE_MS = 2
/** Work that takes longer is not tried at a greater size. */
const LONG_MS = 100
const CONFIRMATIONS = 5

export type Growth = {
  /** Of the greatest size tried. */
  readonly bytes: number
  readonly ms: number
  /** log4 of the ratio of the times of the last two sizes; NaN when they were too short to tell. */
  readonly exponent: number
}

/** Makes an input of so many bytes, which is not measured, and the work on it, which is. */
export type Prepare = (bytes: number) => () => unknown

export function growthOf(prepare: Prepare, bytesFirst: number, bytesMax: number): Growth {
  let bytes = Math.min(bytesFirst, bytesMax)
  let before = Number.NaN
  let ms = msOf(prepare(bytes))
  while (bytes * STEP <= bytesMax && ms < LONG_MS) {
    bytes *= STEP
    before = ms
    ms = msOf(prepare(bytes))
  }
  const grown = (smaller: number, larger: number) =>
    larger < MEASURABLE_MS ? Number.NaN : exponentOf(smaller, larger)
  if (!(grown(before, ms) > EXPONENT_MAX)) return { bytes, ms, exponent: grown(before, ms) }
  // It may have been the compiler or the collector.
  const again = (size: number) =>
    median(Array.from({ length: ms < LONG_MS ? CONFIRMATIONS : 1 }, () => msOf(prepare(size))))
  const larger = again(bytes)
  return { bytes, ms: larger, exponent: grown(again(bytes / STEP), larger) }
}

export function exponentOf(before: number, after: number): number {
  return Math.log(after / Math.max(before, 0.001)) / Math.log(STEP)
}

export function msOf(work: () => unknown): number {
  const start = cpuMicroseconds()
  try {
    work()
  } catch {
    // A refusal takes its time too.
  }
  return (cpuMicroseconds() - start) / 1_000
}

function cpuMicroseconds(): number {
  // Asking for the process brings the count of this thread up to date, which otherwise is as old as the last tick.
  process.cpuUsage()
  const { user, system } = process.threadCpuUsage()
  return user + system
}
