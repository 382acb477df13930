// How far a long command is, for a person who waits: one line of the terminal, written over itself.

import { type Clock, systemClock } from '#shared/runtime/clock.ts'
import type { Process } from './context.ts'

const BAR_CHARACTERS = 30
/** Written again after so many parts of the whole. */
const STEPS = 200

export type Progress = {
  step(): void
  /** Leaves an empty line to whoever writes next. */
  end(): void
}

/** Where nobody looks nothing is written. */
export function showProgress(
  { say, person, columns }: Pick<Process, 'say' | 'person' | 'columns'>,
  what: string,
  total: number,
  clock: Pick<Clock, 'now'> = systemClock,
): Progress {
  if (person === undefined || columns === undefined || total === 0) return silent
  const every = Math.max(1, Math.floor(total / STEPS))
  let done = 0
  const begunMs = clock.now()
  const draw = () => {
    // There may be more by now than were counted.
    const part = Math.min(1, done / total)
    const bar = '#'.repeat(Math.round(part * BAR_CHARACTERS)).padEnd(BAR_CHARACTERS)
    const text = `${what} [${bar}] ${Math.round(part * 100)}% ${done}/${total}${pace(done, total, clock.now() - begunMs)}`
    say(`\r${text.slice(0, columns - 1)}`)
  }
  return {
    step() {
      done++
      if (done % every === 0 || done === total) draw()
    },
    end() {
      say('\r\x1b[K')
    },
  }
}

/** Before that nobody can tell. */
const PACE_MS = 2_000

/** How many in a second, and how long the rest takes at that rate. */
function pace(done: number, total: number, tookMs: number): string {
  if (tookMs < PACE_MS || done === 0) return ''
  const perSecond = (done * 1_000) / tookMs
  const seconds = Math.ceil(Math.max(0, total - done) / perSecond)
  const rate = perSecond < 10 ? perSecond.toFixed(1) : String(Math.round(perSecond))
  return ` ${rate}/s, ${duration(seconds)} left`
}

function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  if (minutes === 0) return `${seconds} s`
  const hours = Math.floor(minutes / 60)
  return hours === 0 ? `${minutes} min ${seconds % 60} s` : `${hours} h ${minutes % 60} min`
}

/** The same of what is counted while it is done. */
export function followProgress(process: Pick<Process, 'say' | 'person' | 'columns'>, what: string) {
  let shown: Progress | undefined
  return {
    step({ files }: { readonly files: number }): void {
      shown ??= showProgress(process, what, files)
      shown.step()
    },
    end: () => shown?.end(),
  }
}

const silent: Progress = { step() {}, end() {} }
