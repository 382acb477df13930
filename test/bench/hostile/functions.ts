// `npm run bench -- hostile functions [part of a name]`: how the time of every function that sees bytes from outside grows with
// hostile input. Linear is what is aimed at; the time for each byte is that of the worst pattern.

import { functionCases } from './function-cases.ts'
import {
  EXPONENT_MAX,
  exponentOf,
  type Growth,
  growthOf,
  msOf,
  type Prepare,
  STEP,
} from './growth.ts'
import { indexed, MESSAGE_BYTES_MAX, messageCases } from './message-cases.ts'
import { patterns } from './patterns.ts'

type Measured = { readonly pattern: string; readonly growth: Growth }

/** All patterns are tried at this size; what is not linear shows by then, if only a little. */
const SCREENED_BYTES = 16_384
/** So many of the slowest patterns, and of those that grew most, are followed to the greatest size. */
const FOLLOWED = 5
const SHOWN = 3
/** A function with so many patterns that cost too much needs no more of them. */
const STEEP_ENOUGH = 2

export function benchFunctions(part: string): void {
  const steep: string[] = []
  const tell = (name: string, all: readonly Measured[]) => {
    const slowest = all.toSorted((one, other) => perByte(other) - perByte(one)).slice(0, 1)
    const shown = new Set([...slowest, ...all.filter(isSteep)].slice(0, SHOWN))
    for (const measured of shown) console.log(line(name, measured))
    if (all.some(isSteep)) steep.push(name)
  }
  console.log(heading)
  for (const { name, bytesMax, on } of functionCases) {
    if (name.includes(part)) tell(name, measureAll(on, bytesMax))
  }
  for (const { name, make } of messageCases) {
    if (!`indexer: ${name}`.includes(part)) continue
    const prepare: Prepare = (bytes) => {
      const message = make(bytes)
      return () => indexed(message)
    }
    const growth = growthOf(prepare, MESSAGE_BYTES_MAX / STEP ** 2, MESSAGE_BYTES_MAX)
    tell('indexer', [{ pattern: name, growth }])
  }
  console.log(
    `\n${steep.length} grow faster than their input (the aim is none): ${steep.join('; ')}`,
  )
}

function measureAll(on: (text: string) => () => unknown, bytesMax: number): readonly Measured[] {
  const screened = patterns.map(({ name, make }) => {
    const prepare: Prepare = (bytes) => on(make(bytes))
    // The first time pays for the compiler.
    msOf(prepare(256))
    const bytes = Math.min(SCREENED_BYTES, bytesMax)
    const before = msOf(prepare(bytes / STEP))
    const ms = msOf(prepare(bytes))
    return { name, prepare, bytes, ms, exponent: exponentOf(before, ms) }
  })
  const slowest = screened.toSorted((one, other) => other.ms - one.ms)
  const grown = slowest
    .slice(0, patterns.length / 4)
    .toSorted((one, other) => other.exponent - one.exponent)
  const followed = new Set([...slowest.slice(0, FOLLOWED), ...grown.slice(0, FOLLOWED)])
  const measured: Measured[] = []
  for (const { name, prepare, bytes } of followed) {
    measured.push({ pattern: name, growth: growthOf(prepare, bytes / STEP, bytesMax) })
    if (measured.filter(isSteep).length === STEEP_ENOUGH) break
  }
  return measured
}

const heading = row(['function', 'pattern', 'bytes', 'ms', 'ns per byte', 'growth', ''])

function line(name: string, measured: Measured): string {
  const { bytes, ms, exponent } = measured.growth
  return row([
    name,
    measured.pattern,
    String(bytes),
    ms.toFixed(1),
    perByte(measured).toFixed(0),
    Number.isNaN(exponent) ? '-' : exponent.toFixed(2),
    isSteep(measured) ? 'STEEP' : '',
  ])
}

function row(cells: readonly string[]): string {
  const widths = [36, 48, 8, 9, 11, 6, 0]
  return cells
    .map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
    .join(' ')
}

function isSteep({ growth }: Measured): boolean {
  return growth.exponent > EXPONENT_MAX
}

function perByte({ growth }: Measured): number {
  return (growth.ms * 1_000_000) / growth.bytes
}
