// Numbers, sizes and times as people read them; the locale is given. `format.ts` gives it the language of the page.

import { numberFormat } from './message.ts'

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

/** Of 1024, as quotas are written; at most three digits. */
export function bytesText(bytes: number, locale: string): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : value >= 9.95 ? 1 : 2
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: UNITS[unit] ?? 'byte',
    unitDisplay: unit === 0 ? 'long' : 'short',
    maximumFractionDigits: digits,
  }).format(value)
}

export const countText = (count: number, locale: string) => numberFormat(locale).format(count)

/** Of the currency's own digits; less than a whole one has two that say something. */
export function moneyText(amount: number, currency: string, locale: string): string {
  const isSmall = amount > 0 && amount < 0.095
  return new Intl.NumberFormat(locale, {
    ...{ style: 'currency', currency },
    ...(isSmall && { maximumSignificantDigits: 2 }),
  }).format(amount)
}

const STEPS = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 30],
  ['month', 12],
  ['year', Number.POSITIVE_INFINITY],
] as const

/** "3 minutes ago", "in 2 hours": the largest whole unit. */
export function relativeText(atMs: number, nowMs: number, locale: string): string {
  let value = (atMs - nowMs) / 1000
  for (const [unit, size] of STEPS) {
    if (Math.abs(value) < size) {
      const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
      return format.format(Math.trunc(value), unit)
    }
    value /= size
  }
  return ''
}

/** How long, in the two largest units: "2 h 10 min". */
export function durationText(ms: number, locale: string): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const parts = [
    [Math.floor(seconds / 86_400), 'day'],
    [Math.floor(seconds / 3600) % 24, 'hour'],
    [Math.floor(seconds / 60) % 60, 'minute'],
    [seconds % 60, 'second'],
  ] as const
  const first = parts.findIndex(([value]) => value > 0)
  const shown = first === -1 ? parts.slice(-1) : parts.slice(first, first + 2)
  return shown
    .filter(([value], i) => i === 0 || value > 0)
    .map(([value, unit]) =>
      new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(value),
    )
    .join(' ')
}

const SPAN_UNITS: { readonly [letter: string]: string } = { m: 'minute', h: 'hour', d: 'day' }

/** "3 days" of `3d`; what is not written like that, as it is. */
export function spanText(span: string, locale: string): string {
  const unit = SPAN_UNITS[span.slice(-1)]
  const count = Number(span.slice(0, -1))
  if (unit === undefined || !Number.isInteger(count)) return span
  const options = { style: 'unit', unit, unitDisplay: 'long' } as const
  return new Intl.NumberFormat(locale, options).format(count)
}

/** In the reader's time. */
export function timeText(atMs: number, nowMs: number, locale: string): string {
  const isToday = new Date(atMs).toDateString() === new Date(nowMs).toDateString()
  const options: Intl.DateTimeFormatOptions = isToday
    ? { timeStyle: 'medium' }
    : { dateStyle: 'medium', timeStyle: 'short' }
  return new Intl.DateTimeFormat(locale, options).format(atMs)
}
