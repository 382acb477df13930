// What a policy server answers: lines `name=value` up to an empty one. Of them `action` counts; what else there is is skipped.

import { PolicyServerFailure } from './failure.ts'

/** Postfix takes lines of 2,048 bytes, and a server says one. */
export const ANSWER_BYTES_MAX = 8_192

const LF = 0x0a
const CR = 0x0d
const EQUALS = 0x3d

/** Takes the pieces as they come. */
export class AnswerReader {
  #bytes = Buffer.alloc(0)
  /** Where lines begin that were not looked at. */
  #at = 0
  #action: string | undefined

  /** The action, once the answer is whole; a server that says more than that, or nothing that can be understood, failed. */
  push(piece: Uint8Array): string | undefined {
    this.#bytes = Buffer.concat([this.#bytes, piece])
    if (this.#bytes.length > ANSWER_BYTES_MAX) {
      throw new PolicyServerFailure(`answers with more than ${ANSWER_BYTES_MAX} bytes`)
    }
    for (;;) {
      const end = this.#bytes.indexOf(LF, this.#at)
      if (end === -1) return undefined
      const line = this.#bytes.subarray(this.#at, this.#bytes[end - 1] === CR ? end - 1 : end)
      this.#at = end + 1
      if (line.length === 0) return this.#whole()
      this.#take(line)
    }
  }

  #take(line: Buffer): void {
    const equals = line.indexOf(EQUALS)
    if (equals < 1) throw new PolicyServerFailure('answers with a line that is no name=value')
    if (line.subarray(0, equals).toString('latin1').trim() !== 'action') return
    const value = line.subarray(equals + 1)
    try {
      this.#action ??= new TextDecoder('utf-8', { fatal: true }).decode(value).trim()
    } catch {
      throw new PolicyServerFailure('answers with an action that is no UTF-8')
    }
  }

  #whole(): string {
    if (this.#at < this.#bytes.length) throw new PolicyServerFailure('answers more than was asked')
    if (!this.#action) throw new PolicyServerFailure('answers without an action')
    return this.#action
  }
}
