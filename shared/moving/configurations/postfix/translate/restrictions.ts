// Lists of restrictions, which have the same words here: tables become those of the directory, policyd-weight and postgrey those within, and
// what is no word here is left out and told.

import { parseList } from '#shared/settings/restrictions/grammar.ts'
import { findWord, wordFacts } from '#shared/settings/restrictions/words.ts'
import type { Place } from '../../plan.ts'
import type { PostfixContext } from '../context.ts'
import type { MasterService } from '../master-cf.ts'
import { splitValue } from '../split-value.ts'
import type { TableNames } from '../table-names.ts'
import { type AccessOf, createAccess, type Translated } from './access.ts'
import { serviceOf } from './policy-server.ts'
import { translateRelocated } from './relocated.ts'

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
