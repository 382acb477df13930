// Values and sections of a configuration, each to what it is here; what others read together is left to them.

import type { Collector } from '../collect.ts'
import type { Block, BlockValue } from './blocks.ts'
import { quotaOf, sizeText } from './quota.ts'
import { dovecotTreatment, mechanismsOf } from './settings.ts'

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

export function translateBlock(
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
