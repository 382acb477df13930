// Whether a DNS list is in its right mind. One that answers what no list answers, has an entry that no list has (RFC 5782 §5) or does not
// answer is left alone for a while and then tried again; meanwhile it says nothing of anybody. Per process.

import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'

/** Questions without an answer, one after the other. */
export const FAILURES_MAX = 5
/** The first time off; each further one is twice as long. */
export const OFF_MIN_MS = 60_000
export const OFF_MAX_MS = 3_600_000
/** How long a test holds, and how long one holds that nobody answered. */
export const TEST_HOLDS_MS = 3_600_000
export const TEST_AGAIN_MS = 60_000

export type Tested =
  | { readonly kind: 'sound' }
  | { readonly kind: 'unsound'; readonly reason: string }
  /** Nobody answered. */
  | { readonly kind: 'unknown'; readonly reason: string }
  /** The message at hand had no time left for it; the next one's question tests. */
  | { readonly kind: 'unasked' }

export class ListHealth {
  readonly #name: string
  readonly #deps: { readonly clock: Clock; readonly log: Log }
  /** `trial`: its time off is over, and the next question shows what it is worth. */
  #state: 'on' | 'off' | 'trial' = 'on'
  #offUntilMs = 0
  #offMs = OFF_MIN_MS
  #failures = 0
  #testHoldsUntilMs = 0
  #test: Promise<void> | undefined

  constructor(name: string, deps: { readonly clock: Clock; readonly log: Log }) {
    this.#name = name
    this.#deps = deps
  }

  get isOff(): boolean {
    return this.#state === 'off'
  }

  /** Before each question. Tests it where the last test is too old, or its time off is over; who comes meanwhile waits for the same test. */
  async check(test: () => Promise<Tested>): Promise<void> {
    const now = this.#deps.clock.now()
    if (now < (this.isOff ? this.#offUntilMs : this.#testHoldsUntilMs)) return
    this.#test ??= this.#run(test).finally(() => {
      this.#test = undefined
    })
    await this.#test
  }

  answered(): void {
    this.#failures = 0
    if (this.#state !== 'trial') return
    this.#state = 'on'
    this.#offMs = OFF_MIN_MS
    this.#deps.log.info({ dnsList: this.#name }, 'DNS list switched on again')
  }

  failed(reason: string): void {
    this.#failures += 1
    if (this.#state === 'trial' || this.#failures >= FAILURES_MAX) this.switchOff(reason)
  }

  switchOff(reason: string): void {
    if (this.isOff && this.#deps.clock.now() < this.#offUntilMs) return
    // Once, however often it is tried in vain.
    if (this.#state === 'on') {
      this.#deps.log.warn({ dnsList: this.#name, reason }, 'DNS list switched off')
    }
    this.#state = 'off'
    this.#offUntilMs = this.#deps.clock.now() + this.#offMs
    this.#offMs = Math.min(OFF_MAX_MS, this.#offMs * 2)
    this.#failures = 0
  }

  async #run(test: () => Promise<Tested>): Promise<void> {
    const tested = await test()
    if (tested.kind === 'unasked') return
    if (tested.kind === 'unsound' || (tested.kind === 'unknown' && this.isOff)) {
      return this.switchOff(tested.reason)
    }
    const holdsMs = tested.kind === 'sound' ? TEST_HOLDS_MS : TEST_AGAIN_MS
    this.#testHoldsUntilMs = this.#deps.clock.now() + holdsMs
    if (this.isOff) this.#state = 'trial'
  }
}
