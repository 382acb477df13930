import { expect, it } from 'vitest'
import { takeRandomBytes } from '#shared/runtime/random-bytes.ts'

it('takeRandomBytes gives so many, none twice', () => {
  const taken = Array.from({ length: 5_000 }, () => Buffer.from(takeRandomBytes(8)).toString('hex'))
  expect(taken.every((one) => one.length === 16)).toBe(true)
  expect(new Set(taken).size).toBe(taken.length)
  expect(takeRandomBytes(4_096)).toHaveLength(4_096)
})
