// Lists of restrictions, which have the same words here: tables become those of the directory, policyd-weight and postgrey those within, and
// what is no word here is left out and told.

import { parseAccessKey } from '#shared/directory/access-key.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { parseList } from '#shared/settings/restrictions/grammar.ts'
import { parsePolicyService } from '#shared/settings/restrictions/policy-service.ts'
import { resultFault } from '#shared/settings/restrictions/result-fault.ts'
import { formatTableRef, INLINE_ENTRIES_MAX } from '#shared/settings/restrictions/table-ref.ts'
import { findWord, wordFacts } from '#shared/settings/restrictions/words.ts'
import type { Place, PlannedEntry } from '../../plan.ts'
import type { PostfixContext } from '../context.ts'
import type { MasterService } from '../master-cf.ts'
import { splitValue, withoutBraces } from '../split-value.ts'
import type { TableNames } from '../table-names.ts'
import type { ReadTable } from '../tables/table.ts'

const stages = [
  ['smtpd_client_restrictions', 'ClientRestrictions', 'client'],
  ['smtpd_helo_restrictions', 'HeloRestrictions', 'helo'],
  ['smtpd_sender_restrictions', 'SenderRestrictions', 'sender'],
  ['smtpd_relay_restrictions', 'RelayRestrictions', 'relay'],
  ['smtpd_recipient_restrictions', 'RecipientRestrictions', 'recipient'],
  ['smtpd_data_restrictions', 'DataRestrictions', 'data'],
  ['smtpd_end_of_data_restrictions', 'EndOfDataRestrictions', 'endOfData'],
] as const
type Stage = (typeof stages)[number][2]

/** Of a list without one of its own. */
const tableChecks: { readonly [stage in Stage]?: string } = {
  client: 'check_client_access',
  helo: 'check_helo_access',
  sender: 'check_sender_access',
  relay: 'check_recipient_access',
  recipient: 'check_recipient_access',
}

export function translateRestrictions(context: PostfixContext, names: TableNames): void {
  const { collect, value, place, master } = context
  const classNames = new Set(splitValue(value('smtpd_restriction_classes')))
  const accessOf = createAccess(context, names, classNames)
  const translate = (text: string, about: string, stage: Stage, from: Place) =>
    translateList(text, { about, stage, from, classNames, accessOf, context })
  const about = (name: string) => ({ about: name, from: place(name) })

  const classes = [...classNames].map((name) => {
    const list = translate(value(name), name, 'recipient', place(name))
    return `${name}={ ${list} }`
  })
  if (classes.length > 0) {
    collect.set('smtpdRestrictionClasses', classes.join(', '), about('smtpd_restriction_classes'))
  }
  collect.set('policyPreset', 'open', about('smtpd_recipient_restrictions'))
  const relocated = translateRelocated(context)
  const mentioned = new Set<string>()
  const submission = master?.services.find((one) => isSubmission(one, ['submission', '587']))
  const submissions = master?.services.find((one) =>
    isSubmission(one, ['smtps', 'submissions', '465']),
  )
  for (const [parameter, setting, stage] of stages) {
    const list = translate(value(parameter), parameter, stage, place(parameter))
    const whole = stage === 'recipient' && relocated ? join(relocated, list) : list
    mentioned.add(whole)
    collect.set(`smtpd${setting}`, whole, about(parameter))
    const service = submission ?? submissions
    if (service === undefined) continue
    const own = value(parameter, service)
    const from = service.overrides.has(parameter)
      ? { file: 'master.cf', line: service.line }
      : place(parameter)
    const text = translate(own, parameter, stage, from)
    mentioned.add(text)
    collect.set(`submission${setting}`, text, { about: parameter, from })
    if (submissions !== undefined && value(parameter, submissions) !== own) {
      const reason = `${submissions.name} had another list than ${service.name}; here both have that of ${service.name}`
      collect.note('differs', parameter, reason, { file: 'master.cf', line: submissions.line })
    }
  }
  const isHeld = [...mentioned].some((text) => /_sender_login_mismatch/.test(text))
  collect.set(
    'smtpdRejectSenderLoginMismatch',
    isHeld ? 'yes' : 'no',
    about('smtpd_sender_restrictions'),
  )
  if (!isHeld) {
    const reason =
      'who logs in may send in the name of others, as before; `smtpdRejectSenderLoginMismatch = yes` ends that'
    collect.note('to-do', 'smtpd_sender_login_maps', reason, place('smtpd_sender_login_maps'))
  }
  const exceptions = value('smtpd_client_event_limit_exceptions')
  if (context.set.has('smtpd_client_event_limit_exceptions')) {
    collect.set(
      'smtpdClientEventLimitExceptions',
      exceptions.replaceAll(/[[\]]/g, ''),
      about('smtpd_client_event_limit_exceptions'),
    )
  }
}

const isSubmission = ({ type, command, name }: MasterService, names: readonly string[]) =>
  type === 'inet' && command === 'smtpd' && names.includes(name.slice(name.lastIndexOf(':') + 1))

const join = (one: string, other: string) => (other === '' ? one : `${one}, ${other}`)

type ListOf = {
  readonly about: string
  readonly stage: Stage
  readonly from: Place
  readonly classNames: ReadonlySet<string>
  readonly accessOf: AccessOf
  readonly context: PostfixContext
}

function translateList(text: string, of: ListOf): string {
  const { about, stage, from, classNames, accessOf, context } = of
  const { collect } = context
  const words = splitValue(text)
  const entries: string[] = []
  let prefix = ''
  const push = (entry: string) => {
    entries.push(prefix + entry)
    prefix = ''
  }
  const drop = (what: string, reason: string) => {
    collect.note('not-supported', `${about}: ${what}`, reason, from)
    prefix = ''
  }
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (word.toLowerCase() === 'warn_if_reject') {
      prefix = 'warn_if_reject '
      continue
    }
    const known = findWord(word)
    const isTable = known === undefined && /^[a-z]+:/i.test(word)
    const check = isTable ? tableChecks[stage] : undefined
    if (classNames.has(word)) push(word)
    else if (known === undefined && check === undefined) {
      drop(word, 'is no restriction here')
      // What stands behind it may be its own.
      if (/^(?:check|reject|permit)_/i.test(word) && /^[a-z]+:/i.test(words[at + 1] ?? '')) at++
    } else {
      const name = check ?? word
      const argument = isTable
        ? word
        : known && wordFacts(known).argument !== 'none'
          ? words[++at]
          : ''
      if (argument === undefined) drop(word, 'nothing stands behind it')
      else {
        const kind = isTable ? 'table' : known === undefined ? 'none' : wordFacts(known).argument
        const ours = argumentOf(kind, argument, from, { accessOf, context })
        if (ours.kind === 'fault') drop(`${name} ${argument}`, ours.reason)
        else push(ours.text === '' ? name : `${name} ${ours.text}`)
      }
    }
  }
  return entries.filter((entry) => isUnderstood(entry, of)).join(', ')
}

/** Each by itself: one that is wrong costs no other. */
function isUnderstood(entry: string, { about, from, classNames, context }: ListOf): boolean {
  const parsed = parseList(entry, 'class', (name) => classNames.has(name))
  if (parsed.kind === 'list') return true
  context.collect.note('not-supported', `${about}: ${entry}`, parsed.reason, from)
  return false
}

type Translated =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'fault'; readonly reason: string }

function argumentOf(
  kind: string,
  argument: string,
  from: Place,
  { accessOf, context }: Pick<ListOf, 'accessOf' | 'context'>,
): Translated {
  switch (kind) {
    case 'table':
      return accessOf(argument, from)
    case 'service':
      return serviceOf(argument, context)
    default:
      return { kind: 'text', text: argument }
  }
}

/** Where the two listen that are within here: Debian's ports, older ones, and whatever is named after them. */
const within = [
  { name: 'policyd-weight', place: /policyd-weight|:12525$/ },
  { name: 'postgrey', place: /postgrey|:10023$|:60000$/ },
] as const

function serviceOf(argument: string, { collect, value, place }: PostfixContext): Translated {
  const [server = '', ...options] = splitValue(withoutBraces(argument) ?? argument)
  const inside = within.find((one) => one.place.test(server))
  if (inside !== undefined) {
    const reason = `asked at ${server} before, within this program now; what was configured for it is set by \`${inside.name === 'postgrey' ? 'postgrey…' : 'weight…'}\` settings`
    collect.note(
      'differs',
      `check_policy_service ${inside.name}`,
      reason,
      place('smtpd_recipient_restrictions'),
    )
    return { kind: 'text', text: inside.name }
  }
  const path = /^unix:(.*)$/.exec(server)?.[1]
  const absolute =
    path === undefined || path.startsWith('/') ? server : `unix:${value('queue_directory')}/${path}`
  const text = options.length === 0 ? absolute : `{ ${[absolute, ...options].join(', ')} }`
  try {
    parsePolicyService(text)
    return { kind: 'text', text }
  } catch (error) {
    return { kind: 'fault', reason: error instanceof Error ? error.message : String(error) }
  }
}

type AccessOf = (text: string, from: Place) => Translated

function createAccess(
  context: PostfixContext,
  names: TableNames,
  classNames: ReadonlySet<string>,
): AccessOf {
  const known = new Map<string, Translated>()
  const isClass = (name: string) => classNames.has(name)
  return (text, from) => {
    const before = known.get(text)
    if (before !== undefined) return before
    const found = access(context.table(text, from), text, from)
    known.set(text, found)
    return found
  }

  function access(table: ReadTable, text: string, from: Place): Translated {
    switch (table.kind) {
      case 'refused':
        return { kind: 'fault', reason: table.reason }
      case 'patterns':
        return {
          kind: 'fault',
          reason: `its ${table.rules.length} patterns are not asked about hosts and addresses here`,
        }
      case 'constant':
        return { kind: 'text', text: formatTableRef({ kind: 'static', result: table.value }) }
      case 'rows':
      case 'networks': {
        const name = names.nameOf(text, 'access')
        const entries = table.rows.flatMap((row): PlannedEntry[] => {
          const key = parseAccessKey(row.key)
          const reason =
            'fault' in key
              ? `no key of an access table: ${key.fault}`
              : resultFault(row.value, isClass)
          if (reason === undefined) return [{ key: row.key, result: row.value, from: row.from }]
          context.collect.note(
            'not-supported',
            `${name}: ${row.key} ${row.value}`,
            reason,
            row.from,
          )
          return []
        })
        if (/^inline:/i.test(text) && entries.length <= INLINE_ENTRIES_MAX) {
          return { kind: 'text', text: formatTableRef({ kind: 'inline', entries }) }
        }
        const place = entries[0]?.from ?? from
        context.collect.add({
          kind: 'table',
          table: name,
          use: 'access',
          entries,
          from: { ...place, line: 0 },
        })
        return { kind: 'text', text: `table:${name}` }
      }
    }
  }
}

/** relocated_maps: here a table that is asked before all else about recipients. */
function translateRelocated(context: PostfixContext): string | undefined {
  const { collect, tables } = context
  const entries: PlannedEntry[] = []
  for (const { text, table, from } of tables('relocated_maps')) {
    if (table.kind !== 'rows') {
      const reason = table.kind === 'refused' ? table.reason : 'has no addresses one by one'
      collect.note('not-supported', `relocated_maps ${text}`, reason, from)
      continue
    }
    for (const { key, value: where, from: row } of table.rows) {
      const result = `550 5.1.6 User has moved to ${where}`
      if (key.startsWith('@')) entries.push({ key: key.slice(1), result, from: row })
      else {
        const address = context.address(key)
        if (address === undefined) collect.note('faulty', key, 'no address', row)
        else entries.push({ key: formatAddress(address), result, from: row })
      }
    }
  }
  if (entries.length === 0) return undefined
  const from = { file: entries[0]?.from.file ?? '', line: 0 }
  collect.add({ kind: 'table', table: 'relocated', use: 'access', entries, from })
  return 'check_recipient_access table:relocated'
}
