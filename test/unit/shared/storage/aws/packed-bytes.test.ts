import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packBytes, unpackBytes } from '#shared/storage/aws/packed-bytes.ts'
import { ITEM_BYTES_MAX } from '#shared/storage/ports.ts'

describe('packed bytes', () => {
  it('come back as they were, and are never more than a byte longer', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 3_000 }),
          fc.string({ maxLength: 3_000 }).map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          const packed = packBytes(bytes)
          expect(packed.length).toBeLessThanOrEqual(bytes.length + 1)
          expect(Buffer.from(unpackBytes(packed)).equals(bytes)).toBe(true)
        },
      ),
    )
  })

  it('shrink where there is something to shrink', () => {
    const index = Buffer.from('multipart/alternative text/plain charset utf-8 base64 '.repeat(20))
    expect(packBytes(index).length).toBeLessThan(index.length / 5)
  })

  it('come back at the greatest size an item can have', () => {
    const zeros = new Uint8Array(ITEM_BYTES_MAX)
    expect(unpackBytes(packBytes(zeros))).toHaveLength(ITEM_BYTES_MAX)
  })

  it('can be read as they were written once: this never changes', () => {
    const stored = 'AcMaaNYKIKP1weaiRY011NnWCgaGRsYmpmbmFpYA'
    expect(Buffer.from(unpackBytes(Buffer.from(stored, 'base64'))).toString()).toBe(
      'multipart/alternative; text/plain; charset=utf-8; base64; 0123456789',
    )
    expect(Buffer.from(unpackBytes(Buffer.of(0, 1, 2)))).toEqual(Buffer.of(1, 2))
  })

  it.each([[[]], [[2, 1, 2, 3]]])('%j are refused', (bytes) => {
    expect(() => unpackBytes(Uint8Array.from(bytes))).toThrow('unknown way')
  })

  it('cut off ones are refused', () => {
    const packed = packBytes(Buffer.alloc(1_000, 'multipart'))
    expect(() => unpackBytes(packed.subarray(0, packed.length - 4))).toThrow()
  })
})
