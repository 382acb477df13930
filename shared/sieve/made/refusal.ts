// How a message is refused that is here already (RFC 5429): `ereject` by a report of non-delivery, which the queue writes of a refused
// recipient, and `reject` by an MDN (RFC 8098) that keeps the words of the reason whole.

import { part, partOfReturned } from '#shared/mail/dsn/compose.ts'
import { asciiLine, isAscii, oneLine, wrap } from '#shared/mail/dsn/foreign-text.ts'
import type { Language } from '#shared/mail/dsn/notice-text.ts'
import type { Returned } from '#shared/mail/dsn/report.ts'
import { cleanLine } from '#shared/mail/header-text.ts'
import type { Action } from '../actions.ts'
import type { Header } from '../message.ts'
import { idsIn, lines, type MadeMessage, makeMessage } from './message.ts'
import type { Owner } from './own-address.ts'
import { scriptWords } from './words.ts'

type RefusalAction = Pick<
  Extract<Action, { readonly kind: 'reject' | 'ereject' }>,
  'kind' | 'reason'
>

export type Refusal =
  /** The recipient failed for good, with this status and reply. */
  | { readonly kind: 'dsn'; readonly status: '5.7.1'; readonly reply: string }
  /** `writeRejection` has the message. */
  | { readonly kind: 'mdn'; readonly to: string }
  /** Nobody is told: RFC 5429 §2.1.2 and §2.2.1 want no report without a return path. */
  | { readonly kind: 'silent'; readonly because: 'null-sender' }

export function refusalOf({ kind, reason }: RefusalAction, sender: string): Refusal {
  if (sender === '') return { kind: 'silent', because: 'null-sender' }
  if (kind === 'ereject') return { kind: 'dsn', status: '5.7.1', reply: refusalReply(reason) }
  return { kind: 'mdn', to: sender }
}

/** RFC 5429 §2.1.2: the sender is to know that a filter did it, and why. */
function refusalReply(reason: string): string {
  const words = oneLine(reason.slice(0, REPLY_CHARACTERS_MAX)).split(' ').filter(Boolean).join(' ')
  return `refused by the mail filter of the recipient: ${words}`
}

/** A reply is one line in a log; a reason that is longer is an essay. */
const REPLY_CHARACTERS_MAX = 1_000

export type Rejection = {
  readonly reason: string
  /** The envelope sender, whom it goes to. */
  readonly to: string
  /** Of the message that is refused. */
  readonly header: Header
  readonly owner: Pick<Owner, 'address' | 'name'>
  /** ORCPT as `type;address`, null where the sender gave none. */
  readonly originalRecipient: string | null
  /** RFC 5429 §2.4: as it came, whatever the script changed. */
  readonly returned: Returned | null
  /** Our name. */
  readonly hostname: string
  readonly languages: readonly [Language, ...Language[]]
  readonly atMs: number
  /** Of the MDN, without angle brackets. */
  readonly messageId: string
  /** Nobody else may know it before. */
  readonly boundary: string
}

/** RFC 5429 §2.2.1. Its envelope sender is the null one (RFC 8098 §3). */
export function writeRejection(rejection: Rejection): MadeMessage {
  const { to, header, owner, returned, languages, atMs, messageId, boundary } = rejection
  const [language] = languages
  const separator = `--${boundary}\r\n`
  const parts = [
    part('Notification', 'text/plain; charset=utf-8', Buffer.from(textOf(rejection))),
    part('Disposition', dispositionType(rejection), Buffer.from(dispositionPart(rejection))),
    ...(returned === null ? [] : [partOfReturned('Refused message', to, returned)]),
  ]
  return makeMessage(
    {
      atMs,
      messageId,
      from: [{ name: owner.name, address: owner.address }],
      to: [{ name: null, address: to }],
      subject: scriptWords[language].refused.subject,
      autoSubmitted: 'auto-replied',
      of: header,
      isReply: true,
    },
    {
      fields: `Content-Type: multipart/report; report-type=disposition-notification;\r\n\tboundary="${boundary}"\r\n`,
      content: Buffer.concat([
        ...parts.flatMap((each) => [Buffer.from(separator), each, Buffer.from('\r\n')]),
        Buffer.from(`--${boundary}--\r\n`),
      ]),
    },
  )
}

function textOf({ reason, owner, returned, languages }: Rejection): string {
  const all = languages.map((language) => scriptWords[language].refused)
  const address = cleanLine(owner.address)
  return lines(
    [
      ...all.flatMap(({ opening }) => [...wrap(opening(address)), '']),
      // The words of the owner, line by line.
      ...lines(reason).split('\r\n').flatMap(sendable),
      ...all.flatMap(({ closing }) => [...wrap(closing(returned?.kind ?? null)), '']),
    ].join('\r\n'),
  )
}

/** RFC 5322 §2.1.1 */
const sendable = (line: string) => (line.length > 300 ? wrap(line) : [line])

/** RFC 6533 §5 where an address needs it. */
const isGlobal = ({ owner, originalRecipient }: Rejection) =>
  !isAscii(owner.address) || /^utf-8;/i.test(originalRecipient ?? '')
const dispositionType = (rejection: Rejection) =>
  isGlobal(rejection)
    ? 'message/global-disposition-notification'
    : 'message/disposition-notification'

/** RFC 8098 §3.1 */
function dispositionPart(rejection: Rejection): string {
  const { header, owner, originalRecipient, hostname } = rejection
  const [original] = idsIn(header, 'message-id')
  const type = isAscii(owner.address) ? 'rfc822' : 'utf-8'
  const clean = isGlobal(rejection) ? cleanLine : asciiLine
  return [
    `Reporting-UA: ${hostname}; Postwolke`,
    ...(originalRecipient === null ? [] : [`Original-Recipient: ${clean(originalRecipient)}`]),
    `Final-Recipient: ${type}; ${clean(owner.address)}`,
    ...(original === undefined ? [] : [`Original-Message-ID: ${original}`]),
    'Disposition: automatic-action/MDN-sent-automatically; deleted',
  ]
    .map((line) => `${line}\r\n`)
    .join('')
}
