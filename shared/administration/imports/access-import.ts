// Entries of an access table from a file of Postfix's: `key result` lines as for postmap (hash, texthash, lmdb, …) and cidr_table(5).
// All of it is checked before anything is done. What the file has counts; what it has not stays, unless it is to replace the table.

import type { AccessKey } from '#shared/directory/access-key.ts'
import { formatAccessKey, networkBits, networkSize } from '#shared/directory/access-key.ts'
import { type AccessEntry, accessSortKey } from '#shared/directory/access-records.ts'
import { firstBits } from '#shared/settings/networks.ts'
import type { AccessFields } from '../access-fields.ts'
import type { AdministrationDeps } from '../deps.ts'
import { type BadValue, badValue, ok, type Parsed } from '../refusals.ts'
import { type Warning, warnOfAccessEntry } from '../warnings.ts'
import type { Line, RowProblem, Source } from './lines.ts'

export type AccessImportRequest = {
  readonly table: string
  readonly source: Source
  /** Lines that are wrong are left out; else nothing is done where one is. */
  readonly skipFaulty?: boolean | undefined
  /** What is not in the file is taken out of the table. */
  readonly replace?: boolean | undefined
  /** Nothing is done, only checked and counted. */
  readonly dryRun?: boolean | undefined
  /** Of a table that only stands for a list, where results say nothing. */
  readonly anyResult?: boolean | undefined
}

export type AccessImport = (
  request: AccessImportRequest,
) => Promise<AccessImported | AccessFaulty | BadValue>

/** Some lines are wrong, and nothing was done. */
export type AccessFaulty = {
  readonly kind: 'faulty'
  readonly problems: readonly RowProblem[]
  readonly count: number
}

export type AccessImported = {
  readonly kind: 'imported'
  readonly added: number
  readonly changed: number
  readonly unchanged: number
  readonly removed: number
  /** Lines that were left out. */
  readonly problems: readonly RowProblem[]
  readonly count: number
  readonly warnings: readonly Warning[]
}

/** Of one file; what is wrong with one line is mostly wrong with all. */
const PROBLEMS_KEPT_MAX = 1_000
const WARNINGS_KEPT_MAX = 1_000
/** In memory while it is imported. */
const ENTRIES_MAX = 1_000_000
const ENTRIES_AT_ONCE = 500

export function createAccessImport(deps: AdministrationDeps, fields: AccessFields): AccessImport {
  const { directory, log } = deps
  const { accessEntries } = directory

  async function change(request: AccessImportRequest, entries: readonly AccessEntry[]) {
    const { table, dryRun = false } = request
    const counts = { added: 0, changed: 0, unchanged: 0, removed: 0 }
    try {
      for (let at = 0; at < entries.length; at += ENTRIES_AT_ONCE) {
        const some = entries.slice(at, at + ENTRIES_AT_ONCE)
        const done = dryRun ? await compare(table, some) : await accessEntries.set(table, some)
        for (const { kind } of done) counts[kind]++
      }
      if (request.replace) counts.removed = await removeOthers(request, entries)
    } finally {
      if (!dryRun) log.info({ ...counts, table, of: entries.length }, 'access entries imported')
    }
    return counts
  }

  async function compare(table: string, entries: readonly AccessEntry[]) {
    const there = await Promise.all(entries.map(({ key }) => accessEntries.get(table, key)))
    return entries.map(({ result }, i) => {
      const before = there[i]?.result
      if (before === undefined) return { kind: 'added' } as const
      return { kind: before === result ? 'unchanged' : 'changed' } as const
    })
  }

  async function removeOthers(
    { table, dryRun = false }: AccessImportRequest,
    entries: readonly AccessEntry[],
  ): Promise<number> {
    const kept = new Set(entries.map(({ key }) => accessSortKey(key)))
    let removed = 0
    let after: string | undefined
    do {
      const page = await accessEntries.page(table, { after })
      const others = page.items.map(({ key }) => key).filter((key) => !kept.has(accessSortKey(key)))
      if (!dryRun) await accessEntries.remove(table, others)
      removed += others.length
      after = page.next
    } while (after !== undefined)
    return removed
  }

  return async (request) => {
    const name = fields.parseTable(request.table)
    if (name.kind !== 'ok') return name
    const read = readEntries(request, fields)
    const { entries, problems, count, warnings } = read
    if (count > 0 && !request.skipFaulty) return { kind: 'faulty', problems, count }
    return { kind: 'imported', ...(await change(request, entries)), problems, count, warnings }
  }
}

function readEntries({ source, anyResult }: AccessImportRequest, { parseEntry }: AccessFields) {
  const problems: RowProblem[] = []
  const warnings: Warning[] = []
  let count = 0
  const entries: AccessEntry[] = []
  const firstLines = new Map<string, number>()
  const networks = new Networks()
  const problem = (line: number, refusal: BadValue) => {
    count++
    if (problems.length < PROBLEMS_KEPT_MAX) problems.push({ line, refusal })
  }
  const warn = (all: readonly Warning[]) => {
    for (const one of all) if (warnings.length < WARNINGS_KEPT_MAX) warnings.push(one)
  }
  for (const { number, text } of joined(source.lines())) {
    const row = splitRow(text)
    const entry = row.kind === 'ok' ? parseEntry({ ...row.value, anyResult }) : row
    if (entry.kind !== 'ok') {
      problem(number, entry)
      continue
    }
    const name = accessSortKey(entry.value.key)
    const firstLine = firstLines.get(name)
    if (firstLine !== undefined) {
      problem(
        number,
        badValue('row', formatAccessKey(entry.value.key), { name: 'once', firstLine }),
      )
      continue
    }
    if (entries.length === ENTRIES_MAX) {
      problem(number, badValue('row', '', { name: 'row-count', max: ENTRIES_MAX }))
      break
    }
    firstLines.set(name, number)
    entries.push(entry.value)
    if (!anyResult) warn(warnOfAccessEntry(entry.value))
    // Of the octets of an indexed table the longest is asked first; only cidr_table(5) goes by the order of lines.
    if (row.kind === 'ok' && row.value.key.includes('/')) warn(networks.add(entry.value.key))
  }
  return { entries, problems, count, warnings }
}

/** A line that begins with a blank goes on with the one before it; comments and empty lines between do not matter (postmap(1)). */
function* joined(lines: Iterable<Line>): Generator<Line> {
  let last: Line | undefined
  for (const { number, text } of lines) {
    const content = text.trim()
    if (content === '' || content.startsWith('#')) continue
    if (last !== undefined && /^\s/.test(text)) last = { ...last, text: `${last.text} ${content}` }
    else {
      if (last !== undefined) yield last
      last = { number, text: content }
    }
  }
  if (last !== undefined) yield last
}

type Cells = { readonly key: string; readonly result: string }

function splitRow(text: string): Parsed<Cells> {
  if (/^(?:if|endif)\b/i.test(text)) return badValue('row', text, { name: 'no-conditions' })
  // `/expression/flags result`, and `!/expression/`.
  if (/^!?\//.test(text)) return badValue('row', text, { name: 'no-patterns' })
  if (text.startsWith('!')) return badValue('row', text, { name: 'no-conditions' })
  const end = endOfKey(text)
  if (end === undefined) return badValue('row', text, { name: 'closed-quotation' })
  const result = text.slice(end).trim()
  const key = text.slice(0, end)
  return result === '' ? badValue('row', text, { name: 'key-and-result' }) : ok({ key, result })
}

/** Before the first blank outside of quotes, which belong to the key, as in `"a b"@example.net` (postmap(1)). */
function endOfKey(text: string): number | undefined {
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '\\') at++
    else if (character === '"') isQuoted = !isQuoted
    else if (!isQuoted && /\s/.test(character)) return at
  }
  return isQuoted ? undefined : text.length
}

/** Networks in the order of a cidr_table, where the first that fits counts; here it is the smallest. */
class Networks {
  readonly #keys = new Map<string, AccessKey>()
  readonly #sizes = new Map<string, number>()

  /** Within one that stands before it, it never counted. */
  add(key: AccessKey): readonly Warning[] {
    if (key.kind !== 'network') return []
    const { address } = key.network
    const found: Warning[] = []
    for (const [size, prefixBits] of this.#sizes) {
      if (prefixBits >= key.network.prefixBits || size[1] !== networkSize(key.network)[1]) continue
      const around = { address: firstBits(address, prefixBits), prefixBits }
      const before = this.#keys.get(`${size}#${networkBits(around)}`)
      if (before !== undefined) {
        found.push({
          kind: 'network-order',
          key: formatAccessKey(key),
          within: formatAccessKey(before),
        })
        break
      }
    }
    const size = networkSize(key.network)
    this.#sizes.set(size, key.network.prefixBits)
    this.#keys.set(`${size}#${networkBits(key.network)}`, key)
    return found
  }
}
