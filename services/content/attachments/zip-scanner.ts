// Names of files in zip archives (PKWARE APPNOTE 4.3), found while the archive's bytes pass: headers of files and entries of the central
// directory are recognised wherever they stand, as programs that open archives are content with either. So what stands in an archive that
// is stored in another without compression is found too; a compressed one is handed out for whoever wants to look into it. Nothing that an
// entry says of itself keeps what follows from being looked at: programs believe the directory at the end, and skip what stands before.

import { asBuffer } from '#shared/runtime/bytes.ts'

export type ZipEntry = {
  readonly name: string
  readonly isEncrypted: boolean
  /** What follows is its compressed content (method 8); undefined for entries of the central directory, and for other methods. */
  readonly deflated: boolean
}

const LOCAL = Buffer.from('PK\x03\x04', 'latin1')
const CENTRAL = Buffer.from('PK\x01\x02', 'latin1')
const signatures = [LOCAL, CENTRAL]
const LOCAL_BYTES = 30
const CENTRAL_BYTES = 46
const ENCRYPTED = 0x1
const UTF8 = 0x800
const DEFLATED = 8
const P = 0x50

/** Of a name, from its end: its ending counts, and no system has longer ones. */
export const NAME_SEEN_BYTES_MAX = 1_024

export class ZipScanner {
  readonly #visit: (entry: ZipEntry, content: Content) => void
  #held: Buffer = Buffer.alloc(0)

  constructor(visit: (entry: ZipEntry, content: Content) => void) {
    this.#visit = visit
  }

  push(piece: Uint8Array): void {
    const bytes = this.#held.length === 0 ? asBuffer(piece) : Buffer.concat([this.#held, piece])
    // The memory is somebody else's afterwards.
    this.#held = Buffer.from(bytes.subarray(this.#scan(bytes, false)))
  }

  /** Nothing follows. */
  finish(): void {
    this.#scan(this.#held, true)
    this.#held = Buffer.alloc(0)
  }

  /** Up to where more must be seen. */
  #scan(bytes: Buffer, isEnd: boolean): number {
    const next = signatures.map((signature) => bytes.indexOf(signature))
    for (;;) {
      const found = next.filter((place) => place !== -1)
      if (found.length === 0) return tailOf(bytes)
      const at = Math.min(...found)
      if (!this.#isLookedAt(bytes, at) && !isEnd) return at
      const which = next.indexOf(at)
      next[which] = bytes.indexOf(signatures[which] ?? '', at + 1)
    }
  }

  /** False where more must be seen. */
  #isLookedAt(bytes: Buffer, at: number): boolean {
    const isLocal = bytes[at + 2] === LOCAL[2]
    const headerBytes = isLocal ? LOCAL_BYTES : CENTRAL_BYTES
    if (bytes.length - at < headerBytes) return false
    const flags = bytes.readUInt16LE(at + (isLocal ? 6 : 8))
    const method = bytes.readUInt16LE(at + (isLocal ? 8 : 10))
    const nameStart = at + headerBytes
    const nameEnd = nameStart + bytes.readUInt16LE(at + (isLocal ? 26 : 28))
    const contentStart = nameEnd + bytes.readUInt16LE(at + (isLocal ? 28 : 30))
    if (bytes.length < nameEnd) return false
    const name = bytes.subarray(Math.max(nameStart, nameEnd - NAME_SEEN_BYTES_MAX), nameEnd)
    const isEncrypted = (flags & ENCRYPTED) !== 0
    this.#visit(
      {
        name: name.toString((flags & UTF8) === 0 ? 'latin1' : 'utf8'),
        isEncrypted,
        deflated: isLocal && method === DEFLATED && !isEncrypted,
      },
      { here: bytes.subarray(contentStart), before: Math.max(0, contentStart - bytes.length) },
    )
    return true
  }
}

/** Bytes behind the entry's header that are here already, or how many come before them. */
export type Content = { readonly here: Buffer; readonly before: number }

/** Where a signature may begin whose rest is still to come. */
function tailOf(bytes: Buffer): number {
  const begin = bytes.indexOf(P, Math.max(0, bytes.length - LOCAL.length + 1))
  return begin === -1 ? bytes.length : begin
}
