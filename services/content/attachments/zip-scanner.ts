// Names of files in zip archives (PKWARE APPNOTE 4.3), found while the archive's bytes pass: headers of files and entries of the central
// directory are recognised wherever they stand, as programs that open archives are content with either. So what stands in an archive that
// is stored in another without compression is found too; a compressed one is handed out for whoever wants to look into it.

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

export class ZipScanner {
  readonly #visit: (entry: ZipEntry, content: Content) => void
  #held: Buffer = Buffer.alloc(0)

  /** `content`: bytes behind the entry's header that are here already. */
  constructor(visit: (entry: ZipEntry, content: Content) => void) {
    this.#visit = visit
  }

  push(piece: Uint8Array): void {
    const bytes = this.#held.length === 0 ? asBuffer(piece) : Buffer.concat([this.#held, piece])
    let at = 0
    for (;;) {
      const found = bytes.indexOf(PK, at)
      if (found === -1) {
        // A P that a K may follow.
        this.#hold(bytes, bytes.at(-1) === PK[0] ? Math.max(at, bytes.length - 1) : bytes.length)
        return
      }
      const next = this.#entryAt(bytes, found)
      if (next === undefined) {
        this.#hold(bytes, found)
        return
      }
      at = next
    }
  }

  /** The memory is somebody else's afterwards. */
  #hold(bytes: Buffer, from: number): void {
    this.#held = Buffer.from(bytes.subarray(from))
  }

  /** Where to look on; undefined: more must be seen. */
  #entryAt(bytes: Buffer, at: number): number | undefined {
    const left = bytes.length - at
    if (left < SIGNATURE_BYTES) return undefined
    const signature = bytes.readUInt32LE(at)
    if (signature !== LOCAL && signature !== CENTRAL) return at + PK.length
    const isLocal = signature === LOCAL
    const headerBytes = isLocal ? LOCAL_BYTES : CENTRAL_BYTES
    if (left < headerBytes) return undefined
    const flags = bytes.readUInt16LE(at + (isLocal ? 6 : 8))
    const method = bytes.readUInt16LE(at + (isLocal ? 8 : 10))
    const nameBytes = bytes.readUInt16LE(at + (isLocal ? 26 : 28))
    const extraBytes = bytes.readUInt16LE(at + (isLocal ? 28 : 30))
    const nameEnd = at + headerBytes + nameBytes
    const contentStart = isLocal ? nameEnd + extraBytes : nameEnd
    if (bytes.length < contentStart) return undefined
    const name = bytes.subarray(at + headerBytes, nameEnd)
    const isEncrypted = (flags & ENCRYPTED) !== 0
    this.#visit(
      {
        name: name.toString((flags & UTF8) === 0 ? 'latin1' : 'utf8'),
        isEncrypted,
        deflated: isLocal && method === DEFLATED && !isEncrypted,
      },
      { here: bytes.subarray(contentStart) },
    )
    return contentStart
  }
}

export type Content = { readonly here: Buffer }
