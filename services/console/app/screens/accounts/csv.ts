// Rows of a CSV file (RFC 4180) as a browser reads them: the first names the columns.

export type CsvRow = {
  /** Of the file, from 1. */
  readonly line: number
  readonly values: { readonly [column: string]: string }
}

export type CsvProblem =
  | { readonly kind: 'no-rows' }
  | { readonly kind: 'open-quotation'; readonly line: number }
  | {
      readonly kind: 'column-count'
      readonly line: number
      readonly count: number
      readonly wanted: number
    }

export type Csv =
  | { readonly kind: 'rows'; readonly columns: readonly string[]; readonly rows: readonly CsvRow[] }
  | { readonly kind: 'problem'; readonly problem: CsvProblem }

/** Commas or semicolons, as the heading has them: what spreadsheets write depends on the country. */
export function parseCsv(text: string): Csv {
  const records = readRecords(text.replace(/^\ufeff/, ''))
  if ('kind' in records) return { kind: 'problem', problem: records }
  const [heading, ...rest] = records
  if (heading === undefined || rest.length === 0) {
    return { kind: 'problem', problem: { kind: 'no-rows' } }
  }
  const columns = heading.cells.map((cell) => cell.trim())
  const rows: CsvRow[] = []
  for (const { line, cells } of rest) {
    if (cells.length !== columns.length) {
      const problem = {
        kind: 'column-count',
        line,
        count: cells.length,
        wanted: columns.length,
      } as const
      return { kind: 'problem', problem }
    }
    rows.push({
      line,
      values: Object.fromEntries(columns.map((name, i) => [name, cells[i] ?? ''])),
    })
  }
  return { kind: 'rows', columns, rows }
}

type Record = { readonly line: number; readonly cells: readonly string[] }

function readRecords(text: string): readonly Record[] | CsvProblem {
  const [first = ''] = text.split('\n', 1)
  const comma = first.includes(',') ? ',' : ';'
  const records: Record[] = []
  let cells: string[] = []
  let cell = ''
  let line = 1
  let startLine = 1
  let isQuoted = false
  const endCell = () => {
    cells.push(cell)
    cell = ''
  }
  const endRecord = () => {
    endCell()
    if (cells.length > 1 || cells[0]?.trim() !== '') records.push({ line: startLine, cells })
    cells = []
    startLine = line
  }
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '\n') line++
    if (isQuoted) {
      if (character !== '"') cell += character
      else if (text.charAt(at + 1) === '"') cell += text.charAt(at++)
      else isQuoted = false
    } else if (character === '"' && cell === '') isQuoted = true
    else if (character === comma) endCell()
    else if (character === '\n') endRecord()
    else if (character !== '\r') cell += character
  }
  if (isQuoted) return { kind: 'open-quotation', line: startLine }
  if (cell !== '' || cells.length > 0) endRecord()
  return records
}

/** What failed, to be corrected and sent again; a file that is no CSV with a heading line by line. */
export function failedCsv(text: string, lines: ReadonlySet<number>): string {
  const csv = parseCsv(text)
  if (csv.kind === 'rows')
    return writeCsv(
      csv.columns,
      csv.rows.filter(({ line }) => lines.has(line)),
    )
  return text
    .split('\n')
    .filter((_, i) => lines.has(i + 1))
    .join('\n')
}

export function writeCsv(columns: readonly string[], rows: readonly CsvRow[]): string {
  const quoted = (text: string) =>
    /[",;\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  const lines = [columns, ...rows.map(({ values }) => columns.map((name) => values[name] ?? ''))]
  return lines.map((cells) => `${cells.map(quoted).join(',')}\r\n`).join('')
}
