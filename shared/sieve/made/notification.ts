// The message of `notify` with a mailto URI (RFC 5436 §2.7), with the envelope that it goes by.

import { asciiLine, isAscii } from '#shared/mail/dsn/foreign-text.ts'
import { cleanLine, folded, textField } from '#shared/mail/header-text.ts'
import type { Action } from '../actions.ts'
import type { Header } from '../message.ts'
import type { SieveEnvelope } from '../run/context.ts'
import type { Mailto } from './mailto.ts'
import { type MadeMessage, makeMessage, textEntity } from './message.ts'
import { authorOf, type Owner } from './own-address.ts'

export type Notification = {
  readonly action: Pick<
    Extract<Action, { readonly kind: 'notify' }>,
    'message' | 'from' | 'importance'
  >
  readonly mailto: Mailto
  /** Of the message that it tells of. */
  readonly header: Header
  readonly envelope: Pick<SieveEnvelope, 'from'>
  readonly owner: Owner
  readonly atMs: number
  /** Of the notification, without angle brackets. */
  readonly messageId: string
}

export type SentNotification = MadeMessage & {
  readonly sender: string
  readonly recipients: readonly string[]
}

export function writeNotification(notification: Notification): SentNotification {
  const { action, mailto, header, envelope, owner, atMs, messageId } = notification
  const from = authorOf(action.from, owner)
  const made = makeMessage(
    {
      atMs,
      messageId,
      from: [from],
      to: mailto.to.map(bare),
      cc: mailto.cc.map(bare),
      subject: subjectOf(notification),
      autoSubmitted: `auto-notified; owner-email=${quoted(owner.address)}`,
      of: header,
      isReply: false,
      more: [
        ...receivedFields(header),
        ...importanceFields[action.importance],
        ...mailto.fields.map(({ name, value }) => textField(capitalised(name), value)),
      ],
    },
    textEntity(mailto.body ?? defaultBody(header)),
  )
  return {
    ...made,
    // RFC 5436 §2.7: what nobody answers for is answered to nobody.
    sender: envelope.from === '' ? '' : from.address,
    recipients: [...new Set([...mailto.to, ...mailto.cc, ...mailto.bcc])],
  }
}

const bare = (address: string) => ({ name: null, address })

function subjectOf({ action, mailto, header }: Notification): string {
  const [original = ''] = header.texts('subject')
  const said = action.message ?? mailto.subject ?? original
  return said.trim() === '' ? 'New mail' : said
}

/** RFC 5435 §3.6: who wrote, and of what. */
function defaultBody(header: Header): string {
  const [from = ''] = header.texts('from')
  const [subject = ''] = header.texts('subject')
  return `From: ${cleanLine(from)}\nSubject: ${cleanLine(subject)}\n`
}

/** RFC 5436 §2.4; what is usual needs no field. */
const importanceFields: { readonly [importance in '1' | '2' | '3']: readonly string[] } = {
  1: ['X-Priority: 1 (Highest)\r\n', 'Importance: High\r\n'],
  2: [],
  3: ['X-Priority: 5 (Lowest)\r\n', 'Importance: Low\r\n'],
}

/** RFC 5436 §2.7: kept, so that one that goes in circles has more of them each time. */
function receivedFields(header: Header): readonly string[] {
  return header
    .values('received')
    .slice(0, RECEIVED_MAX)
    .map((value) => folded('Received', asciiLine(cleanLine(value)).split(' ').filter(Boolean)))
}

/** A message with as many has gone in circles before. */
const RECEIVED_MAX = 100

const capitalised = (name: string) => name.charAt(0).toUpperCase() + name.slice(1)
const quoted = (text: string) =>
  `"${(isAscii(text) ? asciiLine(text) : cleanLine(text)).replaceAll(/["\\]/g, '\\$&')}"`
