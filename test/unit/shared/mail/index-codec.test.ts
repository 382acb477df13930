import { describe, expect, it } from 'vitest'
import { MalformedIndex } from '#shared/mail/index/byte-codec.ts'
import { decodeIndex, encodeIndex, repeatsFields } from '#shared/mail/index-codec.ts'
import type { MessageIndex, Part } from '#shared/mail/message-index.ts'
import { corpus, fixture, fixtureNames } from '#test/support/corpus.ts'
import { indexOf } from './index-of.ts'

const OLDER =
  '011a0392aae88c8053d0516a69df17f7833ff624a21a73319f5abe1ca97fba68eb96221a000261000000000000000000001a1a00047465787405706c61696e0107636861727365740875732d617363696900000437626974000000000000000107000a'

describe('encodeIndex and decodeIndex', () => {
  it('give back every index of the corpus exactly', () => {
    for (const { name, bytes } of corpus()) {
      const index = indexOf(bytes)
      expect(decodeIndex(encodeIndex(index)), name).toEqual(index)
    }
  })

  it('give back numbers up to 2^53-1, empty and 8-bit strings', () => {
    const index: MessageIndex = {
      ...indexOf('To: a@b\r\n\r\n'),
      bytes: Number.MAX_SAFE_INTEGER,
      lines: 127,
      headerBytes: 128,
      lineBytesMax: 2 ** 32,
      deliveredTo: ['', '\0\xff', 'x'.repeat(5000)],
      eightBit: true,
    }
    expect(decodeIndex(encodeIndex(index))).toEqual(index)
  })

  it('tell whether fields are repeated without being decoded', () => {
    for (const lineBytesMax of [0, 127, 128, 20_000, 2 ** 40]) {
      for (const flags of [0, 1, 2, 3]) {
        const facts = { eightBit: (flags & 1) > 0, containsNul: (flags & 2) > 0, lineBytesMax }
        for (const repeats of [true, false]) {
          const index = { ...indexOf('x'), ...facts, repeatsFields: repeats }
          expect(repeatsFields(encodeIndex(index))).toBe(repeats)
          expect(decodeIndex(encodeIndex(index)).repeatsFields).toBe(repeats)
        }
      }
    }
  })

  it('read what a version made that did not note them', () => {
    // `indexOf('Subject: a\r\nSubject: b\r\n\r\n')` of that version.
    const stored = Buffer.from(OLDER, 'hex')
    expect(decodeIndex(stored)).toMatchObject({ repeatsFields: false, envelope: { subject: 'a' } })
    expect(repeatsFields(stored)).toBe(false)
  })

  it('keep a typical message under half a kilobyte', () => {
    expect(encodeIndex(indexOf(fixture('alternative'))).length).toBeLessThan(500)
  })

  it('refuse every cut index', () => {
    for (const name of fixtureNames()) {
      const bytes = encodeIndex(indexOf(fixture(name)))
      for (let length = 0; length < bytes.length; length++) {
        expect(() => decodeIndex(bytes.subarray(0, length)), `${name} ${length}`).toThrow(
          MalformedIndex,
        )
      }
    }
  })

  it('refuse bytes after the end', () => {
    const bytes = encodeIndex(indexOf('x'))
    expect(() => decodeIndex(Buffer.concat([bytes, Buffer.of(0)]))).toThrow(MalformedIndex)
  })

  it('refuse another version', () => {
    for (const version of [0, 2, 255]) {
      const bytes = Buffer.from(encodeIndex(indexOf('x')))
      bytes[0] = version
      expect(() => decodeIndex(bytes)).toThrow(MalformedIndex)
    }
  })

  it('refuse changed bytes or give a well-formed index, and nothing else', () => {
    const bytes = encodeIndex(indexOf(fixture('attached-message')))
    let refused = 0
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0, 1, 3, 127, 128, 255]) {
        const changed = Buffer.from(bytes)
        changed[at] = value
        try {
          const index = decodeIndex(changed)
          // One index has one encoding.
          expect(Buffer.from(encodeIndex(index)).equals(changed)).toBe(true)
        } catch (error) {
          if (!(error instanceof MalformedIndex)) throw error
          refused++
        }
      }
    }
    expect(refused).toBeGreaterThan(bytes.length)
  })

  it('refuse nesting beyond the limit and multiparts without parts', () => {
    const leaf = indexOf('x')
    let part: Part = leaf.structure
    for (let depth = 1; depth < 50; depth++) part = multipart(leaf.structure, [part])
    const deepest = { ...leaf, structure: part }
    expect(decodeIndex(encodeIndex(deepest))).toEqual(deepest)
    const tooDeep = { ...leaf, structure: multipart(leaf.structure, [part]) }
    expect(() => decodeIndex(encodeIndex(tooDeep))).toThrow(MalformedIndex)
    const empty = { ...leaf, structure: multipart(leaf.structure, []) }
    expect(() => decodeIndex(encodeIndex(empty))).toThrow(MalformedIndex)
  })

  it('do not store a name that has no number', () => {
    expect(() => encodeIndex({ ...indexOf('x'), has: ['x-other'] })).toThrow('x-other')
  })
})

function multipart(like: Part, parts: readonly Part[]): Part {
  return { ...like, kind: 'multipart', parts }
}
