// Hashes of a message's body as signatures have it (RFC 6376 §3.4.3, §3.4.4), while the body passes. Each form is made once, however many
// signatures want it.
//
// Implementation notes: one look at each byte and no line kept, since a body may be one line of many megabytes. Empty lines at the end
// are counted, as they count only if something follows them.

import { createHash, type Hash } from 'node:crypto'

export type Canonicalisation = 'simple' | 'relaxed'

/** One of the hashes of a body, in the shape mailauth's verifier asks it. */
export class BodyDigest {
  /** Of the form that is hashed, in bytes: with what is behind the limit, and up to it. */
  canonicalizedLength = 0
  bodyHashedBytes = 0
  /** Of the body as it came. Nobody asks it. */
  readonly byteLength = 0
  readonly #hash: Hash
  readonly #limit: number

  /** `limit`: the `l=` of the signature. */
  constructor(algorithm: string, limit: number) {
    this.#hash = createHash(algorithm)
    this.#limit = limit
  }

  update(canonical: Uint8Array): void {
    this.canonicalizedLength += canonical.length
    const room = this.#limit - this.bodyHashedBytes
    if (room <= 0) return
    const covered = canonical.length > room ? canonical.subarray(0, room) : canonical
    this.bodyHashedBytes += covered.length
    this.#hash.update(covered)
  }

  digest(encoding: 'base64'): string {
    return this.#hash.digest(encoding)
  }

  // What mailauth's hashes find for who changes messages.
  setContentType(): void {}
  getMimeStructureStart(): number {
    return 0
  }
}

/** A body in one form on its way into its hashes. */
export class CanonicalBody {
  readonly digests: BodyDigest[] = []
  readonly #isRelaxed: boolean
  /** A CR that may begin a line end. */
  #hasCr = false
  /** White space that may stand at the end of its line. */
  #hasBlank = false
  /** Line ends behind which nothing stood so far. */
  #lineEnds = 0
  #isEmpty = true
  #out = Buffer.allocUnsafe(OUT_BYTES)
  #length = 0

  constructor(form: Canonicalisation) {
    this.#isRelaxed = form === 'relaxed'
  }

  push(body: Uint8Array): void {
    for (let at = 0; at < body.length; at++) {
      const byte = body[at] ?? 0
      if (byte === LF) {
        this.#hasCr = false
        this.#hasBlank = false
        this.#lineEnds++
        continue
      }
      if (this.#hasCr) {
        this.#hasCr = false
        this.#write(CR)
      }
      if (byte === CR) this.#hasCr = true
      else if (this.#isRelaxed && (byte === SPACE || byte === TAB)) this.#hasBlank = true
      else this.#write(byte)
    }
    this.#flush()
  }

  finish(): void {
    if (this.#hasCr) this.#write(CR)
    // §3.4.4: a body of nothing stays one; §3.4.3: it is one line end.
    if (!this.#isEmpty || !this.#isRelaxed) this.#append(CR, LF)
    this.#flush()
  }

  #write(byte: number): void {
    for (; this.#lineEnds > 0; this.#lineEnds--) this.#append(CR, LF)
    this.#isEmpty = false
    if (this.#hasBlank) {
      this.#hasBlank = false
      this.#append(SPACE)
    }
    this.#append(byte)
  }

  #append(byte: number, second?: number): void {
    if (this.#length + 2 > OUT_BYTES) this.#flush()
    this.#out[this.#length++] = byte
    if (second !== undefined) this.#out[this.#length++] = second
  }

  #flush(): void {
    if (this.#length === 0) return
    const canonical = this.#out.subarray(0, this.#length)
    for (const digest of this.digests) digest.update(canonical)
    this.#length = 0
  }
}

const OUT_BYTES = 16 * 1024
const TAB = 9
const LF = 10
const CR = 13
const SPACE = 32
