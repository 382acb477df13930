import { describe, expect, it } from 'vitest'
import {
  decodeStrings,
  encodePacket,
  encodeStrings,
  MilterFailure,
  PACKET_BYTES_MAX,
  PacketReader,
} from '#services/content/milter/packet.ts'

describe('packets of the milter protocol', () => {
  const bytes = Buffer.concat([
    encodePacket('c'),
    encodePacket('h', encodeStrings(['X-One', 'two'], 'latin1')),
    encodePacket('a'),
  ])

  it('begin with the length of letter and data', () => {
    expect(encodePacket('L', Buffer.from('ab'))).toEqual(Buffer.from('\0\0\0\x03Lab', 'latin1'))
  })

  it.each([1, 2, 3, 5, 7, bytes.length])('come whole out of pieces of %i bytes', (size) => {
    const reader = new PacketReader()
    const packets = []
    for (let at = 0; at < bytes.length; at += size) {
      packets.push(...reader.push(bytes.subarray(at, at + size)))
    }
    expect(packets.map(({ command, data }) => [command, decodeStrings(data, 'latin1')])).toEqual([
      ['c', []],
      ['h', ['X-One', 'two']],
      ['a', []],
    ])
  })

  it('are bounded, on both sides of the limit', () => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(PACKET_BYTES_MAX)
    expect(new PacketReader().push(length)).toEqual([])
    length.writeUInt32BE(PACKET_BYTES_MAX + 1)
    expect(() => new PacketReader().push(length)).toThrow(MilterFailure)
    expect(() => new PacketReader().push(Buffer.alloc(4))).toThrow('packet of 0 bytes')
  })

  it('hold no string with a NUL in it', () => {
    expect(encodeStrings(['a\0b', 'c'], 'latin1').toString('latin1')).toBe('ab\0c\0')
  })
})
