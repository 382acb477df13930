// How often a schedule fires in an average month, from EventBridge's `rate(…)` and `cron(…)`.

import { MINUTES_PER_MONTH } from '#services/aws/prices.ts'

const DAYS_PER_MONTH = MINUTES_PER_MONTH / 1_440
const minutesOf = { minute: 1, hour: 60, day: 1_440 } as const

/** Undefined when the expression is of a kind not understood here. */
export function runsPerMonth(expression: unknown): number | undefined {
  if (typeof expression !== 'string') return undefined
  const rate = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression)
  if (rate?.[1] !== undefined) {
    const unit = rate[2] === 'minute' ? 'minute' : rate[2] === 'hour' ? 'hour' : 'day'
    return MINUTES_PER_MONTH / (Number(rate[1]) * minutesOf[unit])
  }
  const cron = /^cron\((\S+) (\S+) (\S+) (\S+) (\S+) \S+\)$/.exec(expression)
  if (cron === null) return undefined
  const [, minutes = '', hours = '', days = '', months = '', weekdays = ''] = cron
  const perHour = matches(minutes, 60)
  const perDay = matches(hours, 24)
  if (perHour === undefined || perDay === undefined) return undefined
  return perHour * perDay * daysPerMonth(days, months, weekdays)
}

/** Values of a field that match, of so many. */
function matches(field: string, values: number): number | undefined {
  if (field === '*') return values
  const step = /^(?:\*|(\d+))\/(\d+)$/.exec(field)
  if (step?.[2] !== undefined) return Math.ceil((values - Number(step[1] ?? 0)) / Number(step[2]))
  return /^\d+(,\d+)*$/.test(field) ? field.split(',').length : undefined
}

/** Where days are picked in any other way than every day or one, every day is assumed, which is the dearest. */
function daysPerMonth(days: string, months: string, weekdays: string): number {
  const everyMonth = months === '*'
  if (everyMonth && /^\d+$/.test(days)) return 1
  if (everyMonth && /^(\d|[A-Z]{3})$/.test(weekdays)) return DAYS_PER_MONTH / 7
  return DAYS_PER_MONTH
}
