import { describe, expect, it } from 'vitest'
import { formatDate } from '#shared/mail/date.ts'
import { parseSentDate, parseZonedDate } from '#shared/mail/sent-date.ts'

describe('parseSentDate', () => {
  const rows: readonly [string, string, string][] = [
    ['Fri, 20 Nov 2026 23:30:00 -0200', '2026-11-21T01:30:00Z', '2026-11-20'],
    ['20 Nov 2026 23:30 +0100', '2026-11-20T22:30:00Z', '2026-11-20'],
    ['Fri, 20 Nov 2026 00:30:00 +0100 (CET)', '2026-11-19T23:30:00Z', '2026-11-20'],
    ['Fri,20-nov-99 10:00:00 EST', '1999-11-20T15:00:00Z', '1999-11-20'],
    ['1 Jan 26 00:00:00 GMT', '2026-01-01T00:00:00Z', '2026-01-01'],
    ['1 Jan 126 00:00:00 Z', '2026-01-01T00:00:00Z', '2026-01-01'],
    ['Friday, 20 November 2026 10:00:00', '2026-11-20T10:00:00Z', '2026-11-20'],
    // RFC 5256 §2.2: invalid zone is UTC, invalid time 00:00:00
    ['20 Nov 2026 10:00:00 +9900', '2026-11-20T10:00:00Z', '2026-11-20'],
    ['20 Nov 2026 25:00:00 +0000', '2026-11-20T00:00:00Z', '2026-11-20'],
    ['20 Nov 2026', '2026-11-20T00:00:00Z', '2026-11-20'],
    ['29 Feb 2024 12:00:00 +0000', '2024-02-29T12:00:00Z', '2024-02-29'],
  ]
  it.each(rows)('reads %s', (value, moment, day) => {
    expect(parseSentDate(value)).toEqual({ ms: Date.parse(moment), dayMs: Date.parse(day) })
  })

  it.each(['', 'yesterday', '30 Feb 2026 10:00:00 +0000', '20 Foo 2026', '2026-11-20T10:00:00Z'])(
    'finds no day in %j',
    (value) => {
      expect(parseSentDate(value)).toBeUndefined()
    },
  )

  it('reads what formatDate writes', () => {
    const ms = Date.UTC(2026, 10, 20, 22, 10, 1)
    expect(parseSentDate(formatDate(ms))?.ms).toBe(ms)
  })
})

describe('parseZonedDate', () => {
  it.each([
    ['Fri, 20 Nov 2026 23:30:00 -0200', '2026-11-21T01:30:00Z', -120],
    ['20 Nov 2026 23:30 EST', '2026-11-21T04:30:00Z', -300],
    ['20 Nov 2026 23:30', '2026-11-20T23:30:00Z', 0],
    ['20 Nov 2026 23:59:60 -0000', '2026-11-21T00:00:00Z', 0],
  ])('reads %s', (value, moment, zoneMinutes) => {
    const found = parseZonedDate(value)
    expect(found?.ms).toBe(Date.parse(moment))
    expect(found?.zoneMinutes).toBeCloseTo(zoneMinutes)
  })

  it.each([
    '20 Nov 2026',
    '20 Nov 2026 24:00 +0000',
    '20 Nov 2026 10:00 +2500',
    '31 Nov 2026 10:00',
  ])('finds none that is right in %s', (value) => {
    expect(parseZonedDate(value)).toBeUndefined()
  })
})
