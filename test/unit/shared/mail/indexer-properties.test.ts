import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeIndex, encodeIndex } from '#shared/mail/index-codec.ts'
import type { MessageIndex, Part, Span } from '#shared/mail/message-index.ts'
import { fixture, fixtureNames } from '#test/support/corpus.ts'
import { indexOf } from './index-of.ts'

const fixtures = fixtureNames().map(fixture)

/** Pieces that mean something to the indexer, in any order: more telling than random bytes. */
const fragments = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  '--a',
  '--ab',
  '--a--',
  '--ab--',
  '-',
  ' ',
  '\0',
  '\xff',
  '--a\r\n',
  '--ab\r\n',
  '--a\r\nContent-Type: multipart/mixed; boundary=ab\r\n\r\n',
  '--ab\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n',
  'Content-Type: multipart/mixed; boundary=a\r\n',
  'Content-Type: multipart/digest; boundary=ab\r\n',
  'Content-Type: multipart/mixed\r\n',
  'Content-Type: message/rfc822\r\n',
  'Content-Type: text/html; charset="x\r\n',
  'Content-Transfer-Encoding: base64\r\n',
  'To: g: "a\\" <@r,@s:b@[c]> (d(e), f@g;\r\n',
  'Subject: s\r\n',
  'text',
]

const fromFragments = fc
  .tuple(
    fc.constantFrom('', 'Content-Type: multipart/mixed; boundary=a\r\n\r\n'),
    fc.array(fc.constantFrom(...fragments), { maxLength: 60 }),
  )
  .map(([head, list]) => Buffer.from(head + list.join(''), 'latin1'))

const randomBytes = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))

/** A committed message with bytes removed, doubled, overwritten, or with a piece of another one in it. */
const mutated = fc
  .record({
    message: fc.constantFrom(...fixtures),
    other: fc.constantFrom(...fixtures),
    edits: fc.array(
      fc.record({
        kind: fc.constantFrom('remove', 'double', 'overwrite', 'splice'),
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        length: fc.nat(80),
        byte: fc.constantFrom(0, 10, 13, 32, 34, 40, 45, 58, 59, 255),
      }),
      { maxLength: 6 },
    ),
  })
  .map(({ message, other, edits }) => {
    let bytes = message
    for (const { kind, at, length, byte } of edits) {
      const start = Math.floor(at * bytes.length)
      const piece = bytes.subarray(start, start + length)
      const before = bytes.subarray(0, start)
      const after = bytes.subarray(start + length)
      const otherStart = Math.floor(at * other.length)
      if (kind === 'remove') bytes = Buffer.concat([before, after])
      else if (kind === 'double') bytes = Buffer.concat([before, piece, piece, after])
      else if (kind === 'overwrite') {
        bytes = Buffer.concat([before, Buffer.of(byte), bytes.subarray(start + 1)])
      } else {
        const inserted = other.subarray(otherStart, otherStart + length)
        bytes = Buffer.concat([before, inserted, bytes.subarray(start)])
      }
    }
    return bytes
  })

const messages = fc.oneof(fromFragments, mutated, randomBytes)
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 })

describe('MessageIndexer on any bytes', () => {
  it('finds the same in whatever pieces they come, byte by byte too', () => {
    fc.assert(
      fc.property(messages, sizes, (message, pieces) => {
        const whole = indexOf(message)
        expect(indexOf(message, pieces)).toEqual(whole)
        expect(indexOf(message, [1])).toEqual(whole)
      }),
      { numRuns: 1000 },
    )
  })

  it('has spans inside the message, nested, in order and apart from each other', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const index = indexOf(message)
        expect(index.structure.header).toEqual([0, index.headerBytes])
        expect(end(index.structure.body)).toBe(message.length)
        checkPart(index.structure, message)
      }),
      { numRuns: 2000 },
    )
  })

  it('makes an index that is stored and read back exactly', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const index = indexOf(message)
        expect(decodeIndex(encodeIndex(index))).toEqual<MessageIndex>(index)
      }),
      { numRuns: 1000 },
    )
  })
})

function checkPart(part: Part, message: Buffer): void {
  expect(part.header[1]).toBeGreaterThanOrEqual(0)
  expect(part.body[1]).toBeGreaterThanOrEqual(0)
  expect(end(part.header)).toBe(part.body[0])
  expect(end(part.body)).toBeLessThanOrEqual(message.length)
  const body = message.subarray(part.body[0], end(part.body))
  expect(part.lines).toBe(body.filter((byte) => byte === 10).length)
  if (part.kind === 'message') {
    expect(part.message.header[0]).toBe(part.body[0])
    expect(end(part.message.body)).toBe(end(part.body))
    checkPart(part.message, message)
  }
  if (part.kind === 'multipart') {
    expect(part.parts.length).toBeGreaterThan(0)
    let before = part.body[0]
    for (const child of part.parts) {
      expect(child.header[0]).toBeGreaterThanOrEqual(before)
      before = end(child.body)
      checkPart(child, message)
    }
    expect(before).toBeLessThanOrEqual(end(part.body))
  }
}

function end([offset, length]: Span): number {
  return offset + length
}
