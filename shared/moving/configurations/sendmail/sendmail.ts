// Sendmail's tables by their sources: aliases, virtusertable, mailertable, genericstable, access and local-host-names, in /etc/mail. What
// sendmail.cf says is a program, and is not read.

import { parseAccessKey } from '#shared/directory/access-key.ts'
import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { resultFault } from '#shared/settings/restrictions/result-fault.ts'
import { createAddressBook } from '../addresses.ts'
import { addressesOf } from '../alias-file.ts'
import { readAliasSource } from '../alias-source.ts'
import { type Collector, createCollector } from '../collect.ts'
import type { MovingPlan, PlannedEntry } from '../plan.ts'
import { readPostmapSource } from '../postfix/tables/postmap-source.ts'
import type { Row } from '../rows.ts'
import { contentLines, type SourceFiles, withinLimits } from '../source-files.ts'

export type SendmailSource = {
  readonly files: SourceFiles
  /** Of its own users; else the first of local-host-names. */
  readonly defaultDomain?: string | undefined
}

const MAPPED_USER = /^%1@/

export function readSendmail(source: SendmailSource): MovingPlan {
  const files = withinLimits(source.files)
  const collect = createCollector('sendmail')
  const book = createAddressBook(collect)
  const hosts = linesIn(files, 'local-host-names', collect)
  const virtual = tableIn(files, 'virtusertable', collect)
  const home = source.defaultDomain ?? hosts.map(({ text }) => text).find(isFull)
  for (const { text, line } of hosts)
    if (isFull(text)) book.domain(text, { file: 'local-host-names', line })
  for (const { key, from } of virtual) {
    if (key.startsWith('@') && !book.hasDomain(key.slice(1))) book.domain(key.slice(1), from)
  }
  const complete = (text: string) => {
    const found = parseAddress(text, home === undefined ? undefined : parseDomain(home))
    return found && formatAddress(found)
  }
  for (const row of virtual) readVirtual(row)
  for (const path of ['/etc/aliases', 'aliases']) {
    const content = files.read(path)
    if (content.kind === 'refused' || home === undefined) continue
    const onFault = noteFault(collect)
    for (const { key, value, from } of readAliasSource(path, content.text, onFault)) {
      const targets = addressesOf(key, value, from, { collect, files, complete })
      const name = complete(key)
      if (name !== undefined && targets.length > 0) book.alias(name, targets, from)
    }
    break
  }
  if (home === undefined) {
    collect.note(
      'to-do',
      'aliases',
      'local-host-names names no domain: give one with --default-domain',
      {
        ...{ file: 'local-host-names', line: 0 },
      },
    )
  }
  book.finish()
  readMailers(tableIn(files, 'mailertable', collect), collect)
  readGenerics(tableIn(files, 'genericstable', collect), collect)
  readAccess(tableIn(files, 'access', collect), collect)
  return collect.plan()

  /** `%1` is the user of the key; `error:` is a refusal. */
  function readVirtual({ key, value, from }: Row): void {
    const name = key.replace(/\+\*@/, '@')
    if (/^error:/i.test(value)) {
      collect.note(
        'not-needed',
        `virtusertable: ${key} ${value}`,
        'who is not there is refused by itself',
        from,
      )
    } else if (MAPPED_USER.test(value) && key.startsWith('@')) {
      book.alias(name, [value.slice('%1'.length)], from)
    } else if (value.includes('%')) {
      collect.note(
        'not-supported',
        `virtusertable: ${key} ${value}`,
        'parts of the key go nowhere here',
        from,
      )
    } else {
      book.alias(name, addressesOf(key, value, from, { collect, files, complete }), from)
    }
  }
}

const isFull = (name: string) => name.includes('.') && parseDomain(name) !== undefined

const noteFault =
  (collect: Collector) =>
  ({ about, reason, from }: { about: string; reason: string; from: Row['from'] }) =>
    collect.note('faulty', about, reason, from)

function linesIn(files: SourceFiles, path: string, collect: Collector) {
  const content = files.read(path)
  if (content.kind === 'text') return [...contentLines(content.text)]
  collect.note('to-do', path, content.reason, { file: path, line: 0 })
  return []
}

function tableIn(files: SourceFiles, path: string, collect: Collector): readonly Row[] {
  const content = files.read(path)
  return content.kind === 'refused' ? [] : readPostmapSource(path, content.text, noteFault(collect))
}

function give(
  collect: Collector,
  table: string,
  path: string,
  entries: readonly PlannedEntry[],
): void {
  const [first] = entries
  if (first === undefined) return
  const from = { file: first.from.file, line: 0 }
  collect.add({ kind: 'table', table, use: 'map', entries, from })
  collect.set(path, `table:${table}`, { about: table, from })
}

/** `mailer:host`: what goes by SMTP has a way here too. */
function readMailers(rows: readonly Row[], collect: Collector): void {
  const entries = rows.flatMap(({ key, value, from }): PlannedEntry[] => {
    const [, mailer = '', host = ''] = /^([a-z0-9_-]{1,32}):(.*)$/i.exec(value) ?? []
    if (/^(?:e?smtp8?|relay|dsmtp)$/i.test(mailer)) return [{ key, result: `smtp:${host}`, from }]
    if (/^error$/i.test(mailer)) return [{ key, result: `error:${host}`, from }]
    collect.note('not-supported', `mailertable: ${key} ${value}`, 'mail leaves by SMTP', from)
    return []
  })
  give(collect, 'mailertable', 'transportMaps', entries)
}

function readGenerics(rows: readonly Row[], collect: Collector): void {
  give(
    collect,
    'genericstable',
    'smtpGenericMaps',
    rows.map(({ key, value, from }) => ({ key, result: value, from })),
  )
}

const tags: { readonly [tag: string]: string } = {
  connect: 'sendmail_clients',
  from: 'sendmail_senders',
  to: 'sendmail_recipients',
}

/** `Connect:`, `From:` and `To:` are tables of their own; RELAY is for mynetworks or relayDomains. */
function readAccess(rows: readonly Row[], collect: Collector): void {
  const tables = new Map<string, PlannedEntry[]>()
  for (const { key, value, from } of rows) {
    const [, tag = 'from', name = key] = /^([a-z]{2,10}):(.+)$/.exec(key) ?? []
    const table = tags[tag]
    const told = `access: ${key} ${value}`
    const result = value.replace(/^ERROR:"?([^"]*)"?$/i, '$1').replace(/^[45]\.\d\.\d:/, '')
    if (/^RELAY$/i.test(value)) {
      collect.note(
        'to-do',
        told,
        'name it in `mynetworks`, or in `relayDomains` where it is a domain',
        from,
      )
    } else if (table === undefined)
      collect.note('not-supported', told, `${tag}: is not asked here`, from)
    else {
      const parsed = parseAccessKey(name)
      const reason =
        'fault' in parsed ? 'no key of an access table' : resultFault(result, () => false)
      if (reason !== undefined) collect.note('not-supported', told, reason, from)
      else {
        const entries = tables.get(table) ?? []
        entries.push({ key: name, result, from })
        tables.set(table, entries)
      }
    }
  }
  for (const [table, entries] of tables) {
    const from = { file: 'access', line: 0 }
    collect.add({ kind: 'table', table, use: 'access', entries, from })
    const check = { sendmail_clients: 'client', sendmail_senders: 'sender' }[table] ?? 'recipient'
    collect.note('to-do', table, `ask it in a list: check_${check}_access table:${table}`, from)
  }
}
