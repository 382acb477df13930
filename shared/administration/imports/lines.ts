// The text of an import: lines in the form the programs before us had, or CSV with a heading. What is wrong is told with the number
// of its line. Nothing of a text is kept here but the line at hand, so that a source may be read again instead of being held.

import { badValue, type Refusal } from '../refusals.ts'
import { unguardedCell } from './spreadsheet-cell.ts'

export type Line = { readonly number: number; readonly text: string }

/** What an import is made from. Read twice: all of it is checked before anything is done. */
export type Source = { lines(): Iterable<Line> }

/** Of a line of CSV, by the names of the heading. */
export type Cells = { readonly [column: string]: string | undefined }

export type Row =
  | { readonly kind: 'line'; readonly number: number; readonly text: string }
  | { readonly kind: 'fields'; readonly number: number; readonly fields: Cells }

/** What is wrong with one line. */
export type RowProblem = { readonly line: number; readonly refusal: Refusal }
export type OnProblem = (problem: RowProblem) => void

const NEWLINE = 0x0a

/** The lines of UTF-8 text, with or without a byte order mark, CR or not. */
export function sourceOf(bytes: Uint8Array): Source {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    *lines() {
      for (let at = 0, number = 1; at <= text.length; number++) {
        const found = text.indexOf(NEWLINE, at)
        const end = found === -1 ? text.length : found
        const line = text.toString('utf8', at, end)
        yield { number, text: withoutMarks(line, number) }
        at = end + 1
      }
    },
  }
}

function withoutMarks(line: string, number: number): string {
  const text = number === 1 ? line.replace(/^\ufeff/, '') : line
  return text.endsWith('\r') ? text.slice(0, -1) : text
}

const isContent = ({ text }: Line) => {
  const first = text.trimStart()
  return first !== '' && !first.startsWith('#')
}

/** As CSV where the first line that says something is a heading with these columns; else the lines as they are. */
export function* rowsOf(
  lines: Iterable<Line>,
  columns: readonly string[],
  onProblem: OnProblem,
): Generator<Row> {
  let heading: Heading | undefined
  let isFirst = true
  for (const line of lines) {
    if (!isContent(line)) continue
    if (isFirst) {
      isFirst = false
      heading = headingOf(line.text, columns)
      const unknown = heading?.names.find((name) => !columns.includes(name))
      if (unknown !== undefined) {
        const refusal = badValue('heading', unknown, { name: 'column', columns })
        onProblem({ line: line.number, refusal })
      }
      if (heading !== undefined) continue
    }
    if (heading === undefined) yield { kind: 'line', ...line }
    else yield* cellRow(line, heading, onProblem)
  }
}

function* cellRow({ number, text }: Line, heading: Heading, onProblem: OnProblem): Generator<Row> {
  const { delimiter, names } = heading
  const cells = cellsOf(text, delimiter)
  if (cells === undefined) {
    onProblem({ line: number, refusal: badValue('row', '', { name: 'closed-quotation' }) })
    return
  }
  if (cells.length > names.length) {
    const rule = { name: 'column-count', count: cells.length, max: names.length } as const
    onProblem({ line: number, refusal: badValue('row', '', rule) })
    return
  }
  yield {
    kind: 'fields',
    number,
    fields: Object.fromEntries(names.map((name, i) => [name, fieldOf(name, cells[i])])),
  }
}

/** Passwords are whatever they are. */
const fieldOf = (name: string, cell: string | undefined) =>
  cell === undefined || name.startsWith('password') ? cell : unguardedCell(cell)

type Heading = { readonly delimiter: string; readonly names: readonly string[] }

function headingOf(text: string, columns: readonly string[]): Heading | undefined {
  const delimiter = ['\t', ';', ','].find((candidate) => text.includes(candidate))
  // With one column there is nothing between.
  const cells = delimiter === undefined ? [text] : (cellsOf(text, delimiter) ?? [])
  const names = cells.map((cell) => cell.trim().toLowerCase().replaceAll(' ', '_'))
  const [first = ''] = names
  return columns.includes(first) ? { delimiter: delimiter ?? ',', names } : undefined
}

/** RFC 4180 §2, but for line ends in cells; undefined when a quotation mark is not closed. */
export function cellsOf(text: string, delimiter: string): readonly string[] | undefined {
  const cells: string[] = []
  for (let at = 0; at <= text.length; ) {
    if (text.charAt(at) !== '"') {
      const found = text.indexOf(delimiter, at)
      const end = found === -1 ? text.length : found
      cells.push(text.slice(at, end).trim())
      at = end + 1
      continue
    }
    let cell = ''
    for (at++; ; ) {
      const quote = text.indexOf('"', at)
      if (quote === -1) return undefined
      cell += text.slice(at, quote)
      at = quote + 1
      if (text.charAt(at) !== '"') break
      cell += '"'
      at++
    }
    const found = text.indexOf(delimiter, at)
    const end = found === -1 ? text.length : found
    cells.push(cell + text.slice(at, end).trimEnd())
    at = end + 1
  }
  return cells
}
