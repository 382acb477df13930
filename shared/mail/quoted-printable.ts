// Quoted-printable, the writing side (RFC 2045 §6.7): lines stay lines, whatever is not plain ASCII becomes `=XX`.

/** RFC 2045 §6.7 (5), the `=` of a soft line break among them. */
export const LINE_CHARACTERS_MAX = 76

const CR = 0x0d
const LF = 0x0a
const SPACE = 0x20
const TAB = 0x09
const EQUALS = 0x3d
const DASH = 0x2d

const hex = Buffer.from('0123456789ABCDEF')

/** Bytes go in in pieces of any size; what comes out grows to less than four times as much. */
export class QuotedPrintableEncoder {
  #output = Buffer.alloc(0)
  #length = 0
  #column = 0
  #softBroken = false
  /** A blank or CR that cannot be written before what follows it is known. */
  #held: number | undefined

  push(bytes: Uint8Array): Buffer {
    this.#begin(bytes.length + 1)
    for (const byte of bytes) this.#take(byte)
    return this.#end()
  }

  finish(): Buffer {
    this.#begin(1)
    this.#quoteHeld()
    return this.#end()
  }

  #begin(bytes: number): void {
    // Three for a byte, and a soft line break of three for each 73 of them.
    this.#output = Buffer.allocUnsafe(4 * bytes + LINE_CHARACTERS_MAX)
    this.#length = 0
  }

  #end(): Buffer {
    return this.#output.subarray(0, this.#length)
  }

  #take(byte: number): void {
    if (this.#held === CR && byte === LF) {
      this.#held = undefined
      this.#write(CR)
      this.#write(LF)
      this.#column = 0
      this.#softBroken = false
      return
    }
    if (byte === CR) {
      // RFC 2045 §6.7 (3): no blank stands at the end of a line.
      this.#quoteHeld()
      this.#held = CR
      return
    }
    if (this.#held === CR) this.#quoteHeld()
    else if (this.#held !== undefined) this.#plain(this.#held)
    this.#held = undefined
    if (byte === SPACE || byte === TAB) this.#held = byte
    else if (byte > SPACE && byte < 0x7f && byte !== EQUALS) this.#plain(byte)
    else this.#quote(byte)
  }

  #quoteHeld(): void {
    if (this.#held !== undefined) this.#quote(this.#held)
    this.#held = undefined
  }

  #plain(byte: number): void {
    this.#makeRoom(1)
    // What a soft line break puts to the beginning of a line must not look like a boundary.
    if (byte === DASH && this.#softBroken && this.#column === 0) {
      this.#quote(byte)
      return
    }
    this.#write(byte)
    this.#column += 1
  }

  #quote(byte: number): void {
    this.#makeRoom(3)
    this.#write(EQUALS)
    this.#write(hex[byte >> 4] ?? 0)
    this.#write(hex[byte & 15] ?? 0)
    this.#column += 3
  }

  #makeRoom(characters: number): void {
    if (this.#column + characters < LINE_CHARACTERS_MAX) return
    this.#write(EQUALS)
    this.#write(CR)
    this.#write(LF)
    this.#column = 0
    this.#softBroken = true
  }

  #write(byte: number): void {
    this.#output[this.#length++] = byte
  }
}
