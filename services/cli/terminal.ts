// The person at standard input: questions are answered with a line, passwords without showing them.

import { CommandFailure } from './failure.ts'

export type TerminalPerson = {
  /** The answer without its line end. */
  readonly ask: (question: string) => Promise<string>
  /** The same, typed unseen. */
  readonly askHidden: (question: string) => Promise<Uint8Array>
}

/** What is needed of a `tty.ReadStream`. */
export type Terminal = AsyncIterable<Uint8Array> & {
  setRawMode(raw: boolean): unknown
  /** Whether the process waits for it. */
  ref(): unknown
  unref(): unknown
}

/** Of one answer. A password has fewer. */
export const ANSWER_BYTES_MAX = 4_096

export function personAt(terminal: Terminal, say: (text: string) => void): TerminalPerson {
  let chunks: AsyncIterator<Uint8Array> | undefined
  // What was pasted behind the end of a line answers the next question.
  let waiting: Uint8Array = new Uint8Array()

  async function line(typed: TypedLine): Promise<Uint8Array> {
    for (;;) {
      const end = typed.push(waiting)
      waiting = waiting.subarray(end.taken)
      switch (end.kind) {
        case 'line':
          return end.bytes
        case 'interrupted':
          throw new CommandFailure('interrupted; nothing was done')
        case 'too-long':
          throw new CommandFailure(`an answer has ${ANSWER_BYTES_MAX} bytes at most`)
        case 'more': {
          // From the first question on: what is read as a whole is not read here.
          chunks ??= terminal[Symbol.asyncIterator]()
          terminal.ref()
          const next = await chunks.next()
          terminal.unref()
          if (next.done)
            throw new CommandFailure('the input ended before an answer was given', 'usage')
          waiting = next.value
        }
      }
    }
  }

  return {
    async ask(question) {
      say(question)
      return Buffer.from(await line(new TypedLine())).toString('utf8')
    },
    async askHidden(question) {
      // Before the question: what is typed in answer to it is not shown.
      terminal.setRawMode(true)
      try {
        say(question)
        return await line(new TypedLine())
      } finally {
        terminal.setRawMode(false)
        say('\n')
      }
    },
  }
}

type Typed =
  | { readonly kind: 'more'; readonly taken: number }
  | { readonly kind: 'line'; readonly taken: number; readonly bytes: Uint8Array }
  | { readonly kind: 'interrupted' | 'too-long'; readonly taken: number }

const CTRL_C = 0x03
const CTRL_D = 0x04
const BACKSPACE = 0x08
const LF = 0x0a
const CR = 0x0d
const CTRL_U = 0x15
const DELETE = 0x7f

/** In raw mode nobody but us knows what the keys mean; in the other these bytes do not come. */
export class TypedLine {
  readonly #bytes: number[] = []

  push(input: Uint8Array): Typed {
    for (const [at, byte] of input.entries()) {
      const taken = at + 1
      if (byte === CTRL_C) return { kind: 'interrupted', taken }
      if (byte === CR || byte === LF || byte === CTRL_D) {
        return { kind: 'line', taken, bytes: Uint8Array.from(this.#bytes) }
      }
      if (byte === CTRL_U) this.#bytes.length = 0
      else if (byte === BACKSPACE || byte === DELETE) this.#eraseCharacter()
      // Other keys that write nothing are no part of a password.
      else if (byte >= 0x20 && this.#bytes.push(byte) > ANSWER_BYTES_MAX) {
        return { kind: 'too-long', taken }
      }
    }
    return { kind: 'more', taken: input.length }
  }

  /** Its continuation bytes (10xxxxxx) and the one they continue. */
  #eraseCharacter(): void {
    let erased = this.#bytes.pop()
    while (erased !== undefined && (erased & 0xc0) === 0x80) erased = this.#bytes.pop()
  }
}
