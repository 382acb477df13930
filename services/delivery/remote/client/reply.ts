// Replies of a server, as a push core without sockets: bytes in any pieces, replies out (RFC 5321 §4.2). Whatever comes is bounded: of a
// long line the beginning counts, of a long reply the first lines are kept, and a reply that does not end is told as such.

/** RFC 5321 §4.5.3.1.5 asks for 512; as Postfix's line_length_limit. What is behind it is dropped. */
export const REPLY_LINE_BYTES_MAX = 2_048
/** Of the lines of a reply; later ones are read and forgotten. */
export const REPLY_BYTES_KEPT_MAX = 16_384
/** Of one reply, whatever is kept of it. */
export const REPLY_BYTES_MAX = 1_048_576

export type Reply = {
  /** 100 to 599, of the last line: it ends the reply, and its code counts (RFC 5321 §4.2.1). */
  readonly code: number
  /** As they came, without line ends. The first one is never missing. */
  readonly lines: readonly string[]
  /** It began with what has no code: who has asked several things cannot know which of them this answers. */
  readonly isGarbled: boolean
}

const LF = 0x0a
const CR = 0x0d
const HYPHEN = 0x2d

export class ReplyReader {
  readonly #line = Buffer.allocUnsafe(REPLY_LINE_BYTES_MAX)
  #lineBytes = 0
  #lines: string[] = []
  #keptBytes = 0
  /** Of the reply that is not whole. */
  #bytes = 0
  #hasCode = false
  #isGarbled = false
  readonly #ready: (Reply | 'endless')[] = []
  #readyBytes = 0

  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) {
      const end = chunk.indexOf(LF, at)
      this.#take(chunk, at, end < 0 ? chunk.length : end)
      if (end >= 0) this.#endLine()
      if (this.#bytes > REPLY_BYTES_MAX) this.#finish('endless')
      at = end < 0 ? chunk.length : end + 1
    }
  }

  get hasReply(): boolean {
    return this.#ready.length > 0
  }

  /** Of what no reply was handed out for. */
  get pendingBytes(): number {
    return this.#readyBytes + this.#bytes
  }

  /** The next whole reply; undefined while there is none. `endless`: it is longer than anybody's patience. */
  next(): Reply | 'endless' | undefined {
    const reply = this.#ready.shift()
    if (this.#ready.length === 0) this.#readyBytes = 0
    return reply
  }

  #take(chunk: Uint8Array, from: number, end: number): void {
    const room = REPLY_LINE_BYTES_MAX - this.#lineBytes
    const kept = chunk.subarray(from, Math.min(end, from + room))
    this.#line.set(kept, this.#lineBytes)
    this.#lineBytes += kept.length
    this.#bytes += end - from
  }

  #endLine(): void {
    const line = this.#line
    let length = this.#lineBytes
    if (length > 0 && line[length - 1] === CR) length--
    this.#lineBytes = 0
    this.#bytes += 1
    const code = codeOf(line, length)
    if (this.#lines.length === 0 || this.#keptBytes + length <= REPLY_BYTES_KEPT_MAX) {
      this.#lines.push(line.toString('utf8', 0, length))
      this.#keptBytes += length
    }
    // As Postfix: what has no code ends nothing.
    if (code === 0 && !this.#hasCode) this.#isGarbled = true
    if (code === 0) return
    this.#hasCode = true
    const isLast = length === 3 || line[3] !== HYPHEN
    if (isLast) this.#finish({ code, lines: this.#lines, isGarbled: this.#isGarbled })
  }

  #finish(reply: Reply | 'endless'): void {
    this.#ready.push(reply)
    this.#readyBytes += this.#bytes
    this.#lines = []
    this.#keptBytes = 0
    this.#bytes = 0
    this.#lineBytes = 0
    this.#hasCode = false
    this.#isGarbled = false
  }
}

/** Reply-code = %x32-35 %x30-35 %x30-39, with what old servers still say: three digits, and then nothing, a space or a hyphen. */
function codeOf(line: Uint8Array, length: number): number {
  if (length < 3) return 0
  const [a = 0, b = 0, c = 0, behind = 0] = line
  if (length > 3 && behind !== 0x20 && behind !== HYPHEN) return 0
  if (a < 0x31 || a > 0x35 || b < 0x30 || b > 0x39 || c < 0x30 || c > 0x39) return 0
  return (a - 0x30) * 100 + (b - 0x30) * 10 + (c - 0x30)
}

export function textOf({ lines }: Reply): string {
  return lines.join('\n')
}

export function classOf({ code }: Reply): number {
  return Math.trunc(code / 100)
}
