// Domains, accounts and aliases of a mail system that keeps them in a database, by a dump of it.

import { type AddressBook, createAddressBook } from '../addresses.ts'
import { type Collector, createCollector } from '../collect.ts'
import { hashOf } from '../dovecot/passwd-file.ts'
import type { MovingPlan } from '../plan.ts'
import { type SourceFiles, withinLimits } from '../source-files.ts'
import { type Schema, schemas } from './schemas.ts'
import { type DumpRow, type DumpTables, readSqlDump } from './sql-dump.ts'

export type DatabaseSource = {
  readonly files: SourceFiles
  readonly path: string
  /** Of passwords that name none. */
  readonly defaultScheme?: string | undefined
}

export type Database = {
  readonly kind: 'database'
  /** Its domains, accounts and aliases, beside those of others. */
  readonly enter: (book: AddressBook, collect: Collector) => void
}
type Refused = { readonly kind: 'refused'; readonly reason: string }

export function readDatabase(
  of: DatabaseSource,
): { readonly kind: 'plan'; readonly plan: MovingPlan } | Refused {
  const database = openDatabase(of)
  if (database.kind === 'refused') return database
  const collect = createCollector('database')
  const book = createAddressBook(collect)
  database.enter(book, collect)
  book.finish()
  return { kind: 'plan', plan: collect.plan() }
}

export function openDatabase(of: DatabaseSource): Database | Refused {
  const files = withinLimits(of.files)
  const content = files.read(of.path)
  if (content.kind === 'refused')
    return { kind: 'refused', reason: `${of.path}: ${content.reason}` }
  const parsing = createCollector('database')
  const tables = readSqlDump({
    ...{ file: of.path, text: content.text, wanted: tableNames },
    spend: parsing.spend,
  })
  const schema = schemas.find((one) => fits(one, tables))
  if (schema === undefined) {
    const known = schemas.map(({ system }) => system).join(', ')
    return {
      kind: 'refused',
      reason: `${of.path}: has no table of accounts with rows as one of these has: ${known}`,
    }
  }
  return {
    kind: 'database',
    enter(book, collect) {
      for (const { kind, about, reason, from } of parsing.plan().notes) {
        collect.note(kind, about, reason, from)
      }
      translate(schema, tables, of.defaultScheme, book, collect)
    },
  }
}

const partsOf = ({ domains, accounts, aliases, aliasDomains, vacation }: Schema) => [
  ...[domains, accounts, aliases, aliasDomains, vacation].filter((one) => one !== undefined),
]
const tableNames: ReadonlySet<string> = new Set(
  schemas.flatMap((schema) => partsOf(schema).map(({ table }) => table)),
)

/** Aliases nobody need have; where there are some they are of this system. */
function fits({ accounts, aliases }: Schema, tables: DumpTables): boolean {
  const has = (table: string, ...columns: readonly string[]) =>
    columns.every((column) => tables.get(table)?.[0]?.values.has(column))
  return (
    has(accounts.table, accounts.address, accounts.password) &&
    (!tables.has(aliases.table) || has(aliases.table, aliases.address, aliases.targets)) &&
    (accounts.table !== 'mailbox' || tables.has(aliases.table))
  )
}

/** As databases say yes, MySQL's bits among them. */
const isYes = (text: string | null | undefined) => /^(?:1|t|true|y|yes|\x01)$/i.test(text ?? '')

function translate(
  schema: Schema,
  tables: DumpTables,
  defaultScheme: string | undefined,
  book: AddressBook,
  collect: Collector,
): void {
  const { domains, accounts, aliases, aliasDomains, vacation } = schema
  const left = new Set<string>()

  /** A column that an older version does not have says nothing. */
  const isOff = ({ values }: DumpRow, column: string | undefined) =>
    column !== undefined && values.has(column) && !isYes(values.get(column))
  const cell = ({ values }: DumpRow, column: string) =>
    (values.get(column) ?? '').trim().toLowerCase()
  const rowsOf = (part: { readonly table: string } | undefined) =>
    part === undefined ? [] : (tables.get(part.table) ?? [])
  const domainOf = (address: string) => address.slice(address.lastIndexOf('@') + 1)

  for (const row of rowsOf(domains)) {
    const name = cell(row, domains?.domain ?? '')
    // PostfixAdmin's own row for all of them.
    if (name === 'all' || name === '') continue
    const reason =
      domains?.backup !== undefined && isYes(row.values.get(domains.backup))
        ? 'mail for it is passed on: name it in `relayDomains`, with its route'
        : isOff(row, domains?.active)
          ? 'it is switched off there: neither it nor what is in it is brought'
          : undefined
    if (reason === undefined) book.domain(name, row.from)
    else {
      left.add(name)
      collect.note('to-do', name, reason, row.from)
    }
  }
  const isLeft = (address: string) => left.has(domainOf(address))
  const enter = (address: string, row: DumpRow) => {
    const domain = domainOf(address)
    if (domains === undefined && domain.includes('.') && !book.hasDomain(domain))
      book.domain(domain, row.from)
  }

  for (const row of rowsOf(accounts)) {
    const address = cell(row, accounts.address)
    if (!address.includes('@')) {
      collect.note('faulty', address.slice(0, 200), 'no address that could be here', row.from)
      continue
    }
    if (isLeft(address)) continue
    enter(address, row)
    const password = (row.values.get(accounts.password) ?? '').trim()
    book.account({
      address,
      hash: hashOf(password, address, row.from, { collect, defaultScheme }),
      quotaBytes: quotaOf(row, accounts, address, collect),
      enabled: !isOff(row, accounts.active),
      from: row.from,
    })
  }

  const leads = new Map<string, { readonly targets: string[]; readonly from: DumpRow['from'] }>()
  for (const row of rowsOf(aliases)) {
    const name = cell(row, aliases.address)
    if (isLeft(name)) continue
    if (isOff(row, aliases.active)) {
      collect.note('not-needed', name, 'it is switched off there', row.from)
      continue
    }
    enter(name, row)
    const lead = leads.get(name) ?? { targets: [], from: row.from }
    leads.set(name, lead)
    const targets = (row.values.get(aliases.targets) ?? '')
      .split(/[\s,]+/)
      .filter((one) => one !== '')
    if (!collect.spend(targets.length)) break
    for (const target of targets) if (!isReply(target, name)) lead.targets.push(target)
  }
  for (const [name, { targets, from }] of leads) {
    if (targets.length > 0) book.alias(name, targets, from)
  }
  for (const row of rowsOf(aliasDomains)) {
    const [name, target] = [
      cell(row, aliasDomains?.domain ?? ''),
      cell(row, aliasDomains?.target ?? ''),
    ]
    if (isOff(row, aliasDomains?.active)) continue
    if (!book.hasDomain(name)) book.domain(name, row.from)
    book.alias(`@${name}`, [`@${target}`], row.from)
  }
  for (const row of rowsOf(vacation)) {
    if (isOff(row, vacation?.active)) continue
    const reason = 'is away: the reply comes over as no script; one with `vacation` says the same'
    collect.note('to-do', cell(row, vacation?.address ?? ''), reason, row.from)
  }
}

/** PostfixAdmin's: `ann#example.org@autoreply.example.org`. */
const isReply = (target: string, address: string) =>
  target.slice(0, target.lastIndexOf('@')).replace('#', '@').toLowerCase() === address

function quotaOf(
  row: DumpRow,
  { quota, quotaUnit = 1 }: Schema['accounts'],
  address: string,
  collect: Collector,
): number | null {
  const text = quota === undefined ? undefined : row.values.get(quota)
  if (text === undefined || text === null) return null
  const bytes = /^\d{1,15}$/.test(text) ? Number(text) * quotaUnit : Number.NaN
  if (Number.isSafeInteger(bytes)) return bytes
  collect.note('faulty', address, `'${text.slice(0, 80)}' is no quota`, row.from)
  return null
}
