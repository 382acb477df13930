// The line that begins each message of an mbox: `From ann@example.org  Sat Jan  3 01:05:34 2026`, a time as asctime(3) writes it. A line that
// only looks like it, without a time, is one of the message; Dovecot tells them apart so too.

/** Longer ones begin no message. */
export const FROM_LINE_BYTES_MAX = 1_000

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

/** The time as it stands there, as if it were UTC, and how far UTC is behind it in minutes, where that stands there too. */
export type FromLine = { readonly localMs: number; readonly offsetMinutes: number | undefined }

/** `line` without its end. */
export function parseFromLine(line: string): FromLine | undefined {
  if (!line.startsWith('From ') || line.length > FROM_LINE_BYTES_MAX) return undefined
  const words = line.split(' ').filter((word) => word !== '')
  // The sender may have blanks in it, and may be missing.
  for (let i = 1; i + 4 <= words.length; i++) {
    const day = words[i]?.replace(/,$/, '').toLowerCase() ?? ''
    const month = months.indexOf(words[i + 1]?.toLowerCase() ?? '')
    if (!weekdays.includes(day) || month < 0) continue
    const found = timeOf(month, words.slice(i + 2))
    if (found !== undefined) return found
  }
  return undefined
}

/** `3 01:05:34 2026`, with a zone before or behind the year. */
function timeOf(month: number, words: readonly string[]): FromLine | undefined {
  const [dayText = '', clock = '', ...rest] = words
  const [, hour, minute, second = '0'] = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/.exec(clock) ?? []
  if (!/^\d{1,2}$/.test(dayText) || hour === undefined || minute === undefined) return undefined
  const year = rest.slice(0, 3).find((word) => /^\d{4}$/.test(word))
  if (year === undefined) return undefined
  const numbers = [dayText, hour, minute, second].map(Number)
  const [day = 0, h = 0, m = 0, s = 0] = numbers
  if (day < 1 || day > 31 || h > 23 || m > 59 || s > 60) return undefined
  const zone = rest.find((word) => /^[+-]\d{4}$/.test(word))
  const offset = zone === undefined ? undefined : minutesOf(zone)
  const isUtc = rest.some((word) => word === 'UTC' || word === 'GMT')
  return {
    localMs: Date.UTC(Number(year), month, day, h, m, s),
    offsetMinutes: offset ?? (isUtc ? 0 : undefined),
  }
}

/** Of `+0130`. */
function minutesOf(zone: string): number {
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3, 5))
  return zone.startsWith('-') ? -minutes : minutes
}

export type Zone = (localMs: number) => number

/** How far a zone is before UTC at a local time, in minutes: `+0100`, or a name as `Europe/Berlin`; undefined where there is none such. */
export function zoneOf(name: string): Zone | undefined {
  if (/^[+-]\d{4}$/.test(name)) {
    const minutes = minutesOf(name)
    return () => minutes
  }
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  } catch {
    return undefined
  }
  const at = (ms: number) => {
    const text = format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? ''
    const [, sign = '+', hours = '0', minutes = '0'] = /GMT([+-])(\d\d):(\d\d)/.exec(text) ?? []
    const all = Number(hours) * 60 + Number(minutes)
    return sign === '-' ? -all : all
  }
  // The offset at about that time, and then at the time that comes of it: right but for the hour that is there twice.
  return (localMs) => at(localMs - at(localMs) * 60_000)
}

export const utcMs = ({ localMs, offsetMinutes }: FromLine, zone: Zone) =>
  localMs - (offsetMinutes ?? zone(localMs)) * 60_000

const englishDays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const two = (value: number) => String(value).padStart(2, '0')

/** In UTC. A sender without blanks, which end it. */
export function fromLine(sender: string, ms: number): string {
  const date = new Date(ms)
  const month = months[date.getUTCMonth()] ?? ''
  const day = String(date.getUTCDate()).padStart(2, ' ')
  const clock = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':')
  const name = `${month.charAt(0).toUpperCase()}${month.slice(1)}`
  const year = String(date.getUTCFullYear()).padStart(4, '0')
  const who = /^[\x21-\x7e]{1,300}$/.test(sender) ? sender : 'MAILER-DAEMON'
  return `From ${who} ${englishDays[date.getUTCDay()]} ${name} ${day} ${clock} ${year}\n`
}
