// Domains of all classes of Postfix, mailboxes and aliases. Here a domain is one of ours or not, and an address in it an account or an alias.

import { formatAddress, lookupKey, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { type AddressBook, createAddressBook } from '../../addresses.ts'
import { addressesOf } from '../../alias-file.ts'
import type { Database } from '../../database/database.ts'
import type { Place, PlannedAccount } from '../../plan.ts'
import type { Row } from '../../rows.ts'
import type { NamedTable, PostfixContext } from '../context.ts'
import { simplePattern } from '../simple-patterns.ts'
import { splitValue } from '../split-value.ts'
import type { LocalNames } from './local-names.ts'

/** `accounts`: of the passwd-file, which has their passwords. */
export function translateDomains(
  whole: PostfixContext,
  local: LocalNames,
  {
    accounts = [],
    database,
  }: { readonly accounts?: readonly PlannedAccount[]; readonly database?: Database | undefined },
): AddressBook {
  const context = database === undefined ? whole : withoutDatabases(whole)
  const book = createAddressBook(context.collect)
  const aliases = context.tables('virtual_alias_maps')
  const mailboxes = context.tables('virtual_mailbox_maps')
  if (local.home !== undefined) book.domain(local.home, context.place('mydestination'))
  for (const name of ['virtual_mailbox_domains', 'virtual_alias_domains']) {
    readDomains(name, context, book, local)
  }
  database?.enter(book, context.collect)
  for (const { kind: _, ...account } of accounts) {
    const domain = account.address.slice(account.address.lastIndexOf('@') + 1)
    // Postfix would not have taken its mail, and its owner logs in.
    if (!book.hasDomain(domain)) book.domain(domain, account.from)
    book.account(account)
  }
  readMailboxes(mailboxes, context, book)
  readVirtualAliases(aliases, context, book, local)
  if (local.names.size > 0) readLocalAliases(context, book, local)
  return book
}

/** What they say of domains, mailboxes and aliases is known by a dump: nothing is left to be told of them. */
function withoutDatabases(context: PostfixContext): PostfixContext {
  const isDatabase = (text: string) => /^(?:proxy:)?(?:mysql|pgsql|sqlite):/i.test(text)
  const nothing = { kind: 'rows', rows: [] } as const
  return {
    ...context,
    table: (text, ...more) => (isDatabase(text) ? nothing : context.table(text, ...more)),
    tables: (...of) =>
      context.tables(...of).map((one) => (isDatabase(one.text) ? { ...one, table: nothing } : one)),
  }
}

/** A domain that is named alone, as a word or as the key of a table. */
function readDomains(
  name: string,
  { collect, list, table }: PostfixContext,
  book: AddressBook,
  local: LocalNames,
): void {
  const add = (word: string, from: Place) => {
    if (local.names.has(word) && word !== local.home) {
      collect.note('faulty', `${name} ${word}`, 'the domain is in mydestination too', from)
    }
    book.domain(word, from)
  }
  for (const { word, from } of list(name)) {
    if (!/^[a-z]+:/i.test(word)) {
      add(word.toLowerCase(), from)
      continue
    }
    const read = table(word, from)
    if (read.kind === 'rows') {
      for (const row of read.rows) if (isDomainKey(row.key)) add(row.key, row.from)
    } else if (read.kind === 'refused' || read.kind === 'patterns') {
      const reason = read.kind === 'refused' ? read.reason : 'patterns name no domains one by one'
      collect.note('not-supported', `${name} ${word}`, reason, from)
    }
  }
}

const isDomainKey = (key: string) =>
  !key.includes('@') && key.includes('.') && parseDomain(key) !== undefined

/** By the path that mail was written to, where Postfix wrote it itself: keys with the same path are one mailbox. */
function readMailboxes(
  tables: readonly NamedTable[],
  context: PostfixContext,
  book: AddressBook,
): void {
  const { collect, value } = context
  const pathsCount = (value('virtual_transport') || 'virtual').startsWith('virtual')
  const byPath = new Map<string, Row[]>()
  for (const row of rowsOf(tables, 'virtual_mailbox_maps', context)) {
    if (!row.key.includes('@')) continue
    const path = pathsCount ? row.value.replace(/\/$/, '') : row.key
    const same = byPath.get(path)
    if (same === undefined) byPath.set(path, [row])
    else same.push(row)
  }
  for (const [path, rows] of byPath) {
    const named = rows.filter(({ key }) => !key.startsWith('@') && parseAddress(key) !== undefined)
    const first =
      named.find(({ key }) => book.hasAccount(key)) ??
      named.find(({ key }) => path.split('/').includes(key.slice(0, key.lastIndexOf('@')))) ??
      named[0]
    if (first === undefined) {
      for (const { key, from } of rows) {
        const reason = `a mailbox (${path}) for all of a domain has no address of its own: make an account and an alias ${key} that leads to it`
        collect.note('to-do', key, reason, from)
      }
      continue
    }
    book.account({
      ...{ address: first.key, hash: null, quotaBytes: null, enabled: true },
      from: first.from,
    })
    for (const row of rows) {
      if (row === first) continue
      // Who logs in under it has his own mailbox.
      if (!book.hasAccount(row.key)) book.alias(row.key, [first.key], row.from)
    }
  }
}

/** Each key once: a key is asked of all tables before the next. */
function* rowsOf(
  tables: readonly NamedTable[],
  about: string,
  { collect }: PostfixContext,
): Generator<Row> {
  const seen = new Set<string>()
  for (const { text, table, from } of tables) {
    if (table.kind === 'patterns') {
      for (const rule of table.rules) {
        const simple = simplePattern(rule)
        if (simple !== undefined) yield { key: simple.name, value: simple.value, from: rule.from }
        else {
          const shown = `/${rule.pattern}/ ${rule.value}`.slice(0, 200)
          collect.note(
            'not-supported',
            `${about}: ${shown}`,
            'aliases have no patterns here',
            rule.from,
          )
        }
      }
      continue
    }
    if (table.kind !== 'rows') {
      const reason =
        table.kind === 'refused'
          ? table.reason
          : 'it answers for every address of every domain; here each address is told'
      collect.note('not-supported', `${about} ${text}`, reason, from)
      continue
    }
    for (const row of table.rows) {
      if (seen.has(row.key)) continue
      seen.add(row.key)
      yield row
    }
  }
}

function readVirtualAliases(
  tables: readonly NamedTable[],
  context: PostfixContext,
  book: AddressBook,
  local: LocalNames,
): void {
  const complete = completion(context, local)
  for (const { key, value, from } of rowsOf(tables, 'virtual_alias_maps', context)) {
    if (isDomainKey(key) && book.hasDomain(key)) continue
    const targets = value.startsWith('@')
      ? [value.toLowerCase()]
      : addressesOf(key, value, from, { ...context, complete })
    for (const name of namesOf(key, local, book)) book.alias(name, targets, from)
  }
}

/** A key without a domain is asked for users of the host and of $myorigin. */
function namesOf(key: string, local: LocalNames, book: AddressBook): readonly string[] {
  if (key.includes('@')) return [key]
  const domains = new Set(
    [local.home, local.origin].filter((name) => name !== undefined && book.hasDomain(name)),
  )
  return [...domains].map((domain) => `${key}@${domain}`)
}

/** `user` is one of $myorigin; under the names of this host there are the users of its home domain. */
const completion =
  ({ address }: PostfixContext, local: LocalNames) =>
  (text: string): string | undefined => {
    if (text.startsWith('@')) return text.toLowerCase()
    const found = address(text)
    if (found === undefined) return undefined
    const isHost = local.names.has(found.domain) && local.home !== undefined
    const home = isHost ? parseDomain(local.home ?? '') : undefined
    return formatAddress(home === undefined ? found : { ...found, domain: home })
  }

/** aliases(5), which are asked for users of this host alone. */
function readLocalAliases(context: PostfixContext, book: AddressBook, local: LocalNames): void {
  const { collect, place, value } = context
  const { home } = local
  if (home === undefined) {
    collect.note(
      'not-supported',
      'alias_maps',
      'mydestination has no full name: there is no domain for its users',
      place('mydestination'),
    )
    return
  }
  readLocalUsers(home, context, book)
  const complete = completion(context, local)
  const tables = context.tables('alias_maps', 'aliases').filter(({ text }) => !/^nis:/.test(text))
  for (const { key, value: targets, from } of rowsOf(tables, 'alias_maps', context)) {
    const name = parseAddress(key.includes('@') ? '' : `${key}@${home}`) ?? quoted(key, home)
    if (name === undefined) collect.note('faulty', key, 'no name of a user', from)
    else {
      const found = addressesOf(key, targets, from, { ...context, complete })
      const text = lookupKey(formatAddress(name))
      if (found.length > 0) book.alias(text, found, from)
    }
  }
  const relay = value('luser_relay')
  const address = relay === '' || relay.includes('$') ? undefined : complete(relay)
  if (address !== undefined) book.alias(`@${home}`, [address], place('luser_relay'))
  else if (relay !== '') {
    collect.note(
      'not-supported',
      'luser_relay',
      `'${relay}' is no address that a catch-all leads to`,
      place('luser_relay'),
    )
  }
}

/** Tables that name users of the host, besides its aliases. */
function readLocalUsers(home: string, context: PostfixContext, book: AddressBook): void {
  const { collect, value } = context
  const aliases = new Set(splitValue(value('alias_maps')))
  for (const { text, table, from } of context.tables('local_recipient_maps')) {
    if (aliases.has(text)) continue
    if (table.kind !== 'rows') {
      const reason =
        table.kind === 'refused'
          ? table.reason
          : 'it does not name the users of the host one by one'
      collect.note('to-do', `local_recipient_maps ${text}`, reason, from)
      continue
    }
    for (const { key, from: row } of table.rows) {
      const address = parseAddress(key.includes('@') ? '' : `${key}@${home}`)
      if (address === undefined) continue
      const text = formatAddress(address)
      book.account({ address: text, hash: null, quotaBytes: null, enabled: true, from: row })
    }
  }
}

const quoted = (key: string, home: string) =>
  key.includes('@') ? undefined : parseAddress(`"${key.replaceAll(/["\\]/g, '\\$&')}"@${home}`)
