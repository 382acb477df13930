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

const LOCAL = 0x04034b50
const CENTRAL = 0x02014b50
const LOCAL_BYTES = 30
const CENTRAL_BYTES = 46
const SIGNATURE_BYTES = 4
const ENCRYPTED = 0x1
const UTF8 = 0x800
const DEFLATED = 8
const PK = Buffer.from('PK')

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
    for (let at = bytes.indexOf(PK); at !== -1; at = bytes.indexOf(PK, at + PK.length)) {
      if (!this.#isLookedAt(bytes, at) && !isEnd) return at
    }
    // A P that a K may follow.
    return bytes.at(-1) === PK[0] ? bytes.length - 1 : bytes.length
  }

  /** False where more must be seen. */
  #isLookedAt(bytes: Buffer, at: number): boolean {
    const left = bytes.length - at
    if (left < SIGNATURE_BYTES) return false
    const signature = bytes.readUInt32LE(at)
    if (signature !== LOCAL && signature !== CENTRAL) return true
    const isLocal = signature === LOCAL
    const headerBytes = isLocal ? LOCAL_BYTES : CENTRAL_BYTES
    if (left < headerBytes) return false
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
