// How commands print: JSON where asked for, else columns a person can read.

import { printable, printableJson } from '#shared/runtime/printable.ts'

export type Output = {
  /** Data: as JSON with --json, else as the lines given. Names and replies come from outside: no character of theirs controls the terminal. */
  print(data: unknown, lines: (width: number | undefined) => readonly string[]): void
}

/** `width`: of the terminal that is written to; undefined when it is none. */
export function createOutput(
  json: boolean,
  write: (text: string) => void,
  width?: number | undefined,
): Output {
  return {
    print(data, lines) {
      write(
        json
          ? `${printableJson(JSON.stringify(data, null, 2))}\n`
          : lines(width)
              .map((line) => `${printable(line)}\n`)
              .join(''),
      )
    },
  }
}

/** What was done all the same, and is perhaps not what was meant. */
export function warn({ say }: { readonly say: (text: string) => void }, text: string): void {
  say(`postwolke: warning: ${printable(text)}\n`)
}

/**
 * Rows under a heading, in columns as wide as their widest cell. Where a terminal has less room, the widest columns are cut, and no line is
 * wrapped; what is read by programs is whole.
 */
export function columns(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  width?: number | undefined,
): string[] {
  return table([heading, ...rows], width)
}

const GAP = '  '

export function table(rows: readonly (readonly string[])[], width?: number | undefined): string[] {
  const natural: number[] = []
  const shown = rows.map((row) => row.map(printable))
  for (const row of shown) {
    for (const [i, cell] of row.entries()) natural[i] = Math.max(natural[i] ?? 0, cell.length)
  }
  const widths = width === undefined ? natural : fitted(natural, width)
  return shown.map((row) =>
    row
      .map((cell, i) => cut(cell, widths[i] ?? 0).padEnd(widths[i] ?? 0))
      .join(GAP)
      .trimEnd(),
  )
}

/** A cell that is cut shows something. */
const CELL_CHARACTERS_MIN = 4

/** All columns that are wider than some width get that width: the least that has to be taken from any. */
function fitted(natural: readonly number[], width: number): readonly number[] {
  const room = width - GAP.length * (natural.length - 1)
  let left = room
  let columns = natural.length
  for (const one of natural.toSorted((a, b) => a - b)) {
    const share = Math.floor(left / columns)
    if (one > share) {
      const most = Math.max(share, CELL_CHARACTERS_MIN)
      return natural.map((each) => Math.min(each, most))
    }
    left -= one
    columns--
  }
  return natural
}

const cut = (cell: string, width: number) =>
  cell.length <= width ? cell : `${cell.slice(0, Math.max(0, width - 1))}…`

/** Narrower, and lines would be mostly indentation. */
const WIDTH_MIN = 40

/** Lines of at most this many characters, broken at blanks where there are any, each behind the indentation. */
export function wrap(text: string, width: number, indent: string): string[] {
  const room = Math.max(width, WIDTH_MIN) - indent.length
  const shown = printable(text)
  const lines: string[] = []
  for (let at = 0; at < shown.length; ) {
    const blank = shown.lastIndexOf(' ', at + room)
    const isLast = shown.length - at <= room
    const end = isLast ? shown.length : blank > at ? blank : at + room
    lines.push(indent + shown.slice(at, end))
    at = shown.charAt(end) === ' ' ? end + 1 : end
  }
  return lines
}

export function clip(line: string, width: number): string {
  const room = Math.max(width, WIDTH_MIN)
  return line.length <= room ? line : `${line.slice(0, room - 1)}…`
}

const units = ['B', 'KB', 'MB', 'GB', 'TB']

/** 1 KB is 1,024 bytes, as in the settings. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

/** `1 message`, `2 messages`. */
export const counted = (count: number, one: string, many = `${one}s`) =>
  `${count} ${count === 1 ? one : many}`

export const formatTime = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
