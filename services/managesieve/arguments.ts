// Reads a command from its beginning to its end: the name, and strings and numbers behind it. Methods bear the names of RFC 5804 §4.

import type { Segment } from '#shared/imap/command-reader.ts'

/** The command is not as the grammar has it; the message says what was expected. */
export class ManageSieveSyntaxError extends Error {
  override readonly name = 'ManageSieveSyntaxError'
}

/** Of names of commands; longer words are none. */
const ATOM_BYTES_MAX = 64
/** number: a 32-bit unsigned one. */
const NUMBER_MAX = 2 ** 32 - 1
const NUMBER_DIGITS_MAX = 10

export class Arguments {
  readonly #segments: readonly Segment[]
  #segment = 0
  #at = 0

  constructor(segments: readonly Segment[]) {
    this.#segments = segments
  }

  /** Whether a space comes, and with it something more. Lenient: several are one, and one at the end of the line is none. */
  takesSpace(): boolean {
    let found = false
    while (this.#byte() === SPACE) {
      found = true
      this.#at++
    }
    return found && !this.#isEnd()
  }

  space(): void {
    if (!this.takesSpace()) throw new ManageSieveSyntaxError('a space and an argument')
  }

  end(): void {
    while (this.#byte() === SPACE) this.#at++
    if (!this.#isEnd()) throw new ManageSieveSyntaxError('the end of the command')
  }

  /** In capitals; '' where none stands. */
  atom(): string {
    const bytes = this.#text()
    const start = this.#at
    while (isAtomByte(bytes[this.#at]) && this.#at - start <= ATOM_BYTES_MAX) this.#at++
    return bytes.toString('latin1', start, this.#at).toUpperCase()
  }

  /** UTF-8, which is checked. */
  string(): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.octets())
    } catch (error) {
      if (error instanceof ManageSieveSyntaxError) throw error
      throw new ManageSieveSyntaxError('a string in UTF-8')
    }
  }

  /** A string whose bytes are somebody else's to judge. */
  octets(): Buffer {
    const segment = this.#segments[this.#segment]
    if (segment?.kind === 'literal' && !segment.binary) {
      this.#segment++
      this.#at = 0
      return segment.bytes
    }
    return this.#quoted()
  }

  number(): number {
    const bytes = this.#text()
    const start = this.#at
    while (isDigit(bytes[this.#at]) && this.#at - start <= NUMBER_DIGITS_MAX) this.#at++
    const digits = bytes.toString('latin1', start, this.#at)
    const number = Number(digits)
    if (digits === '' || number > NUMBER_MAX || (digits.startsWith('0') && digits !== '0')) {
      throw new ManageSieveSyntaxError('a number of 32 bits')
    }
    return number
  }

  /** quoted = DQUOTE *1024QUOTED-CHAR DQUOTE. Lenient: as long as a line may be, for clients that send tokens and scripts so. */
  #quoted(): Buffer {
    const bytes = this.#text()
    if (bytes[this.#at] !== DQUOTE) throw new ManageSieveSyntaxError('a string')
    const start = this.#at + 1
    const end = endOfQuoted(bytes, start)
    if (end < 0) throw new ManageSieveSyntaxError('a quote at the end of the string')
    this.#at = end + 1
    const inside = bytes.subarray(start, end)
    return inside.includes(BACKSLASH) ? withoutBackslashes(inside) : inside
  }

  /** Of the segment that is being read, unless that is a literal. */
  #text(): Buffer {
    const segment = this.#segments[this.#segment]
    return segment?.kind === 'text' ? segment.bytes : nothing
  }

  #byte(): number | undefined {
    const bytes = this.#text()
    if (this.#at < bytes.length) return bytes[this.#at]
    // What stands before a literal ends with the space before it.
    if (this.#segment < this.#segments.length - 1 && bytes !== nothing) {
      this.#segment++
      this.#at = 0
    }
    return undefined
  }

  #isEnd(): boolean {
    const segment = this.#segments[this.#segment]
    return segment === undefined || (segment.kind === 'text' && this.#at >= segment.bytes.length)
  }
}

const nothing = Buffer.alloc(0)
const SPACE = 0x20
const DQUOTE = 0x22
const BACKSLASH = 0x5c

const isDigit = (byte: number | undefined) => byte !== undefined && byte >= 0x30 && byte <= 0x39
/** Letters are all that names of commands have. */
const isAtomByte = (byte: number | undefined) =>
  byte !== undefined && ((byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a))

/** Of the quote that ends it; -1 for none. */
function endOfQuoted(bytes: Buffer, start: number): number {
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === DQUOTE) return at
    if (byte === 0 || byte === 0x0d) throw new ManageSieveSyntaxError('a literal for such a string')
    if (byte === BACKSLASH) {
      at++
      const next = bytes[at]
      if (next !== DQUOTE && next !== BACKSLASH) {
        throw new ManageSieveSyntaxError('a quote or a backslash behind a backslash')
      }
    }
  }
  return -1
}

function withoutBackslashes(bytes: Buffer): Buffer {
  const text = Buffer.allocUnsafe(bytes.length)
  let length = 0
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === BACKSLASH) at++
    text[length++] = bytes[at] ?? 0
  }
  return text.subarray(0, length)
}
