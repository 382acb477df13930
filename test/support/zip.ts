// Writes zip archives for tests (PKWARE APPNOTE 4.3), as wrong as they are wanted.

import { crc32, deflateRawSync } from 'node:zlib'

export type ZippedFile = {
  readonly name: string
  readonly content?: Uint8Array
  readonly isDeflated?: boolean
  readonly isEncrypted?: boolean
}

export function zip(
  files: readonly ZippedFile[],
  { local = true, central = true }: { readonly local?: boolean; readonly central?: boolean } = {},
): Buffer {
  const locals: Buffer[] = []
  const centrals: Buffer[] = []
  let offset = 0
  for (const {
    name,
    content = Buffer.from(''),
    isDeflated = false,
    isEncrypted = false,
  } of files) {
    const nameBytes = Buffer.from(name)
    const bytes = isDeflated ? deflateRawSync(content) : Buffer.from(content)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(0x800 | (isEncrypted ? 1 : 0), 2)
    common.writeUInt16LE(isDeflated ? 8 : 0, 4)
    common.writeUInt32LE(crc32(content), 10)
    common.writeUInt32LE(bytes.length, 14)
    common.writeUInt32LE(content.length, 18)
    common.writeUInt16LE(nameBytes.length, 22)
    const header = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, nameBytes, bytes])
    locals.push(header)
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(offset, 10)
    const madeBy = Buffer.from([20, 0])
    const mark = Buffer.from('PK\x01\x02', 'latin1')
    centrals.push(Buffer.concat([mark, madeBy, common, rest, nameBytes]))
    offset += header.length
  }
  const directory = Buffer.concat(centrals)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(files.length, 8)
  end.writeUInt16LE(files.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...(local ? locals : []), ...(central ? [directory, end] : [])])
}
