import type { Clock } from '#shared/runtime/clock.ts'

/** A clock on which a sleeper sleeps until the test wakes it. For one sleeper. */
export function steppedClock(startMs = Date.UTC(2026, 0, 1)) {
  let nowMs = startMs
  let sleeping: { readonly ms: number; readonly wake: () => void } | undefined
  let fellAsleep = () => {}
  const clock: Clock = {
    now: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        signal?.addEventListener('abort', () => resolve())
        sleeping = { ms, wake: resolve }
        fellAsleep()
      }),
  }
  async function asleep() {
    while (sleeping === undefined) await new Promise<void>((resolve) => (fellAsleep = resolve))
    return sleeping
  }
  return {
    clock,
    /** How long the sleeper wants to sleep, once it does. */
    asleep: async () => (await asleep()).ms,
    /** Lets the time pass that it wanted to sleep, and waits until it sleeps again. */
    async step(): Promise<void> {
      const { ms, wake } = await asleep()
      sleeping = undefined
      nowMs += ms
      wake()
      await asleep()
    },
  }
}
