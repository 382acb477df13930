// Tables that settings here name: who is relayed for, how mail leaves, and what addresses become.

import { formatAddress } from '#shared/mail/address.ts'
import { formatTableRef } from '#shared/settings/restrictions/table-ref.ts'
import type { Place, PlannedEntry } from '../../plan.ts'
import type { Row } from '../../rows.ts'
import type { PostfixContext } from '../context.ts'
import type { TableNames } from '../table-names.ts'

const addressMaps = {
  canonical_maps: 'canonicalMaps',
  sender_canonical_maps: 'senderCanonicalMaps',
  recipient_canonical_maps: 'recipientCanonicalMaps',
  smtp_generic_maps: 'smtpGenericMaps',
  sender_bcc_maps: 'senderBccMaps',
  recipient_bcc_maps: 'recipientBccMaps',
  sender_dependent_relayhost_maps: 'senderDependentRelayhostMaps',
  smtp_tls_policy_maps: 'smtpTlsPolicyMaps',
} as const

export function translateMaps(
  context: PostfixContext,
  names: TableNames,
  isOwn: (domain: string) => boolean,
): void {
  const { collect, set, place, value } = context
  for (const [parameter, path] of Object.entries(addressMaps)) {
    const refs = refsOf(parameter, context, names, (row) => row.value)
    if (refs.length > 0) {
      collect.set(path, refs.join(', '), { about: parameter, from: place(parameter) })
    }
  }
  const transports = refsOf('transport_maps', context, names, (row) =>
    transportOf(row, context, isOwn),
  )
  if (transports.length > 0) {
    collect.set('transportMaps', transports.join(', '), {
      ...{ about: 'transport_maps', from: place('transport_maps') },
    })
  }
  listSetting('relay_domains', 'relayDomains', context, names)
  listSetting('relay_recipient_maps', 'relayRecipientMaps', context, names)
  listSetting('relay_clientcerts', 'relayClientcerts', context, names)
  if (set.has('permit_mx_backup_networks')) {
    const text = value('permit_mx_backup_networks').replaceAll(/[[\]]/g, '')
    collect.set('permitMxBackupNetworks', text, {
      ...{ about: 'permit_mx_backup_networks', from: place('permit_mx_backup_networks') },
    })
  }
  translateSenderLogins(context)
  translateRelayLogin(context)
  for (const name of ['default_transport', 'rbl_reply_maps', 'authorized_submit_users']) {
    if (!set.has(name) || value(name) === '' || value(name) === 'smtp') continue
    collect.note(
      'not-supported',
      name,
      `'${value(name).slice(0, 80)}' has to be said anew`,
      place(name),
    )
  }
}

/** Each table as one of the directory, or as what is written on the spot. `resultOf`: undefined leaves a row out, which it has told. */
function refsOf(
  parameter: string,
  context: PostfixContext,
  names: TableNames,
  resultOf: (row: Row) => string | undefined,
): readonly string[] {
  const { collect, tables } = context
  return tables(parameter).flatMap(({ text, table, from }): string[] => {
    switch (table.kind) {
      case 'constant':
        return [formatTableRef({ kind: 'static', result: table.value })]
      case 'rows':
      case 'networks': {
        const entries = table.rows.flatMap((row): PlannedEntry[] => {
          const result = resultOf(row)
          return result === undefined ? [] : [{ key: row.key, result, from: row.from }]
        })
        if (entries.length === 0) return []
        const name = names.nameOf(text, parameter)
        collect.add({
          ...{ kind: 'table', table: name, use: 'map', entries },
          from: { file: entries[0]?.from.file ?? from.file, line: 0 },
        })
        return [`table:${name}`]
      }
      default: {
        const reason =
          table.kind === 'refused' ? table.reason : 'patterns rewrite and route no addresses here'
        collect.note('not-supported', `${parameter} ${text}`, reason, from)
        return []
      }
    }
  })
}

/** transport(5): what programs of master.cf did with mail is not here, and mail for our own domains needs no way. */
function transportOf(
  { key, value, from }: Row,
  { collect, master }: PostfixContext,
  isOwn: (domain: string) => boolean,
): string | undefined {
  const colon = value.indexOf(':')
  const transport = colon === -1 ? value : value.slice(0, colon)
  const nextHop = colon === -1 ? '' : value.slice(colon + 1)
  if (transport === '') return value
  const command =
    master?.services.find(({ name, type }) => name === transport && type !== 'inet')?.command ??
    transport
  const domain = key.slice(key.lastIndexOf('@') + 1)
  if (isOwn(domain) && !['smtp', 'relay', 'error', 'retry', 'discard'].includes(command)) {
    collect.note(
      'not-needed',
      `transport_maps: ${key} ${value}`,
      'mail for accounts is delivered here',
      from,
    )
    return undefined
  }
  switch (command) {
    case 'smtp':
    case 'relay':
      return `smtp:${nextHop}`
    case 'lmtp':
      if (!/^unix:/.test(nextHop)) return `lmtp:${nextHop.replace(/^inet:/, '')}`
      break
    case 'error':
    case 'retry':
    case 'discard':
      return `${command}:${nextHop}`
  }
  const reason = `mail leaves by SMTP or LMTP over TCP, and ${transport} is ${command === transport ? 'neither' : command}`
  collect.note('not-supported', `transport_maps: ${key} ${value}`.slice(0, 200), reason, from)
  return undefined
}

/** What only stands for a list, on the spot and in tables. */
function listSetting(
  parameter: string,
  path: string,
  context: PostfixContext,
  names: TableNames,
): void {
  const { collect, list, table, place } = context
  const words: string[] = []
  for (const { word, from } of list(parameter)) {
    if (!/^[a-z]+:/i.test(word)) {
      words.push(word)
      continue
    }
    const read = table(word, from)
    if (read.kind === 'rows' || read.kind === 'networks') {
      if (read.rows.length === 0) continue
      const name = names.nameOf(word, parameter)
      collect.add({
        ...{
          kind: 'table',
          table: name,
          use: 'list',
          from: { ...from, file: read.rows[0]?.from.file ?? from.file, line: 0 },
        },
        entries: read.rows.map((row) => ({ key: row.key, result: row.value, from: row.from })),
      })
      words.push(`table:${name}`)
    } else {
      const reason = read.kind === 'refused' ? read.reason : 'does not say one by one what is in it'
      collect.note('not-supported', `${parameter} ${word}`, reason, from)
    }
  }
  if (words.length > 0) {
    collect.set(path, words.join(', '), { about: parameter, from: place(parameter) })
  }
}

/** `address login, login`: further addresses of a login. */
function translateSenderLogins({ collect, tables, place, address }: PostfixContext): void {
  const entries: string[] = []
  for (const { text, table, from } of tables('smtpd_sender_login_maps')) {
    if (table.kind !== 'rows') {
      const reason = table.kind === 'refused' ? table.reason : 'has no addresses one by one'
      collect.note('not-supported', `smtpd_sender_login_maps ${text}`, reason, from)
      continue
    }
    for (const row of table.rows) {
      const logins = row.value.split(/[\s,]+/).flatMap((login) => address(login) ?? [])
      const texts = logins.map(formatAddress)
      // Everybody may send as himself.
      const others = texts.filter((login) => login.toLowerCase() !== row.key)
      if (others.length > 0) entries.push(`${row.key}=${others.join(' ')}`)
    }
  }
  if (entries.length === 0) return
  collect.set('smtpdSenderLoginMaps', entries.join(', '), {
    ...{ about: 'smtpd_sender_login_maps', from: place('smtpd_sender_login_maps') },
  })
}

/** The password stands in a file of its own here, and is written by nobody but the administrator. */
function translateRelayLogin({ collect, tables, value }: PostfixContext): void {
  const host = value('relayhost').toLowerCase()
  for (const { text, table, from } of tables('smtp_sasl_password_maps')) {
    const rows: readonly Row[] = table.kind === 'rows' ? table.rows : []
    const row = rows.find(({ key }) => key === host)
    const user = row?.value.split(':')[0] ?? ''
    const place: Place = row?.from ?? from
    if (user !== '') {
      const reason = `set \`relayhostUser\` to ${user}, put the password that stands there into a file of its own, and name that in \`relayhostPasswordFile\``
      collect.note('to-do', 'smtp_sasl_password_maps', reason, place)
    }
    for (const other of rows) {
      if (other === row) continue
      const reason = 'one login is used, that of `relayhost`'
      collect.note('not-supported', `smtp_sasl_password_maps: ${other.key}`, reason, other.from)
    }
    if (table.kind === 'refused') {
      collect.note('not-supported', `smtp_sasl_password_maps ${text}`, table.reason, from)
    }
  }
}
