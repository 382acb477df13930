// The configuration of a Dovecot, as a plan: what it listens to, who its users are, and how they log in. Its mail is imported by itself.

import { type Collector, createCollector, noteLocked } from '../collect.ts'
import type { Foreign, MovingPlan, Place, PlannedAccount } from '../plan.ts'
import { INCLUDES_MAX, type SourceFiles, withinLimits } from '../source-files.ts'
import { type Block, type BlockValue, parseDovecotConf } from './blocks.ts'
import { readPasswdFile } from './passwd-file.ts'
import { quotaOf, sizeText } from './quota.ts'
import { dovecotTreatment, mechanismsOf } from './settings.ts'

export type DovecotSource = {
  readonly files: SourceFiles
  /** Of `doveconf -n`, or dovecot.conf itself. */
  readonly path: string
  /** In place of what a passdb names. */
  readonly passwdFile?: string | undefined
  readonly defaultDomain?: string | undefined
}

export type DovecotRead =
  | {
      readonly kind: 'plan'
      readonly plan: MovingPlan
      readonly accounts: readonly PlannedAccount[]
      /** Of logins without one. */
      readonly defaultDomain: string | undefined
    }
  | { readonly kind: 'refused'; readonly reason: string }

export function readDovecot(source: DovecotSource): DovecotRead {
  const files = withinLimits(source.files)
  const collect = createCollector('dovecot')
  const parts = new Map<string, Block>()
  const first = readParts(files, source.path, collect, parts, 0)
  if (first !== undefined) return { kind: 'refused', reason: `${source.path}: ${first}` }
  const whole: readonly FilePart[] = [...parts].map(([file, block]) => ({ file, block }))
  const domain =
    source.defaultDomain ?? valuesOf(whole, 'auth_default_realm', 'auth_default_domain')
  for (const part of whole) translateBlock(part.block, part.file, collect, [])
  translateListeners(whole, collect)
  const accounts = readUsers(whole, { ...source, files, defaultDomain: domain }, collect)
  return { kind: 'plan', plan: planOf(collect, accounts), accounts, defaultDomain: domain }
}

/** A passwd-file by itself: its domains are those of its users. */
export function readPasswords(source: Omit<DovecotSource, 'passwdFile'>): {
  readonly plan: MovingPlan
  readonly accounts: readonly PlannedAccount[]
} {
  const files = withinLimits(source.files)
  const collect = createCollector('dovecot')
  const accounts = readPasswdFile({
    ...{ files, path: source.path, collect, defaultDomain: source.defaultDomain },
  }).map((account) => ({ kind: 'account', ...account }) as const)
  return { plan: planOf(collect, accounts), accounts }
}

function planOf(collect: Collector, accounts: readonly PlannedAccount[]): MovingPlan {
  const domains = new Map<string, Place>()
  for (const { address, from } of accounts) {
    const domain = address.slice(address.lastIndexOf('@') + 1)
    if (!domains.has(domain)) domains.set(domain, from)
  }
  for (const [domain, from] of domains) collect.add({ kind: 'domain', domain, from })
  for (const account of accounts) collect.add(account)
  noteLocked(collect, accounts)
  return collect.plan()
}

type FilePart = { readonly file: string; readonly block: Block }

/** Undefined: it was read. Files that it includes come behind it, where Dovecot has them in its midst. */
function readParts(
  files: SourceFiles,
  path: string,
  collect: Collector,
  parts: Map<string, Block>,
  depth: number,
): string | undefined {
  // Each once: few lines could name very many.
  if (parts.has(path)) return 'it was read already'
  const content =
    depth > INCLUDES_MAX
      ? ({ kind: 'refused', reason: 'files include each other' } as const)
      : files.read(path)
  if (content.kind === 'refused') return content.reason
  const { whole, includes, faults } = parseDovecotConf(content.text)
  for (const { line, reason } of faults) collect.note('faulty', path, reason, { file: path, line })
  parts.set(path, whole)
  for (const { path: named, line } of includes) {
    for (const one of expandPattern(files, path, named)) {
      const reason = readParts(files, one, collect, parts, depth + 1)
      if (reason !== undefined) collect.note('not-supported', one, reason, { file: path, line })
    }
  }
  return undefined
}

/** `conf.d/*.conf`, beside the file that names it; stars in the last part only. */
function expandPattern(files: SourceFiles, from: string, named: string): readonly string[] {
  const folder = from.slice(0, from.lastIndexOf('/') + 1)
  const path = named.startsWith('/') ? named : folder + named
  const slash = path.lastIndexOf('/')
  const [before, last] = [path.slice(0, slash + 1), path.slice(slash + 1)]
  const star = last.indexOf('*')
  if (star === -1) return [path]
  const [start, end] = [last.slice(0, star), last.slice(star + 1)]
  const names = files.list(before === '' ? '.' : before) ?? []
  return names
    .filter((name) => name.startsWith(start) && name.endsWith(end) && !name.startsWith('.'))
    .map((name) => before + name)
}

function valuesOf(parts: readonly FilePart[], ...names: readonly string[]): string | undefined {
  const found = parts.flatMap(({ block }) =>
    block.values.filter(({ name }) => names.includes(name)),
  )
  return found.at(-1)?.value || undefined
}

/** Read by others. */
const ownReaders: ReadonlySet<string> = new Set(['passdb', 'userdb', 'service'])
/** Part of the whole, only written for one protocol, or one thing. */
const transparent: ReadonlySet<string> = new Set([
  'plugin',
  'protocol',
  'mail_plugins',
  'quota',
  'sieve_script',
])

function translateBlock(
  block: Block,
  file: string,
  collect: Collector,
  path: readonly string[],
): void {
  for (const value of block.values) {
    if (path.length === 0 || transparent.has(path[0] ?? '')) translateValue(value, file, collect)
  }
  for (const inner of block.blocks) {
    const from = { file, line: inner.line }
    if (ownReaders.has(inner.type)) continue
    if (inner.type === 'namespace') translateNamespace(inner, file, collect)
    else if (transparent.has(inner.type))
      translateBlock(inner, file, collect, [...path, inner.type])
    else {
      const about = `${inner.type} ${inner.name}`.trim()
      collect.note('not-supported', about, 'this section means nothing here', from)
    }
  }
}

function translateValue({ name, value, line }: BlockValue, file: string, collect: Collector): void {
  const from = { file, line }
  const about = name
  if (name === 'auth_mechanisms') {
    const { known, unknown } = mechanismsOf(value)
    collect.set('authMechanisms', known, { about, from })
    for (const mechanism of unknown) {
      collect.note(
        'not-supported',
        `auth_mechanisms ${mechanism}`,
        'the mechanism is not here',
        from,
      )
    }
    return
  }
  if (/^quota_rule\d*$/.test(name)) {
    const quota = quotaOf(value)
    if (quota.kind === 'bytes')
      collect.set('mailboxSizeLimit', sizeText(quota.bytes), { about, from })
    else if (quota.kind === 'messages') {
      collect.set('mailboxMessageLimit', String(quota.count), { about, from })
    } else collect.note('not-supported', `${name} = ${value}`, quota.reason, from)
    return
  }
  if (name === 'ssl' && value === 'required') {
    collect.set('disablePlaintextAuth', 'yes', { about, from })
    return
  }
  if (name === 'listen') {
    const addresses = value.split(/[\s,]+/).filter((one) => one !== '')
    const isAll = addresses.some((one) => one === '*' || one === '::' || one === '[::]')
    collect.set('inetInterfaces', isAll ? '*' : addresses.join(', '), { about, from })
    return
  }
  // Read together with the ports.
  if (name === 'protocols' || value === '') return
  const treatment = dovecotTreatment(name)
  if (treatment === undefined) {
    collect.note('not-supported', name, 'this setting is not known here', from)
  } else if (treatment.kind === 'setting') {
    collect.set(treatment.path, treatment.convert(value), { about, from })
  } else {
    collect.note(treatment.kind, `${name} = ${value.slice(0, 100)}`, treatment.because, from)
  }
}

/** Folders that every account has here by these names. */
const ownFolders: { readonly [name: string]: string } = {
  drafts: '\\Drafts',
  junk: '\\Junk',
  sent: '\\Sent',
  trash: '\\Trash',
}

function translateNamespace(block: Block, file: string, collect: Collector): void {
  const from = { file, line: block.line }
  const textOf = (name: string) => block.values.find((one) => one.name === name)?.value ?? ''
  const about = `namespace ${block.name}`.trim()
  const prefix = textOf('prefix')
  const separator = textOf('separator')
  const type = textOf('type')
  if (prefix !== '' && type !== 'shared') {
    const reason = `folders had '${prefix}' before their names; here they have not, and clients list them anew`
    collect.note('differs', about, reason, from)
  }
  if (separator !== '' && separator !== '/') {
    collect.note(
      'differs',
      about,
      `the separator was '${separator}' and is / here; clients ask for it`,
      from,
    )
  }
  if (type === 'shared' || type === 'public') {
    const reason = `${type} folders: give rights with \`postwolke acl\`, or make a shared account`
    collect.note('to-do', about, reason, from)
  }
  for (const mailbox of block.blocks) {
    if (mailbox.type !== 'mailbox') continue
    const use = mailbox.values.find(({ name }) => name === 'special_use')?.value ?? ''
    if (use === '') continue
    const isSame = ownFolders[mailbox.name.toLowerCase()] === use
    collect.note(
      isSame ? 'not-needed' : 'differs',
      `mailbox ${mailbox.name}`,
      isSame
        ? 'every account has it'
        : `it was the folder for ${use}; new accounts have Drafts, Junk, Sent and Trash for that`,
      { file, line: mailbox.line },
    )
  }
}

const protocolListeners = [
  { protocol: 'imap', service: 'imap-login', plain: ['imap', 143], tls: ['imaps', 993] },
  { protocol: 'pop3', service: 'pop3-login', plain: ['pop3', 110], tls: ['pop3s', 995] },
  { protocol: 'sieve', service: 'managesieve-login', plain: ['managesieve', 4190], tls: undefined },
] as const

/** What `protocols` says is spoken, at the ports of inet_listener. */
function translateListeners(parts: readonly FilePart[], collect: Collector): void {
  const file = parts[0]?.file ?? ''
  const place = parts
    .flatMap(({ file, block }) => block.values.map((value) => ({ file, value })))
    .findLast(({ value }) => value.name === 'protocols')
  const from = { file: place?.file ?? file, line: place?.value.line ?? 0 }
  const text = place?.value.value ?? 'imap pop3 lmtp'
  const protocols = new Set(text.split(/\s+/).filter((word) => word !== ''))
  for (const { protocol, service, plain, tls } of protocolListeners) {
    const isSpoken = protocols.has(protocol)
    for (const listener of [plain, tls]) {
      if (listener === undefined) continue
      const [name, usualPort] = listener
      const found = portOf(parts, service, protocol === 'sieve' ? 'sieve' : name)
      const port = found?.port ?? usualPort
      const about = `protocols ${protocol}`
      const at = found?.from ?? from
      collect.set(`listeners.${name}.enabled`, isSpoken && port !== 0 ? 'yes' : 'no', {
        about,
        from: at,
      })
      if (isSpoken && port !== 0) {
        collect.set(`listeners.${name}.port`, String(port), { about, from: at })
      }
    }
    protocols.delete(protocol)
  }
  protocols.delete('lmtp')
  for (const other of protocols) {
    collect.note(
      'not-supported',
      `protocols ${other}`,
      'the protocol is not spoken by what stands in for Dovecot',
      from,
    )
  }
}

function portOf(parts: readonly FilePart[], service: string, listener: string) {
  for (const { file, block } of parts) {
    for (const one of block.blocks) {
      if (one.type !== 'service' || one.name !== service) continue
      const found = one.blocks.findLast(
        ({ type, name }) =>
          type === 'inet_listener' &&
          (name === listener || (listener === 'sieve' && name === 'managesieve')),
      )
      const port = found?.values.findLast(({ name }) => name === 'port')
      if (port !== undefined && /^\d{1,5}$/.test(port.value)) {
        return { port: Number(port.value), from: { file, line: port.line } }
      }
    }
  }
  return undefined
}

type UserSource = DovecotSource & { readonly from?: Foreign }

/** Of passdbs that are files; others are told. */
function readUsers(
  parts: readonly FilePart[],
  source: UserSource,
  collect: Collector,
): readonly PlannedAccount[] {
  const accounts = new Map<string, PlannedAccount>()
  const read = (path: string, defaultScheme?: string) => {
    const { files, defaultDomain } = source
    for (const account of readPasswdFile({ files, path, collect, defaultDomain, defaultScheme })) {
      if (!accounts.has(account.address))
        accounts.set(account.address, { kind: 'account', ...account })
    }
  }
  if (source.passwdFile !== undefined) read(source.passwdFile)
  for (const { file, block } of parts) {
    for (const one of block.blocks) {
      if (one.type !== 'passdb') continue
      const from = { file, line: one.line }
      const textOf = (name: string) => one.values.findLast((value) => value.name === name)?.value
      const driver = textOf('driver') ?? one.name
      if (driver === 'passwd-file') {
        const args = (textOf('args') ?? '').split(/\s+/)
        const path = textOf('passwd_file_path') ?? args.at(-1) ?? ''
        const scheme =
          textOf('default_password_scheme') ??
          args.find((word) => word.startsWith('scheme='))?.slice('scheme='.length)
        if (source.passwdFile !== undefined) continue
        if (path.includes('%')) {
          const reason = `${path}: there is one for each domain; import each with \`postwolke import passwd-file\``
          collect.note('to-do', 'passdb', reason, from)
        } else read(path, scheme?.toUpperCase())
      } else {
        const reason = `passwords of ${driver} are not in these files: export them as a passwd-file`
        collect.note('to-do', `passdb ${driver}`, reason, from)
      }
    }
  }
  return [...accounts.values()]
}
