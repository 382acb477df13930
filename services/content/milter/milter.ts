// One filter as all its conversations share it: where it is and what holds for it, and whether it is worth trying now.

import type { Clock } from '#shared/runtime/clock.ts'
import type { MilterDefaultAction } from '#shared/settings/milters.ts'
import type { ServiceAddress } from '#shared/settings/service-address.ts'
import { MilterConnection } from './connection.ts'
import type { MacroLists } from './macros.ts'
import { MilterFailure } from './packet.ts'
import type { MilterVersion } from './protocol.ts'

export type MilterOptions = {
  /** For the log. */
  readonly name: string
  readonly address: ServiceAddress
  readonly version: MilterVersion
  readonly connectTimeoutMs: number
  readonly commandTimeoutMs: number
  readonly contentTimeoutMs: number
  readonly defaultAction: MilterDefaultAction
  readonly macros: MacroLists
}

/**
 * One that could not be reached is left alone so long, then tried by one session: a thousand sessions do not each wait for a machine, or
 * a program, that does not answer.
 */
const LEFT_ALONE_MS = 5_000

/** It was not even tried. */
export class MilterLeftAlone extends MilterFailure {}

export class Milter {
  readonly options: MilterOptions
  readonly #clock: Clock
  #downUntilMs = 0
  #isDown = false
  #isTried = false

  constructor(options: MilterOptions, clock: Clock) {
    this.options = options
    this.#clock = clock
  }

  /** It took no connection, or did not answer to the offer on it. */
  noteUnreachable(): void {
    this.#isDown = true
    this.#downUntilMs = this.#clock.now() + LEFT_ALONE_MS
  }

  /** Rejects with MilterFailure. */
  async connect(): Promise<MilterConnection> {
    const { address, connectTimeoutMs: timeoutMs } = this.options
    if (this.#isDown && (this.#isTried || this.#clock.now() < this.#downUntilMs)) {
      throw new MilterLeftAlone('could not be reached a moment ago')
    }
    this.#isTried = this.#isDown
    try {
      const connection = await MilterConnection.open(address, { clock: this.#clock, timeoutMs })
      this.#isDown = false
      return connection
    } catch (error) {
      this.noteUnreachable()
      throw error
    } finally {
      this.#isTried = false
    }
  }
}
