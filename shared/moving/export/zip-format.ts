// Records of a zip file (PKWARE APPNOTE 6.3.10), each entry written as it comes: sizes and the check stand behind its bytes. All of it has the
// 64-bit form where a number needs it (§4.3.14), so that a mailbox may be of any size.

const SIGNATURES = {
  local: 0x04034b50,
  descriptor: 0x08074b50,
  central: 0x02014b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
  end: 0x06054b50,
} as const

const VERSION_64 = 45
const UNIX = 3
/** §4.4.4: sizes follow the bytes; names are UTF-8. */
const FLAGS = (1 << 3) | (1 << 11)
const DEFLATED = 8
const UINT32_MAX = 0xffff_ffff
const UINT16_MAX = 0xffff
const EXTRA_64 = 0x0001
/** Extended timestamp: seconds since 1970 in UTC. */
const EXTRA_TIME = 0x5455
const FILE_MODE = 0o100_600
const FOLDER_MODE = 0o040_700

export type ZipEntry = {
  readonly path: string
  readonly changedMs: number
  readonly crc: number
  readonly packedBytes: number
  readonly bytes: number
  /** Where it begins in the file. */
  readonly offset: number
}

export type ZipName = Pick<ZipEntry, 'path' | 'changedMs'>

/** §4.4.6: in two-second steps from 1980. */
function dosTime(ms: number): { readonly time: number; readonly date: number } {
  const date = new Date(Math.max(ms, Date.UTC(1980, 0, 1)))
  const year = Math.min(date.getUTCFullYear(), 2107) - 1980
  return {
    time: (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1),
    date: (year << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate(),
  }
}

function timeExtra(ms: number): Buffer {
  const extra = Buffer.alloc(9)
  extra.writeUInt16LE(EXTRA_TIME, 0)
  extra.writeUInt16LE(5, 2)
  extra.writeUInt8(1, 4)
  extra.writeInt32LE(Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.floor(ms / 1_000))), 5)
  return extra
}

/** §4.3.7. An empty extra of 64 bits says that the descriptor has such sizes. */
export function localHeader({ path, changedMs }: ZipName): Buffer {
  const name = Buffer.from(path)
  const extra64 = Buffer.alloc(20)
  extra64.writeUInt16LE(EXTRA_64, 0)
  extra64.writeUInt16LE(16, 2)
  const extra = Buffer.concat([extra64, timeExtra(changedMs)])
  const { time, date } = dosTime(changedMs)
  const head = Buffer.alloc(30)
  head.writeUInt32LE(SIGNATURES.local, 0)
  head.writeUInt16LE(VERSION_64, 4)
  head.writeUInt16LE(FLAGS, 6)
  head.writeUInt16LE(DEFLATED, 8)
  head.writeUInt16LE(time, 10)
  head.writeUInt16LE(date, 12)
  head.writeUInt32LE(UINT32_MAX, 18)
  head.writeUInt32LE(UINT32_MAX, 22)
  head.writeUInt16LE(name.length, 26)
  head.writeUInt16LE(extra.length, 28)
  return Buffer.concat([head, name, extra])
}

/** §4.3.9, with sizes of 64 bits. */
export function dataDescriptor({
  crc,
  packedBytes,
  bytes,
}: Pick<ZipEntry, 'crc' | 'packedBytes' | 'bytes'>): Buffer {
  const descriptor = Buffer.alloc(24)
  descriptor.writeUInt32LE(SIGNATURES.descriptor, 0)
  descriptor.writeUInt32LE(crc, 4)
  descriptor.writeBigUInt64LE(BigInt(packedBytes), 8)
  descriptor.writeBigUInt64LE(BigInt(bytes), 16)
  return descriptor
}

/** §4.3.12; numbers that need 64 bits stand in the extra, in this order (§4.5.3). */
export function centralHeader(entry: ZipEntry): Buffer {
  const { path, changedMs, crc, packedBytes, bytes, offset } = entry
  const name = Buffer.from(path)
  const large = [bytes, packedBytes, offset].filter((value) => value >= UINT32_MAX)
  const extra64 = Buffer.alloc(large.length === 0 ? 0 : 4 + 8 * large.length)
  if (large.length > 0) {
    extra64.writeUInt16LE(EXTRA_64, 0)
    extra64.writeUInt16LE(8 * large.length, 2)
    for (const [i, value] of large.entries()) extra64.writeBigUInt64LE(BigInt(value), 4 + 8 * i)
  }
  const extra = Buffer.concat([extra64, timeExtra(changedMs)])
  const { time, date } = dosTime(changedMs)
  const isFolder = path.endsWith('/')
  const head = Buffer.alloc(46)
  head.writeUInt32LE(SIGNATURES.central, 0)
  head.writeUInt8(VERSION_64, 4)
  head.writeUInt8(UNIX, 5)
  head.writeUInt16LE(VERSION_64, 6)
  head.writeUInt16LE(FLAGS, 8)
  head.writeUInt16LE(DEFLATED, 10)
  head.writeUInt16LE(time, 12)
  head.writeUInt16LE(date, 14)
  head.writeUInt32LE(crc, 16)
  head.writeUInt32LE(Math.min(packedBytes, UINT32_MAX), 20)
  head.writeUInt32LE(Math.min(bytes, UINT32_MAX), 24)
  head.writeUInt16LE(name.length, 28)
  head.writeUInt16LE(extra.length, 30)
  head.writeUInt32LE(((isFolder ? FOLDER_MODE : FILE_MODE) << 16) >>> 0, 38)
  head.writeUInt32LE(Math.min(offset, UINT32_MAX), 42)
  return Buffer.concat([head, name, extra])
}

/** §4.3.14 to §4.3.16; `offset`: where the central directory begins. */
export function endOfZip(entries: number, offset: number, bytes: number): Buffer {
  const end = Buffer.alloc(22)
  end.writeUInt32LE(SIGNATURES.end, 0)
  end.writeUInt16LE(Math.min(entries, UINT16_MAX), 8)
  end.writeUInt16LE(Math.min(entries, UINT16_MAX), 10)
  end.writeUInt32LE(Math.min(bytes, UINT32_MAX), 12)
  end.writeUInt32LE(Math.min(offset, UINT32_MAX), 16)
  const isSmall = entries < UINT16_MAX && bytes < UINT32_MAX && offset < UINT32_MAX
  if (isSmall) return end
  const end64 = Buffer.alloc(56)
  end64.writeUInt32LE(SIGNATURES.end64, 0)
  end64.writeBigUInt64LE(44n, 4)
  end64.writeUInt8(VERSION_64, 12)
  end64.writeUInt8(UNIX, 13)
  end64.writeUInt16LE(VERSION_64, 14)
  end64.writeBigUInt64LE(BigInt(entries), 24)
  end64.writeBigUInt64LE(BigInt(entries), 32)
  end64.writeBigUInt64LE(BigInt(bytes), 40)
  end64.writeBigUInt64LE(BigInt(offset), 48)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(SIGNATURES.locator64, 0)
  locator.writeBigUInt64LE(BigInt(offset + bytes), 8)
  locator.writeUInt32LE(1, 16)
  return Buffer.concat([end64, locator, end])
}
