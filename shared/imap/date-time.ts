// Dates of RFC 9051 §9: date-time of INTERNALDATE and APPEND, date of SEARCH.

import { acceptsShortDay } from './quirks.ts'

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const monthNumbers = new Map(months.map((name, index) => [name.toUpperCase(), index]))

// date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE (without the quotes)
const dateTimePattern =
  /^([ \d]\d|\d)-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/
// date-text = date-day "-" date-month "-" date-year
const datePattern = /^(\d\d?)-([A-Za-z]{3})-(\d{4})$/

const MINUTE_MS = 60_000

/** Milliseconds since 1970 of a date-time, undefined for none. A leap second is the second after it. */
export function parseDateTime(text: string): number | undefined {
  const match = dateTimePattern.exec(text)
  if (match === null) return undefined
  const [, day = '', month = '', year = '', hour, minute, second, sign, zoneHours, zoneMinutes] =
    match
  if (day.length === 1 && !acceptsShortDay) return undefined
  const midnight = dayStart(day, month, year)
  if (midnight === undefined) return undefined
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined
  if (Number(zoneHours) > 23 || Number(zoneMinutes) > 59) return undefined
  const zoneMs = (Number(zoneHours) * 60 + Number(zoneMinutes)) * MINUTE_MS
  const local = midnight + (Number(hour) * 60 + Number(minute)) * MINUTE_MS + Number(second) * 1000
  return sign === '-' ? local + zoneMs : local - zoneMs
}

/** `17-Jul-1996 02:44:25 -0700` without quotes; the zone is that of the answer, not of what was stored. */
export function formatDateTime(ms: number, zoneMinutes = 0): string {
  const date = new Date(ms + zoneMinutes * MINUTE_MS)
  const day = `${date.getUTCDate()}`.padStart(2, ' ')
  const year = `${date.getUTCFullYear()}`.padStart(4, '0')
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`
  const zone = Math.abs(zoneMinutes)
  const sign = zoneMinutes < 0 ? '-' : '+'
  return `${day}-${months[date.getUTCMonth()]}-${year} ${time} ${sign}${two(Math.trunc(zone / 60))}${two(zone % 60)}`
}

/** Milliseconds since 1970 of the beginning of a date's day, as if it were UTC; undefined for no date. */
export function parseDate(text: string): number | undefined {
  const match = datePattern.exec(text)
  if (match === null) return undefined
  const [, day = '', month = '', year = ''] = match
  return dayStart(day, month, year)
}

function dayStart(day: string, month: string, year: string): number | undefined {
  const monthNumber = monthNumbers.get(month.toUpperCase())
  if (monthNumber === undefined) return undefined
  const date = new Date(0)
  date.setUTCFullYear(Number(year), monthNumber, Number(day))
  // 30-Feb would be 1 or 2 March.
  return date.getUTCDate() === Number(day) ? date.getTime() : undefined
}

function two(number: number): string {
  return number < 10 ? `0${number}` : `${number}`
}
