// Who is told of what after an attempt, as Postfix does it (bounce(8), RFC 3461 §5.2): the sender of those who wanted it, and the
// postmaster of what `notifyClasses` names. It looks at nothing but the message and the results.
//
// Nothing goes on for ever: of a message of the null sender only the postmaster may hear, and of what goes to the postmaster nobody.

import { lookupKey } from '#shared/mail/address.ts'
import type { Action, ReportedRecipient, ReportKind } from '#shared/mail/dsn/report.ts'
import type { QueuedMessage, QueuedRecipient } from '#shared/queue/records.ts'
import { isExpanded } from '#shared/queue/results.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import type { EndedAttempt, EndedRecipient } from './ended-attempt.ts'
import { problemOf } from './problem.ts'

/** Postfix's notify_classes, as far as it is of mail that was taken. */
export type NotifyClass = 'bounce' | '2bounce' | 'delay' | 'resource' | 'software' | 'protocol'

export type Rules = {
  readonly notifyClasses: readonly NotifyClass[]
  /** Where what the postmaster is told comes from, a whole address. */
  readonly doubleBounceAddress: string
  readonly bounceNoticeRecipient: string
  readonly doubleBounceNoticeRecipient: string
  readonly delayNoticeRecipient: string
  readonly errorNoticeRecipient: string
  /** 0: never. */
  readonly delayWarningTime: number
  readonly confirmDelayCleared: boolean
  readonly whyDoubted: Doubt
}

/** Why its sender may be another than the envelope says; undefined where nothing speaks for it. */
export type Doubt = (message: QueuedMessage) => string | undefined

export type Wanted = {
  readonly kind: Exclude<ReportKind, 'verify'>
  readonly reader: 'sender' | 'postmaster'
  /** '' for the null sender. */
  readonly from: string
  readonly to: string
  readonly recipients: readonly Told[]
  readonly returns: 'full' | 'headers'
}

type Told = { readonly recipient: QueuedRecipient; readonly reported: ReportedRecipient }

export type Decision = {
  /** Failures first, successes then. */
  readonly wanted: readonly Wanted[]
  /** Of whom nobody but the log will say that their mail failed. */
  readonly untold:
    | { readonly recipients: readonly QueuedRecipient[]; readonly why: string }
    | undefined
}

export function decide(message: QueuedMessage, attempt: EndedAttempt, rules: Rules): Decision {
  const { sender } = message.envelope
  const failed = attempt.recipients.filter(({ result }) => result.kind === 'failed')
  if (isSame(sender, rules.doubleBounceAddress)) {
    return {
      wanted: [],
      untold: whereFailed(failed, 'undeliverable postmaster notification discarded'),
    }
  }
  const late = attempt.recipients.filter((one) => isLate(message, attempt, one, rules))
  const copies = [...copiesOf(late, 'delay', rules), ...problemsOf(attempt, rules)]
  const why = whyNobody(message, rules)
  if (why !== undefined) {
    const returned = copiesOf(failed, 'double-failure', rules)
    const untold = returned.length === 0 ? whereFailed(failed, why) : undefined
    return { wanted: [...returned, ...copies], untold }
  }
  const toSender = (kind: Wanted['kind'], some: readonly EndedRecipient[]): readonly Wanted[] =>
    some.length === 0
      ? []
      : [
          {
            kind,
            reader: 'sender',
            from: '',
            to: sender,
            recipients: some.map(told),
            returns: kind === 'failure' ? 'full' : 'headers',
          },
        ]
  const wanted = [
    ...toSender(
      'failure',
      failed.filter((one) => wants(one, 'FAILURE')),
    ),
    ...copiesOf(failed, 'failure', rules).filter(({ to }) => !isSame(to, sender)),
    ...toSender(
      'delay',
      late.filter((one) => wants(one, 'DELAY')),
    ),
    ...copies.filter(({ to }) => !isSame(to, sender)),
    ...toSender(
      'success',
      attempt.recipients.filter((one) => isSuccessToTell(one, rules)),
    ),
  ]
  const unwanted = failed.filter((one) => !wants(one, 'FAILURE'))
  return { wanted, untold: whereFailed(unwanted, 'not wanted') }
}

function whyNobody(message: QueuedMessage, { whyDoubted }: Rules): string | undefined {
  // RFC 5321 §4.5.5, §6.1
  return message.envelope.sender === '' ? 'null sender' : whyDoubted(message)
}

function whereFailed(failed: readonly EndedRecipient[], why: string): Decision['untold'] {
  return failed.length === 0
    ? undefined
    : { recipients: failed.map(({ recipient }) => recipient), why }
}

/** RFC 3461 §4.1: who said nothing wants to hear of failures and delays. */
function wants({ recipient }: EndedRecipient, what: 'FAILURE' | 'DELAY'): boolean {
  return recipient.notify.length === 0 || recipient.notify.includes(what)
}

function isSuccessToTell({ recipient, result, relaysDsn }: EndedRecipient, rules: Rules): boolean {
  if (result.kind !== 'delivered') return false
  if (recipient.notify.includes('SUCCESS')) return !relaysDsn
  return rules.confirmDelayCleared && recipient.last?.warned === true
}

/** At the end of a round, once for each recipient. */
function isLate(
  { arrivedMs }: QueuedMessage,
  { atMs }: EndedAttempt,
  { recipient, result }: EndedRecipient,
  { delayWarningTime }: Rules,
): boolean {
  if (result.kind !== 'deferred' || delayWarningTime === 0) return false
  return atMs - arrivedMs >= delayWarningTime && recipient.last?.warned !== true
}

/** What the postmaster gets is of all recipients, whatever their NOTIFY says. */
function copiesOf(
  some: readonly EndedRecipient[],
  of: 'failure' | 'double-failure' | 'delay',
  rules: Rules,
): readonly Wanted[] {
  const { classes, kind, to, returns } = copyRules(of, rules)
  if (some.length === 0 || !classes.some((one) => rules.notifyClasses.includes(one))) return []
  const from = rules.doubleBounceAddress
  return [{ kind, reader: 'postmaster', from, to, recipients: some.map(told), returns }]
}

/** Once for each recipient, as long as the problem is of one kind. */
function problemsOf({ recipients }: EndedAttempt, rules: Rules): readonly Wanted[] {
  const some = recipients.filter(({ recipient: { last }, result, remoteMta }) => {
    const found = result.kind === 'delivered' ? undefined : problemOf({ ...result, remoteMta })
    if (found === undefined || !rules.notifyClasses.includes(found)) return false
    return last === undefined || problemOf(last) !== found
  })
  if (some.length === 0) return []
  const { doubleBounceAddress: from, errorNoticeRecipient: to } = rules
  return [
    {
      kind: 'problem',
      reader: 'postmaster',
      from,
      to,
      recipients: some.map(told),
      returns: 'headers',
    },
  ]
}

function copyRules(
  of: 'failure' | 'double-failure' | 'delay',
  rules: Rules,
): Pick<Wanted, 'kind' | 'to' | 'returns'> & { readonly classes: readonly NotifyClass[] } {
  switch (of) {
    case 'failure':
      return {
        classes: ['bounce'],
        kind: 'failure',
        to: rules.bounceNoticeRecipient,
        returns: 'headers',
      }
    case 'double-failure':
      // Either will do for Postfix.
      return {
        classes: ['2bounce', 'bounce'],
        kind: 'failure',
        to: rules.doubleBounceNoticeRecipient,
        returns: 'full',
      }
    case 'delay':
      return {
        classes: ['delay'],
        kind: 'delay',
        to: rules.delayNoticeRecipient,
        returns: 'headers',
      }
  }
}

function told(one: EndedRecipient): Told {
  const { recipient, result, remoteMta } = one
  const { address, original, originalRecipient } = recipient
  const facts = { address, original, originalRecipient }
  switch (result.kind) {
    case 'delivered': {
      // Which folder it is in is its owner's business.
      const isHere = recipient.accountId !== null && remoteMta === null
      const reply = isHere ? 'delivered to mailbox' : result.reply
      const action: Action = isHere ? 'delivered' : isExpanded(result) ? 'expanded' : 'relayed'
      return { recipient, reported: { ...facts, action, status: '2.0.0', reply, remoteMta } }
    }
    case 'deferred':
    case 'failed': {
      const { status, reply } = result
      const action: Action = result.kind === 'failed' ? 'failed' : 'delayed'
      return { recipient, reported: { ...facts, action, status, reply, remoteMta } }
    }
    default:
      return unreachable(result)
  }
}

const isSame = (one: string, other: string) => lookupKey(one) === lookupKey(other)
