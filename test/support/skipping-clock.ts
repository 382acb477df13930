import type { Clock } from '#shared/runtime/clock.ts'

/** A clock on which sleeping takes no time: it turns the hands, and is noted. */
export function skippingClock(startMs = Date.UTC(2026, 0, 1)) {
  let nowMs = startMs
  const sleptMs: number[] = []
  const clock: Clock = {
    now: () => nowMs,
    async sleep(ms) {
      sleptMs.push(ms)
      nowMs += ms
    },
  }
  return { clock, sleptMs, advance: (ms: number) => void (nowMs += ms) }
}
