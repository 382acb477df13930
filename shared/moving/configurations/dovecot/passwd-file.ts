// Dovecot's passwd-file: `user:password:uid:gid:gecos:home:shell:extra`, and what else of it means something here.

import { checkHash } from '#shared/auth/passwords.ts'
import { formatAddress, lookupKey, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import type { Collector } from '../collect.ts'
import type { Place, PlannedAccount } from '../plan.ts'
import { contentLines, type SourceFiles } from '../source-files.ts'
import { quotaOf } from './quota.ts'

export type PasswdFile = {
  readonly files: SourceFiles
  readonly path: string
  readonly collect: Collector
  /** Of users without one. */
  readonly defaultDomain: string | undefined
  /** Of passwords that name none: CRYPT, unless the passdb says another. */
  readonly defaultScheme?: string | undefined
}

/** The accounts in it; the first line of a user counts. */
export function readPasswdFile(source: PasswdFile): readonly Omit<PlannedAccount, 'kind'>[] {
  const { files, path, collect } = source
  const content = files.read(path)
  if (content.kind === 'refused') {
    collect.note('to-do', path, content.reason, { file: path, line: 0 })
    return []
  }
  const accounts = new Map<string, Omit<PlannedAccount, 'kind'>>()
  const told = new Set<string>()
  for (const { line, text } of contentLines(content.text)) {
    const from = { file: path, line }
    const account = readUser(text, from, source, told)
    if (account === undefined) continue
    if (accounts.has(account.address)) {
      collect.note('faulty', account.address, 'the user stands there already', from)
    } else accounts.set(account.address, account)
  }
  return [...accounts.values()]
}

function readUser(text: string, from: Place, source: PasswdFile, told: Set<string>) {
  const { collect, defaultDomain } = source
  const [user = '', password = '', ...rest] = splitFields(text)
  const address = parseAddress(
    user,
    defaultDomain === undefined ? undefined : parseDomain(defaultDomain),
  )
  if (address === undefined) {
    const reason = user.includes('@')
      ? 'no address that could be here'
      : 'the user has no domain: name it with --default-domain'
    collect.note(user.includes('@') ? 'faulty' : 'to-do', user.slice(0, 200), reason, from)
    return undefined
  }
  const name = lookupKey(formatAddress(address))
  const extra = rest
    .slice(5)
    .join(':')
    .split(/\s+/)
    .filter((word) => word !== '')
  const fields = new Map(extra.map(splitField))
  const isClosed = fields.has('nologin')
  if (isClosed) {
    const reason = 'nologin: mail for the account comes in, and nobody can log in'
    collect.note('differs', name, reason, from)
  }
  noteFields(name, fields, from, collect, told)
  const hash = isClosed ? null : hashOf(password, name, from, source)
  return {
    address: name,
    hash,
    quotaBytes: quotaIn(fields, name, from, collect),
    enabled: true,
    from,
  }
}

const FIELDS_MAX = 8

/** At colons; of the last field they are its own. */
function splitFields(text: string): readonly string[] {
  const fields: string[] = []
  let at = 0
  while (fields.length < FIELDS_MAX - 1) {
    const colon = text.indexOf(':', at)
    if (colon === -1) break
    fields.push(text.slice(at, colon))
    at = colon + 1
  }
  fields.push(text.slice(at))
  return fields
}

const splitField = (word: string): [name: string, value: string] => {
  const equals = word.indexOf('=')
  return equals === -1 ? [word, ''] : [word.slice(0, equals), word.slice(equals + 1)]
}

export function hashOf(
  password: string,
  name: string,
  from: Place,
  { collect, defaultScheme = 'CRYPT' }: Pick<PasswdFile, 'collect' | 'defaultScheme'>,
): string | null {
  // `password[13]` is of pam-pwdfile: DES behind 13, MD5 behind 34.
  const plain = password.replace(/\[(?:13|34)\]$/, '')
  if (plain === '') return null
  const hash = plain.startsWith('{') ? plain : `{${defaultScheme}}${plain}`
  const problem = checkHash(hash)
  switch (problem?.kind) {
    case undefined:
      return hash
    case 'malformed':
      collect.note('faulty', name, `no hash of ${problem.scheme}: it may have been cut`, from)
      return null
    case 'unsupported':
      collect.note(
        'not-supported',
        name,
        `passwords of ${problem.scheme} cannot be verified here: a new one is needed`,
        from,
      )
      return null
    case 'costly':
      collect.note(
        'not-supported',
        name,
        `its hash costs too much at each login: ${problem.exceeds}`,
        from,
      )
      return null
  }
}

/** Of the user; others of other folders are told. */
function quotaIn(
  fields: ReadonlyMap<string, string>,
  name: string,
  from: Place,
  collect: Collector,
): number | null {
  let bytes: number | null = null
  for (const [field, value] of fields) {
    if (!/^(?:userdb_)?quota_(?:rule\d*|storage_size)$/.test(field)) continue
    const found = quotaOf(field.endsWith('size') ? `*:storage=${value}B` : value)
    if (found.kind === 'bytes') bytes = found.bytes
    else if (found.kind === 'messages') {
      const reason = 'accounts have one limit of messages, `mailboxMessageLimit`'
      collect.note('not-supported', `${name}: ${field}=${value}`.slice(0, 200), reason, from)
    } else
      collect.note('not-supported', `${name}: ${field}=${value}`.slice(0, 200), found.reason, from)
  }
  return bytes
}

/** Where mail is, and for whom it was on the disk: the import of mail asks that. */
const known =
  /^(?:userdb_)?(?:mail|mail_path|mail_driver|home|uid|gid|quota_rule\d*|quota_storage_size|nologin)$/

function noteFields(
  name: string,
  fields: ReadonlyMap<string, string>,
  from: Place,
  collect: Collector,
  told: Set<string>,
): void {
  for (const [field, value] of fields) {
    if (known.test(field)) continue
    if (field === 'allow_nets') {
      const reason = `logins were allowed from ${value.slice(0, 100)} alone; here they are from anywhere`
      collect.note('to-do', name, reason, from)
    } else if (!told.has(field)) {
      told.add(field)
      collect.note(
        'not-supported',
        field,
        `this field of a user means nothing here (first: ${name})`,
        from,
      )
    }
  }
}
