import { describe, expect, it } from 'vitest'
import { rangeOf } from '#services/api/range.ts'

const of = (range: string | undefined, condition?: string, bytes = 100) =>
  rangeOf(
    new Headers({
      ...(range !== undefined && { range }),
      ...(condition !== undefined && { 'if-range': condition }),
    }),
    { bytes, etag: '"a"' },
  )

describe('a range of bytes', () => {
  it.each([
    ['bytes=0-9', 0, 10],
    ['bytes=90-', 90, 10],
    ['bytes=-5', 95, 5],
    // RFC 9110 §14.1.2: more than there is means all there is.
    ['bytes=-500', 0, 100],
    ['bytes=90-500', 90, 10],
    ['bytes=99-99', 99, 1],
  ])('%s is a part', (range, offset, length) => {
    const { status, part, headers } = of(range)
    expect([status, part]).toEqual([206, { offset, length }])
    expect(headers['content-range']).toBe(`bytes ${offset}-${offset + length - 1}/100`)
    expect(headers['content-length']).toBe(String(length))
  })

  it.each(['bytes=100-', 'bytes=100-200', 'bytes=-0'])('%s is beyond the end', (range) => {
    expect(of(range)).toMatchObject({ status: 416, headers: { 'content-range': 'bytes */100' } })
  })

  // RFC 9110 §14.2: what is no range, or several, may be passed over.
  it.each([
    undefined,
    '',
    'bytes=',
    'bytes=-',
    'bytes=9-0',
    'bytes=0-1,5-6',
    'lines=0-1',
    'bytes=a-b',
    `bytes=0-${'9'.repeat(40)}`,
  ])('%s is as if nobody had asked for one', (range) => {
    const { status, part, headers } = of(range)
    expect([status, part]).toEqual([200, { offset: 0, length: 100 }])
    expect(headers['content-length']).toBe('100')
  })

  it('is of what was there before, or it is all of it', () => {
    expect(of('bytes=0-9', '"a"').status).toBe(206)
    expect(of('bytes=0-9', '"b"').status).toBe(200)
    expect(of('bytes=0-9', 'W/"a"').status).toBe(200)
  })
})
