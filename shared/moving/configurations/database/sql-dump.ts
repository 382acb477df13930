// The tables in a text of SQL, as mysqldump, pg_dump and `.dump` of sqlite3 write it: rows of INSERT and COPY, by the names of their columns. Nothing is
// evaluated: what is no literal is a value that nobody knows.

import type { Place } from '../plan.ts'

export type DumpRow = {
  /** In small letters. Null: NULL, or no literal. */
  readonly values: ReadonlyMap<string, string | null>
  readonly from: Place
}
/** By the names of tables, in small letters and without their schema. */
export type DumpTables = ReadonlyMap<string, readonly DumpRow[]>

export type Dump = {
  readonly file: string
  readonly text: string
  /** Others are passed over. */
  readonly wanted: ReadonlySet<string>
  /** False: that was too much, and the rest is left out. */
  readonly spend: (count: number) => boolean
}

export function readSqlDump({ file, text, wanted, spend }: Dump): DumpTables {
  const tables = new Map<string, DumpRow[]>()
  const columnsOf = new Map<string, readonly string[]>()
  // MySQL alone has backslashes in strings, and says what it is: by backticks, or in its first lines.
  const hasBackslashes =
    ['CREATE TABLE `', 'INSERT INTO `'].some((start) => text.includes(start)) ||
    /^-- (?:MySQL|MariaDB) dump/m.test(text.slice(0, 4_096))
  const scan = createScan(text, hasBackslashes)

  function add(
    table: string,
    columns: readonly string[],
    values: readonly (string | null)[],
  ): boolean {
    if (!spend(1)) return false
    const rows = tables.get(table) ?? []
    tables.set(table, rows)
    const pairs = columns.map((column, i) => [column, values[i] ?? null] as const)
    rows.push({ values: new Map(pairs), from: { file, line: scan.line() } })
    return true
  }

  function createTable(): void {
    while (scan.takeWord('if', 'not', 'exists')) {}
    const table = scan.name()
    if (!wanted.has(table) || !scan.take('(')) return
    const columns: string[] = []
    do {
      if (!keys.includes(scan.peekWord())) columns.push(scan.name())
      scan.skipTo(',', ')')
    } while (scan.take(','))
    columnsOf.set(table, columns)
  }

  function insert(): boolean {
    while (scan.takeWord('ignore', 'or', 'replace', 'into', 'only')) {}
    const table = scan.name()
    if (!wanted.has(table)) return true
    const listed = scan.take('(') ? scan.names() : undefined
    const columns = listed ?? columnsOf.get(table) ?? []
    if (!scan.takeWord('values')) return true
    while (scan.take('(')) {
      const values: (string | null)[] = []
      do values.push(scan.value())
      while (scan.take(','))
      if (!scan.take(')') || !add(table, columns, values)) return false
      if (!scan.take(',')) break
    }
    return true
  }

  /** PostgreSQL: a row a line, up to one with `\.`. */
  function copy(): boolean {
    const table = scan.name()
    const columns = scan.take('(') ? scan.names() : []
    if (!scan.takeWord('from') || !scan.takeWord('stdin')) return true
    scan.skipTo(';')
    for (let line = scan.restOfLine(); line !== undefined; line = scan.restOfLine()) {
      if (line === '\\.') return true
      if (line === '' || !wanted.has(table)) continue
      if (!add(table, columns, line.split('\t').map(copied))) return false
    }
    return true
  }

  while (!scan.isAtEnd()) {
    let goesOn = true
    if (scan.takeWord('create')) {
      if (scan.takeWord('table')) createTable()
    } else if (scan.takeWord('insert')) goesOn = insert()
    else if (scan.takeWord('copy')) {
      goesOn = copy()
      continue
    }
    if (!goesOn) break
    scan.skipTo(';')
    scan.take(';')
  }
  return tables
}

/** What begins no column in the brackets of CREATE TABLE. */
const keys = [
  'primary',
  'key',
  'unique',
  'index',
  'constraint',
  'foreign',
  'fulltext',
  'check',
  'spatial',
]

/** COPY in its text form. */
function copied(cell: string): string | null {
  if (cell === '\\N') return null
  return cell.includes('\\')
    ? cell.replace(/\\(.)/g, (_, one: string) => escapes[one] ?? one)
    : cell
}

const escapes: { readonly [letter: string]: string | undefined } = {
  n: '\n',
  r: '\r',
  t: '\t',
  0: '\0',
  b: '\b',
  Z: '\x1a',
}

/** One way through the text, from its beginning to its end. */
function createScan(text: string, hasBackslashes: boolean) {
  let at = 0
  let counted = 0
  let lines = 1

  function skipBlanks(): void {
    for (;;) {
      while (at < text.length && text.charCodeAt(at) <= 0x20) at++
      if (text.startsWith('--', at)) skipPast('\n')
      // `/*!40101 SET … */` is a comment to everybody else.
      else if (text.startsWith('/*', at)) skipPast('*/')
      else return
    }
  }
  function skipPast(end: string): void {
    const found = text.indexOf(end, at)
    at = found === -1 ? text.length : found + end.length
  }

  /** From the quote that opens it; a quote twice is one. */
  function quoted(): string {
    const quote = text.charAt(at++)
    const parts: string[] = []
    for (let from = at; ; at++) {
      const character = text.charAt(at)
      if (at >= text.length) return parts.join('') + text.slice(from)
      if (character === '\\' && hasBackslashes) {
        const next = text.charAt(at + 1)
        parts.push(text.slice(from, at), escapes[next] ?? next)
        at++
        from = at + 1
      } else if (character === quote) {
        parts.push(text.slice(from, at))
        if (text.charAt(at + 1) !== quote) {
          at++
          return parts.join('')
        }
        from = ++at
      }
    }
  }

  /** To one of these outside of brackets and quotes, or the end. */
  function skipTo(...ends: readonly string[]): void {
    let depth = 0
    for (skipBlanks(); at < text.length; skipBlanks()) {
      const character = text.charAt(at)
      if (depth === 0 && ends.includes(character)) return
      if (character === "'" || character === '"' || character === '`') quoted()
      else {
        if (character === '(') depth++
        if (character === ')') depth = Math.max(0, depth - 1)
        at++
      }
    }
  }

  function plainWord(): string {
    skipBlanks()
    bare.lastIndex = at
    return bare.exec(text)?.[0] ?? ''
  }

  function take(character: string): boolean {
    skipBlanks()
    if (text.charAt(at) !== character) return false
    at++
    return true
  }

  function onePart(): string {
    skipBlanks()
    if (/["`]/.test(text.charAt(at))) return quoted()
    const word = plainWord()
    at += word.length
    return word
  }
  function name(): string {
    let last = onePart()
    while (take('.')) last = onePart()
    return last.toLowerCase()
  }

  return {
    take,
    skipTo,
    name,
    isAtEnd() {
      skipBlanks()
      return at >= text.length
    },
    peekWord: () => plainWord().toLowerCase(),
    /** The next word, if it is one of these. */
    takeWord(...words: readonly string[]): boolean {
      const word = plainWord()
      if (!words.includes(word.toLowerCase())) return false
      at += word.length
      return true
    },
    /** Up to the bracket that closes. */
    names(): readonly string[] {
      const names: string[] = []
      do names.push(name())
      while (take(','))
      take(')')
      return names
    },
    /** Up to the comma or bracket behind it. */
    value(): string | null {
      skipBlanks()
      if (introducers.includes(plainWord().toLowerCase())) onePart()
      skipBlanks()
      const start = at
      const value = text.charAt(at) === "'" ? quoted() : undefined
      const end = at
      skipTo(',', ')')
      if (value !== undefined) return text.slice(end, at).trim() === '' ? value : null
      const plain = text.slice(start, at).trim()
      return /^[\w.+-]+$/.test(plain) && plain.toLowerCase() !== 'null' ? plain : null
    },
    restOfLine(): string | undefined {
      if (at >= text.length) return undefined
      const from = at
      skipPast('\n')
      return text
        .slice(from, at)
        .replace(/\r?\n$/, '')
        .replace(/^;$/, '')
    },
    line(): number {
      for (; counted < at; counted++) if (text.charCodeAt(counted) === 0x0a) lines++
      return lines
    },
  }
}

const bare = /[\w$]+/y
/** Before a string: what its characters are. */
const introducers = ['_binary', '_utf8mb4', '_utf8', '_latin1', 'b', 'e', 'n']
