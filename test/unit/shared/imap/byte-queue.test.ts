import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteQueue } from '#shared/imap/byte-queue.ts'

type Step =
  | { readonly kind: 'push'; readonly length: number }
  | { readonly kind: 'take' | 'skip' | 'peek' | 'takeSome'; readonly share: number }
  | { readonly kind: 'indexOfLf' }

const share = fc.double({ min: 0, max: 1, noNaN: true })
const steps: fc.Arbitrary<Step> = fc.oneof(
  // Around the sizes at which chunks are collected in blocks.
  fc
    .oneof(fc.nat(5), fc.nat(600), fc.constantFrom(511, 512, 513, 4095, 4096, 5000))
    .map((length) => ({ kind: 'push' as const, length })),
  fc.record({ kind: fc.constantFrom('take', 'skip', 'peek', 'takeSome'), share }),
  fc.constant({ kind: 'indexOfLf' as const }),
)

describe('ByteQueue', () => {
  it('gives the bytes that were pushed, whatever is asked in between', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 200, size: 'max' }), (asked) => {
        const queue = new ByteQueue()
        let model = Buffer.alloc(0)
        let next = 0
        const handedOut: { readonly bytes: Buffer; readonly copy: Buffer }[] = []
        for (const step of asked) {
          if (step.kind === 'push') {
            // Counts up; byte 10, the LF, comes once in 251 bytes.
            const chunk = Buffer.from(Array.from({ length: step.length }, () => next++ % 251))
            queue.push(chunk)
            model = Buffer.concat([model, chunk])
          } else if (step.kind === 'indexOfLf') {
            expect(queue.indexOfLf()).toBe(model.indexOf(10))
          } else {
            const bytes = Math.floor(step.share * model.length)
            if (step.kind === 'skip') queue.skip(bytes)
            else {
              const got = queue[step.kind](bytes)
              if (step.kind !== 'takeSome') expect(got).toHaveLength(bytes)
              else if (bytes > 0) expect(got.length).toBeGreaterThan(0)
              expect(got.equals(model.subarray(0, got.length))).toBe(true)
              handedOut.push({ bytes: got, copy: Buffer.from(got) })
              if (step.kind === 'takeSome') model = model.subarray(got.length)
            }
            if (step.kind === 'take' || step.kind === 'skip') model = model.subarray(bytes)
          }
          expect(queue.length).toBe(model.length)
        }
        for (const { bytes, copy } of handedOut) expect(bytes.equals(copy)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('collects what comes byte by byte', () => {
    const queue = new ByteQueue()
    const text = Buffer.from('0123456789abcdef'.repeat(1000))
    for (let at = 0; at < text.length; at++) queue.push(text.subarray(at, at + 1))
    expect(queue.take(text.length).equals(text)).toBe(true)
    expect(queue.length).toBe(0)
  })
})
