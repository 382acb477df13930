// Files that accounts, aliases and domains are imported from: lines in the form the programs before us had, or CSV with a heading. What
// is wrong is said with the number of its line.

import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import type { Process } from '#services/cli/context.ts'
import { CommandFailure } from '#services/cli/failure.ts'

export type Line = { readonly number: number; readonly text: string }

/** Of a line of CSV, by the names of the heading. */
export type Fields = { readonly [column: string]: string | undefined }

export type Record =
  | { readonly kind: 'line'; readonly number: number; readonly text: string }
  | { readonly kind: 'fields'; readonly number: number; readonly fields: Fields }

/** Of a file: a million accounts fit. */
const IMPORT_BYTES_MAX = 256 * 1024 ** 2

/** The lines of the file, or of standard input for `-`. */
export async function readLines(file: string, process: Process): Promise<readonly Line[]> {
  const bytes =
    file === '-'
      ? await process.readStdin('(end with Ctrl-D)\n')
      : await readFile(file).catch((error: NodeJS.ErrnoException) => {
          // Root's command has become the owner of the data folder by now.
          const hint = error.code === 'EACCES' ? "; 'import - < FILE' reads what only you can" : ''
          throw new CommandFailure(`cannot read the file: ${error.message}${hint}`)
        })
  if (bytes.length > IMPORT_BYTES_MAX) {
    throw new CommandFailure(`the file has more than ${IMPORT_BYTES_MAX} bytes; divide it`)
  }
  if (!isUtf8(bytes)) throw new CommandFailure('the file is not UTF-8')
  const text = Buffer.from(bytes)
    .toString('utf8')
    .replace(/^\ufeff/, '')
  return text.split('\n').map((line, i) => ({
    number: i + 1,
    text: line.endsWith('\r') ? line.slice(0, -1) : line,
  }))
}

export const isContent = ({ text }: Line) => {
  const first = text.trimStart()
  return first !== '' && !first.startsWith('#')
}

/** As CSV where the first line that says something is a heading with these columns; else the lines as they are. */
export function recordsOf(
  lines: readonly Line[],
  columns: readonly string[],
  problems: LineProblems,
): readonly Record[] {
  const content = lines.filter(isContent)
  const [head] = content
  const heading = head && headingOf(head.text, columns)
  if (head === undefined || heading === undefined) {
    return content.map((line) => ({ kind: 'line', ...line }))
  }
  const { delimiter, names } = heading
  const unknown = names.filter((name) => !columns.includes(name))
  if (unknown.length > 0) {
    problems.add(head.number, `no column '${unknown[0]}'; there are ${columns.join(', ')}`)
  }
  return content.slice(1).flatMap(({ number, text }): Record[] => {
    const cells = cellsOf(text, delimiter)
    if (cells === undefined) {
      problems.add(number, 'a quotation mark is not closed')
      return []
    }
    if (cells.length > names.length) {
      problems.add(number, `${cells.length} columns where the heading has ${names.length}`)
      return []
    }
    const fields = Object.fromEntries(names.map((name, i) => [name, cells[i]]))
    return [{ kind: 'fields', number, fields }]
  })
}

function headingOf(text: string, columns: readonly string[]) {
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

/** Shown of one file; what is wrong with one line is mostly wrong with all. */
const PROBLEMS_SHOWN_MAX = 50

/** What is wrong, line by line. */
export class LineProblems {
  readonly #found: { readonly number: number; readonly reason: string }[] = []

  get size(): number {
    return this.#found.length
  }

  add(number: number, reason: string): void {
    this.#found.push({ number, reason })
  }

  /** Throws when there are any; `what` says what was done all the same. */
  fail(what: string): void {
    if (this.#found.length === 0) return
    const sorted = this.#found.toSorted((a, b) => a.number - b.number)
    const lines = sorted
      .slice(0, PROBLEMS_SHOWN_MAX)
      .map(({ number, reason }) => `line ${number}: ${reason}`)
    const more = sorted.length - lines.length
    if (more > 0) lines.push(`and ${more} more`)
    throw new CommandFailure([...lines, what].join('\n'))
  }
}
