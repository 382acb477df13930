// What a session was hinted at: somebody may have changed its folder.

export class Hints {
  /** Called with every hint, beside whoever waits. */
  onHint: (() => void) | undefined
  #pending = false
  #wake: (() => void) | undefined

  /** One came and was not taken yet. */
  get pending(): boolean {
    return this.#pending
  }

  hint(): void {
    this.#pending = true
    this.wake()
    this.onHint?.()
  }

  /** From here on only what comes later counts. */
  take(): void {
    this.#pending = false
  }

  /** Whoever waits does so no longer. */
  wake(): void {
    this.#wake?.()
  }

  /** Waits for a hint, or until the time is over or the signal aborts. */
  async wait(timeoutMs: number, signal: AbortSignal): Promise<'hint' | 'none'> {
    if (!this.#pending && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const wake = () => resolve()
      const timer = setTimeout(wake, timeoutMs)
      signal.addEventListener('abort', wake)
      this.#wake = wake
      await promise
      clearTimeout(timer)
      signal.removeEventListener('abort', wake)
      this.#wake = undefined
    }
    return this.#pending ? 'hint' : 'none'
  }
}
