// The Date field of a message (RFC 5322 §3.3, obsolete forms §4.3) as moment and as calendar day, for SEARCH and SORT. Tolerant
// of what mailers send: no day of the week, words for zones, comments, years of two digits, dashes between the parts.

import type { ByteString } from './message-index.ts'

export type SentDate = {
  /** The moment. Without a valid zone the time is UTC, without a valid time it is 00:00:00 (RFC 5256 §2.2). */
  readonly ms: number
  /** The beginning of the day as it was written, as if it were UTC. */
  readonly dayMs: number
}

/** Of an unfolded field body; undefined when it names no day. */
export function parseSentDate(value: ByteString): SentDate | undefined {
  const written = read(value)
  if (written === undefined) return undefined
  const { dayMs, timeMs, zoneMs } = written
  return { dayMs, ms: dayMs + (timeMs ?? 0) - (zoneMs ?? 0) }
}

export type ZonedDate = {
  readonly ms: number
  /** As it was written, east of UTC; none is UTC. */
  readonly zoneMinutes: number
}

/** The same for whoever wants a date that is right: undefined also where it has no time of day, or one or a zone that is wrong. */
export function parseZonedDate(value: ByteString): ZonedDate | undefined {
  const { dayMs, timeMs, zoneMs } = read(value) ?? {}
  if (dayMs === undefined || timeMs === undefined || zoneMs === undefined) return undefined
  return { ms: dayMs + timeMs - zoneMs, zoneMinutes: zoneMs / 60_000 }
}

function read(value: ByteString) {
  const match = pattern.exec(value.slice(0, DATE_CHARACTERS_MAX))
  if (match === null) return undefined
  const [, day = '', month = '', year = '', hours, minutes, seconds, zone = ''] = match
  const dayMs = dayStart(Number(day), months.indexOf(month.toLowerCase()), fullYear(year))
  if (dayMs === undefined) return undefined
  const hasTime = hours !== undefined
  const timeMs = hasTime
    ? timeOfDay(Number(hours), Number(minutes), Number(seconds ?? 0))
    : undefined
  return { dayMs, timeMs, zoneMs: zoneMs(zone) }
}

/** Beyond this nothing of a date comes; keeps the pattern's work small. */
const DATE_CHARACTERS_MAX = 200

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

// [day-of-week ","] day month year [hour ":" minute [":" second]] [zone], CFWS as blanks and dashes between
const pattern =
  /^\s*(?:[a-z]{3,9}\.?,?\s*)?(\d{1,2})[\s-]+([a-z]{3})[a-z]*\.?[\s-]+(\d{2,4})(?:[\s,]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:[.,]\d+)?(?:\s*([+-]\d{4}|[a-z]{1,5}))?)?/i

/** RFC 5322 §4.3: two digits are 2000 to 2049 or 1950 to 1999, three are counted from 1900. */
function fullYear(year: string): number {
  const number = Number(year)
  if (year.length === 2) return number < 50 ? 2000 + number : 1900 + number
  return year.length === 3 ? 1900 + number : number
}

function dayStart(day: number, month: number, year: number): number | undefined {
  if (month < 0) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month, day)
  return date.getUTCDate() === day ? date.getTime() : undefined
}

function timeOfDay(hours: number, minutes: number, seconds: number): number | undefined {
  if (hours > 23 || minutes > 59 || seconds > 60) return undefined
  return ((hours * 60 + minutes) * 60 + seconds) * 1000
}

function zoneMs(zone: string): number | undefined {
  const offset = /^([+-])(\d\d)(\d\d)$/.exec(zone)
  if (offset === null) return (namedZones.get(zone.toUpperCase()) ?? 0) * 3_600_000
  const [, sign, hours, minutes] = offset
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined
  const ms = (Number(hours) * 60 + Number(minutes)) * 60_000
  return sign === '-' ? -ms : ms
}

/** obs-zone in hours; the military ones were defined the wrong way round and mean nothing (RFC 5322 §4.3). */
const namedZones: ReadonlyMap<string, number> = new Map([
  ['EDT', -4],
  ['EST', -5],
  ['CDT', -5],
  ['CST', -6],
  ['MDT', -6],
  ['MST', -7],
  ['PDT', -7],
  ['PST', -8],
])
