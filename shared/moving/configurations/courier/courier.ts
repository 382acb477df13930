// Courier in its folder (/etc/courier): aliases, hosteddomains and locals, esmtproutes and userdb.

import { checkHash } from '#shared/auth/passwords.ts'
import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { type AddressBook, createAddressBook } from '../addresses.ts'
import { addressesOf } from '../alias-file.ts'
import { readAliasSource } from '../alias-source.ts'
import { type Collector, createCollector } from '../collect.ts'
import type { MovingPlan, Place, PlannedEntry } from '../plan.ts'
import { contentLines, type SourceFiles, withinLimits } from '../source-files.ts'

export type CourierSource = {
  readonly files: SourceFiles
  readonly defaultDomain?: string | undefined
}

export function readCourier(source: CourierSource): MovingPlan {
  const files = withinLimits(source.files)
  const collect = createCollector('courier')
  const book = createAddressBook(collect)
  const locals = filesOf(files, 'locals')
  const home = source.defaultDomain ?? textIn(files, 'defaultdomain') ?? locals[0]?.text
  if (home?.includes('.')) {
    book.domain(home, { file: 'locals', line: 0 })
    collect.set('defaultDomain', home, {
      about: 'defaultdomain',
      from: { file: 'defaultdomain', line: 1 },
    })
  }
  const complete = (text: string) => {
    const found = parseAddress(text, home === undefined ? undefined : parseDomain(home))
    return found && formatAddress(found)
  }
  for (const { text, from } of [...locals, ...filesOf(files, 'hosteddomains')]) {
    // `domain<TAB>alias of it`.
    const [domain = '', other] = text.toLowerCase().split(/\s+/)
    if (!domain.includes('.') || domain.startsWith('.')) continue
    book.domain(domain, from)
    if (other !== undefined && other !== domain) book.alias(`@${domain}`, [`@${other}`], from)
  }
  for (const path of ['userdb', ...inFolder(files, 'userdb')])
    readUserdb(path, files, collect, book, complete)
  for (const path of ['aliases', ...inFolder(files, 'aliases')]) {
    const content = files.read(path)
    if (content.kind === 'refused') continue
    const rows = readAliasSource(path, content.text, ({ about, reason, from }) =>
      collect.note('faulty', about, reason, from),
    )
    for (const { key, value, from } of rows) {
      const name = key.startsWith('@') ? key : complete(key)
      const targets = addressesOf(key, value, from, { collect, files, complete })
      if (name === undefined) collect.note('faulty', key, 'no address', from)
      else if (targets.length > 0) book.alias(name, targets, from)
    }
  }
  book.finish()
  readRoutes(files, collect)
  return collect.plan()
}

type PlacedLine = { readonly text: string; readonly from: Place }

/** A file, or all files of a folder by that name. */
function filesOf(files: SourceFiles, path: string): readonly PlacedLine[] {
  return [path, ...inFolder(files, path)].flatMap((file) => {
    const content = files.read(file)
    return content.kind === 'refused'
      ? []
      : [...contentLines(content.text)].map(({ text, line }) => ({ text, from: { file, line } }))
  })
}

const inFolder = (files: SourceFiles, path: string): readonly string[] =>
  (files.list(path) ?? []).filter((name) => !name.startsWith('.')).map((name) => `${path}/${name}`)

const textIn = (files: SourceFiles, path: string): string | undefined => {
  const content = files.read(path)
  return content.kind === 'text' ? content.text.trim() || undefined : undefined
}

/** `name<TAB>field=value|field=value`. */
function readUserdb(
  path: string,
  files: SourceFiles,
  collect: Collector,
  book: AddressBook,
  complete: (text: string) => string | undefined,
): void {
  const content = files.read(path)
  if (content.kind === 'refused') return
  for (const { line, text } of contentLines(content.text)) {
    const from = { file: path, line }
    const gap = text.search(/\s/)
    const address = gap === -1 ? undefined : complete(text.slice(0, gap))
    if (address === undefined) {
      collect.note('faulty', text.slice(0, 80), 'no user with fields', from)
      continue
    }
    const fields = new Map(
      text
        .slice(gap)
        .trim()
        .split('|')
        .map((field) => {
          const equals = field.indexOf('=')
          return [field.slice(0, Math.max(0, equals)), field.slice(equals + 1)] as const
        }),
    )
    const password = fields.get('systempw') ?? fields.get('imappw') ?? ''
    const hash = password.startsWith('{') ? password : `{CRYPT}${password}`
    const isUsable = password !== '' && checkHash(hash) === undefined
    if (!isUsable && password !== '') {
      collect.note(
        'not-supported',
        address,
        'its password is of no kind that can be verified',
        from,
      )
    }
    const size = /^(\d{1,15})S/.exec(fields.get('quota') ?? '')?.[1]
    const domain = address.slice(address.lastIndexOf('@') + 1)
    if (!book.hasDomain(domain)) book.domain(domain, from)
    book.account({
      ...{ address, hash: isUsable ? hash : null, enabled: true, from },
      quotaBytes: size === undefined ? null : Number(size),
    })
  }
}

/** `domain:host,port`; of all mail where no domain stands before. */
function readRoutes(files: SourceFiles, collect: Collector): void {
  const entries: PlannedEntry[] = []
  for (const { text, from } of filesOf(files, 'esmtproutes')) {
    const [domain = '', rest = ''] = text.split(':')
    const [host = '', port = ''] = (rest.split('/', 1)[0] ?? '').trim().split(',')
    const name = host.startsWith('[') ? host : `[${host}]`
    const hop = host === '' ? '' : `${name}${port === '' ? '' : `:${port}`}`
    if (domain.trim() === '') collect.set('relayhost', hop, { about: 'esmtproutes', from })
    else entries.push({ key: domain.trim().toLowerCase(), result: `smtp:${hop}`, from })
  }
  if (entries.length === 0) return
  const from = { file: 'esmtproutes', line: 0 }
  collect.add({ kind: 'table', table: 'esmtproutes', use: 'map', entries, from })
  collect.set('transportMaps', 'table:esmtproutes', { about: 'esmtproutes', from })
}
