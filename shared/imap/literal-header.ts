// The announcement of a literal at the end of a line: literal (RFC 9051 §4.3), non-synchronising literal (RFC 7888) and
// literal8 (RFC 3516 §4.4).
//
// Whether a line announces a literal decides what is read as a command and what as the content of a message. So there is one
// rule for it, for lines that are kept and for lines that are skipped, and it looks at every byte of the line: a brace inside a
// quoted string announces nothing. But no quoted string goes on behind the line (RFC 9051 §9): where one is open at its end, the
// command is malformed, and what its client sends next is the literal all the same.

export type LiteralHeader = {
  /** At most 2^53-1: what is announced beyond is no smaller for us. */
  readonly bytes: number
  /** False for `{n+}`, whose bytes follow without waiting for our continuation. */
  readonly synchronising: boolean
  /** literal8, `~{n}`: its bytes may hold NUL. */
  readonly binary: boolean
}

export type Announcement = {
  /** Where in the line it begins. */
  readonly start: number
  readonly literal: LiteralHeader
  /** Behind a quote that is never closed: nothing to be carried out, only to be skipped. */
  readonly afterOpenQuote: boolean
}

/** The literal a line without its end announces. literal = "{" number64 ["+"] "}" CRLF *CHAR8 */
export function literalHeaderAtEnd(line: Buffer): Announcement | undefined {
  if (line.at(-1) !== BRACE_CLOSE) return undefined
  const scanner = new AnnouncementScanner()
  scanner.push(line)
  return scanner.announced
}

/** How much of an announcement is there. From `digits` on it has a number. */
type Place = 'text' | 'tilde' | 'open' | 'digits' | 'plus' | 'closed' | 'cr'

/** Reads a line of any length, in pieces and without keeping them. */
export class AnnouncementScanner {
  #place: Place = 'text'
  #quote: 'none' | 'open' | 'escape' = 'none'
  /** Bytes read of the line. */
  #at = 0
  #start = 0
  #binary = false
  #synchronising = true
  #bytes = 0

  /** More of the line; its CR, or CR LF, may be among it at the end. */
  push(piece: Buffer): void {
    for (let i = 0; i < piece.length; i++) this.#read(piece[i] ?? 0, this.#at + i)
    this.#at += piece.length
  }

  /** What the line announces, had it ended here. */
  get announced(): Announcement | undefined {
    if (this.#place !== 'closed' && this.#place !== 'cr') return undefined
    const literal = {
      bytes: this.#bytes,
      synchronising: this.#synchronising,
      binary: this.#binary,
    }
    // An announcement has no quote in it: what is open now was open where it began.
    return { start: this.#start, literal, afterOpenQuote: this.#quote !== 'none' }
  }

  #read(byte: number, at: number): void {
    if (byte === DQUOTE || byte === BACKSLASH || this.#quote === 'escape') this.#readQuotes(byte)
    switch (this.#place) {
      case 'open':
      case 'digits':
        if (byte >= ZERO && byte <= NINE) {
          this.#bytes = Math.min(this.#bytes * 10 + byte - ZERO, Number.MAX_SAFE_INTEGER)
          this.#place = 'digits'
          return
        }
        if (this.#place === 'digits' && byte === PLUS) {
          this.#synchronising = false
          this.#place = 'plus'
          return
        }
        if (this.#place === 'digits' && byte === BRACE_CLOSE) {
          this.#place = 'closed'
          return
        }
        break
      case 'plus':
        if (byte === BRACE_CLOSE) {
          this.#place = 'closed'
          return
        }
        break
      case 'closed':
        if (byte === CR) {
          this.#place = 'cr'
          return
        }
        if (byte === LF) return
        break
      case 'cr':
        if (byte === LF) return
        break
      case 'tilde':
      case 'text':
        break
    }
    this.#readText(byte, at)
  }

  #readQuotes(byte: number): void {
    if (this.#quote === 'escape') this.#quote = 'open'
    else if (byte === DQUOTE) this.#quote = this.#quote === 'none' ? 'open' : 'none'
    else if (byte === BACKSLASH && this.#quote === 'open') this.#quote = 'escape'
  }

  #readText(byte: number, at: number): void {
    if (byte === BRACE_OPEN) {
      this.#binary = this.#place === 'tilde'
      this.#start = this.#binary ? at - 1 : at
      this.#synchronising = true
      this.#bytes = 0
      this.#place = 'open'
    } else this.#place = byte === TILDE ? 'tilde' : 'text'
  }
}

const LF = 0x0a
const CR = 0x0d
const DQUOTE = 0x22
const PLUS = 0x2b
const ZERO = 0x30
const NINE = 0x39
const BACKSLASH = 0x5c
const BRACE_OPEN = 0x7b
const BRACE_CLOSE = 0x7d
const TILDE = 0x7e
