// How commands print: JSON where asked for, else columns a person can read.

import { printable, printableJson } from '#shared/runtime/printable.ts'

export type Output = {
  /** Data: as JSON with --json, else as the lines given. */
  /** Names and replies come from outside: no character of theirs controls the terminal. */
  print(data: unknown, lines: () => readonly string[]): void
}

export function createOutput(json: boolean, write: (text: string) => void): Output {
  return {
    print(data, lines) {
      write(
        json
          ? `${printableJson(JSON.stringify(data, null, 2))}\n`
          : lines()
              .map((line) => `${printable(line)}\n`)
              .join(''),
      )
    },
  }
}

/** Rows under a heading, in columns as wide as their widest cell. */
export function columns(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  return table([heading, ...rows])
}

export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  const shown = rows.map((row) => row.map(printable))
  for (const row of shown) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  }
  return shown.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
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
export const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`

export const formatTime = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
