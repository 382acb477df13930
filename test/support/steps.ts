// How much work a piece of code is, counted and not timed: how often each block of our own code was run (V8 counts that), and how
// many characters were looked through by searches, which are one step for the block they stand in. What expressions look through is
// not counted; test/style/regex.test.ts is for them.

import { Session } from 'node:inspector/promises'

export class StepCounter implements AsyncDisposable {
  readonly #session = new Session()
  readonly #restore: (() => void)[] = []
  #searched = 0

  static async open(): Promise<StepCounter> {
    const counter = new StepCounter()
    counter.#session.connect()
    await counter.#session.post('Profiler.enable')
    await counter.#session.post('Profiler.startPreciseCoverage', {
      callCount: true,
      detailed: true,
    })
    counter.#countSearches()
    return counter
  }

  /** Of shared/ and services/, since it was asked last. */
  async take(): Promise<number> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage')
    let steps = this.#searched
    this.#searched = 0
    for (const { url, functions } of result) {
      if (!/\/(?:shared|services)\//.test(url) || url.includes('/node_modules/')) continue
      for (const { ranges } of functions) for (const { count } of ranges) steps += count
    }
    return steps
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const restore of this.#restore) restore()
    await this.#session.post('Profiler.stopPreciseCoverage')
    this.#session.disconnect()
  }

  #countSearches(): void {
    const count = (characters: number) => {
      this.#searched += characters
    }
    const { indexOf, includes } = String.prototype
    const bytesIndexOf = Buffer.prototype.indexOf
    String.prototype.indexOf = function (this: string, wanted: string, from = 0) {
      const at = indexOf.call(this, wanted, from)
      count(Math.max(0, (at < 0 ? this.length : at) - from))
      return at
    }
    String.prototype.includes = function (this: string, wanted: string, from = 0) {
      return this.indexOf(wanted, from) >= 0
    }
    Buffer.prototype.indexOf = function (this: Buffer, ...given: Parameters<typeof bytesIndexOf>) {
      const at = bytesIndexOf.apply(this, given)
      const from = typeof given[1] === 'number' ? given[1] : 0
      count(Math.max(0, (at < 0 ? this.length : at) - from))
      return at
    }
    this.#restore.push(() => {
      String.prototype.indexOf = indexOf
      String.prototype.includes = includes
      Buffer.prototype.indexOf = bytesIndexOf
    })
  }
}
