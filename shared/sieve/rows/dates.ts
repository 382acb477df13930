// RFC 5260: dates in the header, and the one it is.

import { formatDate } from '#shared/mail/date.ts'
import type { ByteString } from '#shared/mail/message-index.ts'
import { parseZonedDate } from '#shared/mail/sent-date.ts'
import {
  type Checker,
  choice,
  defineTest,
  option,
  string,
  strings,
  unknown,
} from '../definition.ts'
import { SieveRunError } from '../run/failure.ts'
import { checkMatching, matchAny, matching } from '../run/match.ts'
import type { Run } from '../run/run.ts'
import { checkIndex, indexed, indexTags } from './field-choice.ts'

/** RFC 5260 §4. */
export const date = defineTest({
  name: 'date',
  extensions: ['date'],
  tags: {
    ...matching,
    ...indexTags,
    shift: choice({
      zone: { extension: null, takes: string },
      originalzone: { extension: null, takes: null },
    }),
  },
  positional: { field: string, part: string, keys: strings },
  check({ shift, part, ...values }, checker) {
    checkMatching(values, checker)
    checkIndex(values, checker)
    if (shift !== unknown && shift?.tag === 'zone') checkZone(shift.value, checker)
    checkPart(part, checker)
  },
  async evaluate({ field, part, keys, shift, ...tags }, run) {
    const fields = (await run.message.header()).values(field)
    const [value] = tags.index === undefined ? fields : indexed(tags, fields)
    const found = value === undefined ? undefined : dateIn(value)
    if (found === undefined) return matchAny(run, tags, [], keys)
    const zone = shift?.tag === 'originalzone' ? found.zoneMinutes : zoneOf(run, shift?.value)
    return matchAny(run, tags, partOfDate(found.ms, zone, part), keys)
  },
})

/** RFC 5260 §5: the same moment for all tests of a run. */
export const currentDate = defineTest({
  name: 'currentdate',
  extensions: ['date'],
  tags: { ...matching, zone: option('zone', string) },
  positional: { part: string, keys: strings },
  check({ zone, part, ...values }, checker) {
    checkMatching(values, checker)
    if (zone !== undefined) checkZone(zone, checker)
    checkPart(part, checker)
  },
  evaluate: ({ zone, part, keys, ...tags }, run) =>
    matchAny(run, tags, partOfDate(run.context.nowMs, zoneOf(run, zone), part), keys),
})

/** The whole field, or what stands behind its last semicolon. */
const dateIn = (value: ByteString) => parseZonedDate(value.slice(value.lastIndexOf(';') + 1))

function checkZone(zone: string | typeof unknown, checker: Checker): void {
  if (zone === unknown || zoneMinutes(zone) !== undefined) return
  checker.error(`"${zone}" is no time zone: those are written as +0100`)
}

function checkPart(part: string | typeof unknown, checker: Checker): void {
  if (part === unknown || Object.hasOwn(parts, part.toLowerCase())) return
  checker.error(`a date has no part "${part}"; it has ${Object.keys(parts).join(', ')}`)
}

function zoneOf(run: Run, zone = run.context.zone): number {
  const minutes = zoneMinutes(zone)
  if (minutes === undefined) throw new SieveRunError(`"${zone}" is no time zone`)
  return minutes
}

/** time-zone = ( "+" / "-" ) 4DIGIT */
function zoneMinutes(zone: string): number | undefined {
  const found = /^([+-])([01][0-9]|2[0-3])([0-5][0-9])$/.exec(zone)
  if (found === null) return undefined
  const minutes = Number(found[2]) * 60 + Number(found[3])
  return found[1] === '-' && minutes > 0 ? -minutes : minutes
}

function partOfDate(ms: number, zone: number, part: string): readonly string[] {
  const name = part.toLowerCase()
  const read = Object.hasOwn(parts, name) ? parts[name] : undefined
  return read === undefined ? [] : [read(new Date(ms + zone * MINUTE_MS), zone)]
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Days from 17 November 1858 to the beginning of 1970. */
const JULIAN_DAYS = 40_587

const two = (value: number) => String(value).padStart(2, '0')
const year = (at: Date) => String(at.getUTCFullYear()).padStart(4, '0')
const day = (at: Date) => `${year(at)}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`
const time = (at: Date) =>
  `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`

function zoneText(zone: number, between = ''): string {
  const minutes = Math.abs(zone)
  return `${zone < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${between}${two(minutes % 60)}`
}

/** RFC 5260 §4.2; of the date as the clock shows it in the zone, which is told in minutes. */
const parts: { readonly [name: string]: (at: Date, zone: number) => string } = {
  year,
  month: (at) => two(at.getUTCMonth() + 1),
  day: (at) => two(at.getUTCDate()),
  date: day,
  julian: (at) => String(Math.floor(at.getTime() / DAY_MS) + JULIAN_DAYS),
  hour: (at) => two(at.getUTCHours()),
  minute: (at) => two(at.getUTCMinutes()),
  second: (at) => two(at.getUTCSeconds()),
  time,
  iso8601: (at, zone) => `${day(at)}T${time(at)}${zone === 0 ? 'Z' : zoneText(zone, ':')}`,
  std11: (at, zone) => formatDate(at.getTime()).replace('+0000', zoneText(zone)),
  zone: (_at, zone) => zoneText(zone),
  weekday: (at) => String(at.getUTCDay()),
}
