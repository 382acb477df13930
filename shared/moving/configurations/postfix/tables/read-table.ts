// `type:name` of main.cf to what stands in it (DATABASE_README). Tables that are made of others are put together here, as far as what they
// say can be said without asking them.

import { readAliasSource } from '../../alias-source.ts'
import type { Place } from '../../plan.ts'
import type { OnFault, Row } from '../../rows.ts'
import type { SourceFiles } from '../../source-files.ts'
import { splitValue, withoutBraces } from '../split-value.ts'
import { readCidrSource, readPatternSource } from './pattern-source.ts'
import { readPostmapSource } from './postmap-source.ts'
import type { ReadTable } from './table.ts'

export type TableContext = {
  readonly files: SourceFiles
  readonly from: Place
  readonly onFault: OnFault
  /** aliases(5) in place of postmap's. */
  readonly syntax?: 'postmap' | 'aliases'
  readonly defaultType?: string
  /** Sources that were read already. */
  readonly cache?: Map<string, ReadTable>
  /** False: too many rows were gone through. */
  readonly spend?: (count: number) => boolean
}

/** Tables in tables. */
const DEPTH_MAX = 10

export function readTable(text: string, context: TableContext, depth = 0): ReadTable {
  const table = readAnew(text, context, depth)
  const count = table.kind === 'rows' || table.kind === 'networks' ? table.rows.length : 0
  return context.spend?.(1 + count) === false ? refused('too many tables name each other') : table
}

function readAnew(text: string, context: TableContext, depth: number): ReadTable {
  const { type, name } = splitReference(text, context.defaultType)
  if (depth > DEPTH_MAX) return refused('tables within each other too deeply')
  switch (type) {
    case 'hash':
    case 'btree':
    case 'lmdb':
    case 'cdb':
    case 'dbm':
    case 'sdbm':
    case 'texthash':
    case 'regexp':
    case 'pcre':
    case 'cidr':
      return readFile(type, name, context)
    case 'proxy':
      return readTable(name, context, depth + 1)
    case 'static':
      return readStatic(name, context)
    case 'inline':
      return readInline(name, context)
    case 'unionmap':
      return readUnion(partsOf(name, context, depth))
    case 'pipemap':
      return readPipe(partsOf(name, context, depth))
    case 'randmap':
      return refused('randmap: answers something else each time')
    case 'fail':
      return refused('fail: never answers')
    case 'mysql':
    case 'pgsql':
    case 'sqlite':
    case 'ldap':
    case 'memcache':
    case 'mongodb':
      return refused(
        `${type}: is a database: \`postwolke import sql-dump\` reads what mysqldump, pg_dump or the .dump of sqlite3 writes of it`,
      )
    default:
      return refused(
        type === 'unix'
          ? 'unix: is what the old system knows of its users: give their passwd-file'
          : `${type}: cannot be read here`,
      )
  }
}

export function splitReference(
  text: string,
  defaultType = 'hash',
): { readonly type: string; readonly name: string } {
  const colon = text.indexOf(':')
  const type = text.slice(0, Math.max(0, colon))
  return /^[A-Za-z][\w-]*$/.test(type)
    ? { type: type.toLowerCase(), name: text.slice(colon + 1) }
    : { type: defaultType, name: text }
}

const refused = (reason: string): ReadTable => ({ kind: 'refused', reason })

/** Each source once, however often it is named. */
function readFile(type: string, path: string, context: TableContext): ReadTable {
  const name = `${type} ${context.syntax} ${path}`
  const table = context.cache?.get(name) ?? readSource(type, path, context)
  context.cache?.set(name, table)
  return table
}

function readSource(type: string, path: string, context: TableContext): ReadTable {
  const { files, onFault, syntax = 'postmap' } = context
  const content = files.read(path)
  if (content.kind === 'refused') return refused(`${path}: ${content.reason}`)
  switch (type) {
    case 'cidr':
      return { kind: 'networks', rows: readCidrSource(path, content.text, onFault) }
    case 'regexp':
    case 'pcre': {
      const rules = readPatternSource(path, content.text, onFault)
      return { kind: 'patterns', rules, from: { file: path, line: 0 } }
    }
    default: {
      const read = syntax === 'aliases' ? readAliasSource : readPostmapSource
      return { kind: 'rows', rows: read(path, content.text, onFault) }
    }
  }
}

function readStatic(name: string, { files }: TableContext): ReadTable {
  const braced = withoutBraces(name)
  if (braced !== undefined) return { kind: 'constant', value: braced }
  return name.startsWith('<')
    ? fileAsValue(name.slice(1).trim(), files)
    : { kind: 'constant', value: name }
}

function fileAsValue(path: string, files: SourceFiles): ReadTable {
  const content = files.read(path)
  return content.kind === 'refused'
    ? refused(`${path}: ${content.reason}`)
    : { kind: 'constant', value: content.text.trim() }
}

function readInline(name: string, { from, onFault }: TableContext): ReadTable {
  const inside = withoutBraces(name)
  if (inside === undefined) return refused('inline: needs braces around its entries')
  const rows = new Map<string, Row>()
  for (const word of splitValue(inside)) {
    const entry = withoutBraces(word) ?? word
    const equals = entry.indexOf('=')
    const key = entry.slice(0, Math.max(0, equals)).trim().toLowerCase()
    const value = entry.slice(equals + 1).trim()
    if (key === '') onFault({ about: word, reason: 'no key=value', from })
    // Unlike postmap it takes the last.
    else rows.set(key, { key, value, from })
  }
  return { kind: 'rows', rows: [...rows.values()] }
}

const partsOf = (name: string, context: TableContext, depth: number): readonly ReadTable[] =>
  splitValue(withoutBraces(name) ?? name).map((part) => readTable(part, context, depth + 1))

/** What all of them say of a key, with commas between. */
function readUnion(parts: readonly ReadTable[]): ReadTable {
  const constants: string[] = []
  const values = new Map<string, { readonly row: Row; readonly found: string[] }>()
  for (const part of parts) {
    if (part.kind === 'constant') constants.push(part.value)
    else if (part.kind !== 'rows') return ofOthers('unionmap', part)
    else {
      for (const row of part.rows) {
        const before = values.get(row.key)
        if (before === undefined) values.set(row.key, { row, found: [row.value] })
        else before.found.push(row.value)
      }
    }
  }
  if (constants.length > 0) {
    return values.size === 0
      ? { kind: 'constant', value: constants.join(',') }
      : refused('unionmap: with static: in it answers for everything')
  }
  return {
    kind: 'rows',
    rows: [...values.values()].map(({ row, found }) => ({ ...row, value: found.join(',') })),
  }
}

/** What the first says is asked of the next, and so on. */
function readPipe(parts: readonly ReadTable[]): ReadTable {
  const [first = refused('pipemap: needs tables'), ...others] = parts
  return others.reduce<ReadTable>((before, next) => {
    if (before.kind !== 'rows') return ofOthers('pipemap', before)
    if (next.kind !== 'rows' && next.kind !== 'constant') return ofOthers('pipemap', next)
    const values =
      next.kind === 'rows' ? new Map(next.rows.map(({ key, value }) => [key, value])) : undefined
    return {
      kind: 'rows',
      rows: before.rows.flatMap((row) => {
        const value = next.kind === 'constant' ? next.value : values?.get(row.value.toLowerCase())
        return value === undefined ? [] : [{ ...row, value }]
      }),
    }
  }, first)
}

const ofOthers = (type: string, part: ReadTable): ReadTable =>
  part.kind === 'refused'
    ? part
    : refused(`${type}: of tables of patterns or networks is not read here`)
