// How far an import is, for a person who waits. How many messages there are nobody knows before they are listed, so what is shown is mailboxes,
// messages and their rate.

import { type Clock, systemClock } from '#shared/runtime/clock.ts'
import type { Process } from '../context.ts'
import { formatBytes } from '../output.ts'

export type Pace = {
  came(some: { readonly messages: number; readonly bytes: number }): void
  mailboxDone(): void
  end(): void
}

const DRAWN_EVERY_MS = 250

export function showPace(
  { say, person, columns }: Pick<Process, 'say' | 'person' | 'columns'>,
  mailboxes: number,
  clock: Pick<Clock, 'now'> = systemClock,
): Pace {
  if (person === undefined || columns === undefined) {
    return { came() {}, mailboxDone() {}, end() {} }
  }
  const begunMs = clock.now()
  let [messages, bytes, done, drawnMs, isDrawn] = [0, 0, 0, 0, false]
  const draw = () => {
    const seconds = Math.max(1, clock.now() - begunMs) / 1_000
    const left = done > 0 && done < mailboxes ? (seconds / done) * (mailboxes - done) : undefined
    const text = [
      `${done} of ${mailboxes} mailboxes`,
      `${messages} messages, ${formatBytes(bytes)}`,
      `${Math.round(messages / seconds)}/s`,
      ...(left === undefined ? [] : [`about ${duration(left)} left`]),
    ].join(', ')
    say(`\r\x1b[K${text.slice(0, columns - 1)}`)
    drawnMs = clock.now()
    isDrawn = true
  }
  return {
    came(some) {
      messages += some.messages
      bytes += some.bytes
      if (clock.now() - drawnMs >= DRAWN_EVERY_MS) draw()
    },
    mailboxDone() {
      done++
      draw()
    },
    end() {
      if (isDrawn) say('\r\x1b[K')
      isDrawn = false
    },
  }
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  return seconds < 5_400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`
}
