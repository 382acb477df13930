// Counted calls gathered into the lines of a bill, for a million messages or operations.

import { printTable } from '../table.ts'
import { type Entry, IDLE, SETUP } from './meter.ts'
import { dollars, scaled, sum, type Usage, usageKeys } from './usage.ts'

export const MILLION = 1e6

export type Part = {
  readonly name: string
  /** Dollars for a million in the price model. */
  readonly planned?: number
  /** Why it costs more than planned. */
  readonly why?: string
  readonly has: (entry: Entry) => boolean
}

/** `usage` is for one message, `usd` for a million. */
export type Line = {
  readonly name: string
  readonly usd: number
  readonly planned?: number | undefined
  readonly why?: string | undefined
  readonly usage: Usage
}

const besides: ReadonlySet<string> = new Set([SETUP, IDLE])

/** Every entry is in the first part that has it; what is in none is a line of its own. */
export function linesOf(
  entries: readonly Entry[],
  parts: readonly Part[],
  messages: number,
): readonly Line[] {
  const counted = entries.filter(({ operation }) => !besides.has(operation))
  const rest = { name: 'anything else', has: () => true }
  const taken = new Set<Entry>()
  return [...parts, rest].flatMap(({ has, ...part }: Part) => {
    const mine = counted.filter((entry) => !taken.has(entry) && has(entry))
    for (const entry of mine) taken.add(entry)
    const usage = scaled(sum(...mine.map((entry) => entry.usage)), 1 / messages)
    if (mine.length === 0) return []
    return [{ ...part, usd: dollars(usage) * MILLION, usage }]
  })
}

/** Units, and what was planned, are those of the column `shown`. */
export function printLines(
  columns: readonly { readonly name: string; readonly lines: readonly Line[] }[],
  shown: number,
): void {
  const names = new Set(columns.flatMap(({ lines }) => lines.map(({ name }) => name)))
  const main = columns[shown]?.lines ?? []
  const isPlanned = main.some(({ planned }) => planned !== undefined)
  const rows = [...names].map((name) => {
    const at = main.find((line) => line.name === name)
    const usd = columns.map(({ lines }) => lines.find((line) => line.name === name)?.usd)
    return [name, ...usd.map(money), ...(isPlanned ? [money(at?.planned)] : []), units(at?.usage)]
  })
  const totals = columns.map(({ lines }) => money(totalOf(lines)))
  const planned = main.reduce((total, line) => total + (line.planned ?? 0), 0)
  rows.push(['total', ...totals, ...(isPlanned ? [money(planned)] : []), ''])
  const heading = ['line', ...columns.map(({ name }) => name), ...(isPlanned ? ['planned'] : [])]
  const unitsHeading = columns.length === 1 ? 'units' : `units, ${columns[shown]?.name}`
  printTable([...heading, unitsHeading], rows)
}

export const totalOf = (lines: readonly Line[]) => lines.reduce((total, { usd }) => total + usd, 0)

export const money = (usd: number | undefined) => (usd === undefined ? '' : usd.toFixed(2))

/** What one message or operation consumes, such as `2.4 wru 1 rru`. */
export function units(usage: Usage | undefined): string {
  const shown = usageKeys.flatMap((key) => {
    const amount = usage?.[key] ?? 0
    if (amount === 0) return []
    const [value, unit] = key === 'cw.logs.std' ? [amount * 1e9, 'log bytes'] : [amount, short[key]]
    return [`${Number(value.toPrecision(3))} ${unit}`]
  })
  return shown.join(', ')
}

const short = {
  'ddb.rru': 'rru',
  'ddb.wru': 'wru',
  'ddb.wru.index': 'index wru',
  's3.put': 'put',
  's3.get': 'get',
  'sqs.std': 'sqs',
  'lambda.request': 'invocations',
  'lambda.gbs.arm': 'GB-s',
  'cw.logs.std': 'log',
} as const
