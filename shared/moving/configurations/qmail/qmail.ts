// qmail in its folder (/var/qmail): control files, users/assign, .qmail files of aliases and of virtual domains, and vpopmail's vpasswd.

import { checkHash } from '#shared/auth/passwords.ts'
import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { type AddressBook, createAddressBook } from '../addresses.ts'
import { type Collector, createCollector } from '../collect.ts'
import type { MovingPlan, PlannedEntry } from '../plan.ts'
import { contentLines, type Line, type SourceFiles, withinLimits } from '../source-files.ts'
import { extensionOf, parseDotQmail } from './dot-qmail.ts'

export type QmailSource = {
  readonly files: SourceFiles
  /** Of its own users; else `defaultdomain` or the first of `locals`. */
  readonly defaultDomain?: string | undefined
}

export type QmailRead =
  | { readonly kind: 'plan'; readonly plan: MovingPlan }
  | { readonly kind: 'refused'; readonly reason: string }

/** Homes, by what stands first in a line: `=local` or `+prefix`. */
type Assignments = ReadonlyMap<string, string>

export function readQmail(source: QmailSource): QmailRead {
  const files = withinLimits(source.files)
  const me = files.read('control/me')
  if (me.kind === 'refused') return { kind: 'refused', reason: `control/me: ${me.reason}` }
  const collect = createCollector('qmail')
  const book = createAddressBook(collect)
  const hostname = me.text.trim()
  collect.set('hostname', hostname, { about: 'me', from: { file: 'control/me', line: 1 } })
  const locals = linesIn(files, 'control/locals').map(({ text }) => text.toLowerCase())
  const virtual = linesIn(files, 'control/virtualdomains')
  const home =
    source.defaultDomain ??
    [firstOf(files, 'control/defaultdomain'), ...locals, hostname].find(isFull)
  if (home !== undefined) {
    collect.set('defaultDomain', home, {
      about: 'locals',
      from: { file: 'control/locals', line: 0 },
    })
    book.domain(home, { file: 'control/locals', line: 0 })
  }
  const others = locals.filter((name) => name !== home && name !== hostname)
  collect.set(
    'mydestination',
    ['localhost', ...others.filter((name) => name !== 'localhost')].join(', '),
    {
      ...{ about: 'locals', from: { file: 'control/locals', line: 0 } },
    },
  )
  const complete = (text: string) => {
    const found = parseAddress(text, home === undefined ? undefined : parseDomain(home))
    return found && formatAddress(found)
  }
  if (home !== undefined) readDotFiles('alias', '.qmail-', home, { files, collect, book, complete })
  const assignments = readAssign(files)
  for (const line of virtual) {
    readVirtual(line, assignments, { files, collect, book, complete, locals })
  }
  readRelayed(files, collect, book)
  readRoutes(files, collect)
  readLimits(files, collect)
  book.finish()
  return { kind: 'plan', plan: collect.plan() }
}

type Reading = {
  readonly files: SourceFiles
  readonly collect: Collector
  readonly book: AddressBook
  readonly complete: (text: string) => string | undefined
}

const isFull = (name = ''): boolean => name.includes('.') && parseDomain(name) !== undefined

const linesIn = (files: SourceFiles, path: string): readonly Line[] => {
  const content = files.read(path)
  return content.kind === 'text' ? [...contentLines(content.text)] : []
}
const firstOf = (files: SourceFiles, path: string) => linesIn(files, path)[0]?.text

/** Those of sorted names that begin so: they stand together. */
function namesWith(names: readonly string[], prefix: string): readonly string[] {
  let low = 0
  let high = names.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((names[middle] ?? '') < prefix) low = middle + 1
    else high = middle
  }
  let end = low
  while (names[end]?.startsWith(prefix) === true) end++
  return names.slice(low, end)
}

/** `.qmail-info` is info@; `.qmail-default` all that have none. */
function readDotFiles(folder: string, prefix: string, domain: string, of: Reading): void {
  const { files, collect, book, complete } = of
  for (const name of namesWith(files.list(folder) ?? [], prefix)) {
    const path = `${folder}/${name}`
    const content = files.read(path)
    if (content.kind === 'refused') {
      collect.note('not-supported', path, content.reason, { file: path, line: 0 })
      continue
    }
    const extension = extensionOf(name.slice(prefix.length))
    const isDefault = extension === 'default'
    const address = isDefault ? `@${domain}` : complete(`${extension}@${domain}`)
    if (address === undefined || extension.endsWith('-default')) {
      collect.note('not-supported', path, 'no address has this name here', { file: path, line: 0 })
      continue
    }
    const { forwards, keeps, others } = parseDotQmail(content.text)
    for (const { text, reason, line } of others) {
      // vpopmail delivers by a program that says in its arguments what is done with those who are not there.
      const bounces = /vdelivermail '' (?:bounce-no-mailbox|delete)/.test(text)
      if (bounces) continue
      collect.note('not-supported', `${address}: ${text}`.slice(0, 200), reason, {
        file: path,
        line,
      })
    }
    const targets = forwards.flatMap(({ address: to }) => complete(to) ?? [])
    if (keeps && !isDefault && book.hasAccount(address)) targets.push(address)
    if (targets.length > 0) {
      const from = { file: path, line: forwards[0]?.line ?? 0 }
      book.alias(address, targets, from)
    } else if (keeps && !isDefault && !book.hasAccount(address)) {
      const reason = 'its mail was kept in a mailbox of the folder: make an account for it'
      collect.note('to-do', address, reason, { file: path, line: 0 })
    }
  }
}

/** `dom:prepend`: users of dom are `prepend-user`, in the home that users/assign gives that. */
function readVirtual(
  { line, text }: Line,
  assignments: Assignments,
  of: Reading & { readonly locals: readonly string[] },
): void {
  const { collect, book, locals, files } = of
  const from = { file: 'control/virtualdomains', line }
  const colon = text.indexOf(':')
  const domain = text.slice(0, Math.max(0, colon)).toLowerCase()
  const prepend = text.slice(colon + 1)
  if (domain.includes('@') || !isFull(domain)) {
    collect.note(
      'not-supported',
      text.slice(0, 200),
      'single addresses, and domains below one, are not taken over',
      from,
    )
    return
  }
  if (prepend === '' || locals.includes(domain)) {
    collect.note('not-needed', domain, 'it is an exception, or one of locals', from)
    return
  }
  book.domain(domain, from)
  const found = assignments.get(`+${prepend}-`)
  const user = assignments.get(`=${prepend}`)
  if (found === undefined && user === undefined) {
    // Whoever is no user is the user alias, with all of his name as the extension.
    const extension = prepend === 'alias' ? '' : prepend.replace(/^alias-/, '')
    const prefix = extension === '' ? '' : `${extension.replaceAll('.', ':')}-`
    readDotFiles('alias', `.qmail-${prefix}`, domain, of)
    return
  }
  const folder = found ?? user ?? ''
  readVpasswd(folder, domain, of)
  readDotFiles(folder, '.qmail-', domain, of)
  if (files.list(folder) === undefined) {
    collect.note('to-do', domain, `${folder} cannot be read: --root says where it is`, from)
  }
}

/** `=local:user:uid:gid:home:dash:ext:` and `+prefix:…`, up to a dot alone. */
function readAssign(files: SourceFiles): Assignments {
  return new Map(
    linesIn(files, 'users/assign').flatMap(({ text }): [string, string][] => {
      const [name = '', , , , home = ''] = text.split(':')
      return /^[=+]/.test(name) && home !== '' ? [[name, home]] : []
    }),
  )
}

const VPOPMAIL_BOUNCED = 0x40

/** vpopmail: `user:hash:uid:gid flags:gecos:directory:quota:clear password`. */
function readVpasswd(folder: string, domain: string, { files, collect, book }: Reading): void {
  const path = `${folder}/vpasswd`
  for (const { line, text } of linesIn(files, path)) {
    const from = { file: path, line }
    const [user = '', hash = '', , flags = '0', , , quota = ''] = text.split(':')
    const address = parseAddress(`${user}@${domain}`)
    if (address === undefined) {
      collect.note('faulty', user.slice(0, 200), 'no name of a user', from)
      continue
    }
    const name = formatAddress(address)
    const stored = `{CRYPT}${hash}`
    const isUsable = hash !== '' && checkHash(stored) === undefined
    if (!isUsable && hash !== '')
      collect.note('not-supported', name, 'its password is of no kind that can be verified', from)
    book.account({
      ...{ address: name, hash: isUsable ? stored : null, enabled: true, from },
      quotaBytes: vpopmailQuota(quota),
    })
    if ((Number(flags) & VPOPMAIL_BOUNCED) !== 0) {
      collect.note('to-do', name, 'its mail was returned; `account set --disable` does that', from)
    }
  }
}

/** `NOQUOTA`, `10485760S,1000C`, or bytes. */
function vpopmailQuota(text: string): number | null {
  if (text === 'NOQUOTA') return 0
  const digits = /^(\d{1,15})S?(?:,|$)/.exec(text)?.[1]
  return digits === undefined ? null : Number(digits)
}

/** Taken for others: neither local nor virtual. */
function readRelayed(files: SourceFiles, collect: Collector, book: AddressBook): void {
  const names = ['control/rcpthosts', 'control/morercpthosts'].flatMap((path) =>
    linesIn(files, path).map(({ text }) => text.toLowerCase()),
  )
  const locals = new Set(linesIn(files, 'control/locals').map(({ text }) => text.toLowerCase()))
  const relayed = names.filter(
    (name) =>
      !book.hasDomain(name.replace(/^\./, '')) &&
      !locals.has(name) &&
      isFull(name.replace(/^\./, '')),
  )
  if (relayed.length > 0) {
    const from = { file: 'control/rcpthosts', line: 0 }
    collect.set('relayDomains', [...new Set(relayed)].join(', '), { about: 'rcpthosts', from })
  }
}

/** `domain:host:port`; of all mail where no domain stands before. */
function readRoutes(files: SourceFiles, collect: Collector): void {
  const entries: PlannedEntry[] = []
  for (const { line, text } of linesIn(files, 'control/smtproutes')) {
    const from = { file: 'control/smtproutes', line }
    const [domain = '', host = '', port = ''] = (text.split(/\s/, 1)[0] ?? '').split(':')
    if (/\s/.test(text)) {
      const reason = 'its login is not taken over: see `relayhostUser` and `relayhostPasswordFile`'
      collect.note('to-do', `smtproutes ${domain}`, reason, from)
    }
    const hop = host === '' ? '' : `[${host}]${port === '' ? '' : `:${port}`}`
    if (domain === '') collect.set('relayhost', hop, { about: 'smtproutes', from })
    else entries.push({ key: domain.toLowerCase(), result: `smtp:${hop}`, from })
  }
  if (entries.length === 0) return
  const from = { file: 'control/smtproutes', line: 0 }
  collect.add({ kind: 'table', table: 'smtproutes', use: 'map', entries, from })
  collect.set('transportMaps', 'table:smtproutes', { about: 'smtproutes', from })
}

const limits: readonly (readonly [file: string, path: string, unit: string])[] = [
  ['databytes', 'messageSizeLimit', ''],
  ['queuelifetime', 'maximalQueueLifetime', 's'],
  ['helohost', 'smtpHeloName', ''],
  ['timeoutsmtpd', 'smtpdTimeout', 's'],
  ['timeoutconnect', 'smtpConnectTimeout', 's'],
  ['concurrencyremote', 'defaultProcessLimit', ''],
]

function readLimits(files: SourceFiles, collect: Collector): void {
  for (const [file, path, unit] of limits) {
    const text = firstOf(files, `control/${file}`)
    const from = { file: `control/${file}`, line: 1 }
    if (text !== undefined && text !== '0')
      collect.set(path, `${text}${unit}`, { about: file, from })
  }
}
