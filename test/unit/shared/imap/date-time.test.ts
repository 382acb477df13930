import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatDateTime, parseDate, parseDateTime } from '#shared/imap/date-time.ts'

describe('parseDateTime', () => {
  it.each([
    // RFC 9051 §6.4.5, §7.5.2
    ['17-Jul-1996 02:44:25 -0700', '1996-07-17T09:44:25Z'],
    [' 7-Feb-1994 21:52:25 -0800', '1994-02-08T05:52:25Z'],
    ['07-feb-1994 21:52:25 +0000', '1994-02-07T21:52:25Z'],
    ['7-FEB-1994 21:52:25 +0545', '1994-02-07T16:07:25Z'],
    ['31-Dec-2016 23:59:60 +0000', '2017-01-01T00:00:00Z'],
    ['29-Feb-2024 00:00:00 +0000', '2024-02-29T00:00:00Z'],
    [' 1-Jan-0001 00:00:00 +0000', '0001-01-01T00:00:00Z'],
  ])('reads %s', (text, iso) => {
    expect(parseDateTime(text)).toBe(Date.parse(iso))
  })

  it.each([
    '',
    '17-Jul-1996',
    '17-Jul-1996 02:44:25',
    '17-Jul-96 02:44:25 -0700',
    '17-Juli-1996 02:44:25 -0700',
    '17-Xxx-1996 02:44:25 -0700',
    '29-Feb-2023 02:44:25 +0000',
    '31-Apr-2023 02:44:25 +0000',
    '00-Jul-1996 02:44:25 +0000',
    '32-Jul-1996 02:44:25 +0000',
    '17-Jul-1996 24:44:25 -0700',
    '17-Jul-1996 02:60:25 -0700',
    '17-Jul-1996 02:44:61 -0700',
    '17-Jul-1996 2:44:25 -0700',
    '17-Jul-1996 02:44:25 0700',
    '17-Jul-1996 02:44:25 GMT',
    '17-Jul-1996 02:44:25 +2400',
    '17-Jul-1996 02:44:25 +0060',
    '17-Jul-1996 02:44:25 -0700 ',
    '17 Jul 1996 02:44:25 -0700',
  ])('refuses %j', (text) => {
    expect(parseDateTime(text)).toBeUndefined()
  })
})

describe('formatDateTime', () => {
  it.each([
    ['1996-07-17T09:44:25Z', 0, '17-Jul-1996 09:44:25 +0000'],
    ['1996-07-17T09:44:25Z', -420, '17-Jul-1996 02:44:25 -0700'],
    ['1994-02-07T16:07:25.999Z', 345, ' 7-Feb-1994 21:52:25 +0545'],
  ] as const)('writes %s in zone %i as %j', (iso, zone, text) => {
    expect(formatDateTime(Date.parse(iso), zone)).toBe(text)
  })

  it('is read back to the second', () => {
    const ms = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000)
    fc.assert(
      fc.property(ms, fc.integer({ min: -1439, max: 1439 }), (time, zone) => {
        expect(parseDateTime(formatDateTime(time, zone))).toBe(time)
      }),
    )
  })
})

describe('parseDate', () => {
  it.each([
    ['1-Feb-1994', '1994-02-01'],
    ['01-Feb-1994', '1994-02-01'],
    ['31-dec-2026', '2026-12-31'],
  ])('reads %s', (text, iso) => {
    expect(parseDate(text)).toBe(Date.parse(iso))
  })

  it.each([
    '',
    '1-Feb',
    ' 1-Feb-1994',
    '1-Feb-94',
    '30-Feb-1994',
    '0-Feb-1994',
    '1.2.1994',
    '001-Feb-1994',
  ])('refuses %j', (text) => {
    expect(parseDate(text)).toBeUndefined()
  })
})
