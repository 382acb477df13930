// Whether a message may be answered by itself: the rules that keep answers from going in circles, to lists, and to programs (RFC 3834 §2,
// RFC 5230 §4.5 and §4.6). Who was answered before is for whoever keeps it.

import { parseAddress } from '#shared/mail/address.ts'
import type { Header } from '../message.ts'
import type { SieveEnvelope } from '../run/context.ts'
import { namedAddress, type Owner, ownAddresses } from './own-address.ts'

export type Unanswered =
  /** RFC 3834 §2: nobody is behind it. */
  | 'null-sender'
  /** The sender is no address that mail can be sent to. */
  | 'no-address'
  /** It comes from the owner, who would answer herself. */
  | 'own-address'
  /** RFC 5230 §4.6: the address of a program. */
  | 'automatic-sender'
  /** RFC 5230 §4.6: it came through a list. */
  | 'list'
  /** RFC 5230 §4.6, RFC 3834 §5: written by a program. */
  | 'auto-submitted'
  /** Precedence: bulk, list or junk. */
  | 'precedence'
  /** X-Auto-Response-Suppress asks for no such answer, and Microsoft's programs are many. */
  | 'suppressed'
  /** RFC 5230 §4.5: it is not addressed to the owner. */
  | 'not-to-owner'

export type MayAnswer =
  | { readonly kind: 'answer'; readonly to: string }
  | { readonly kind: 'silent'; readonly because: Unanswered }

export type Answerable = {
  readonly header: Header
  readonly envelope: Pick<SieveEnvelope, 'from' | 'to'>
  readonly owner: Owner
  /** `:addresses`. */
  readonly addresses: readonly string[]
}

export function mayAnswer(message: Answerable): MayAnswer {
  const because = silence(message)
  // RFC 3834 §4: to the return path, and nowhere else.
  return because === undefined
    ? { kind: 'answer', to: message.envelope.from }
    : { kind: 'silent', because }
}

function silence({ header, envelope, owner, addresses }: Answerable): Unanswered | undefined {
  if (envelope.from === '') return 'null-sender'
  const sender = parseAddress(envelope.from)
  if (sender === undefined) return 'no-address'
  const isOwn = ownAddresses(owner, [envelope.to, ...addresses])
  if (isOwn(envelope.from)) return 'own-address'
  if (isAutomatic(sender.local.toLowerCase())) return 'automatic-sender'
  if (listFields.some((name) => header.values(name).length > 0)) return 'list'
  if (isAutoSubmitted(header)) return 'auto-submitted'
  if (header.values('precedence').some((value) => bulk.has(firstWord(value)))) return 'precedence'
  if (header.values('x-auto-response-suppress').some(isSuppressed)) return 'suppressed'
  const isToOwner = destinationFields.some((name) =>
    header.addresses(name).some((each) => isOwn(namedAddress(each)?.address ?? '')),
  )
  return isToOwner ? undefined : 'not-to-owner'
}

/** RFC 3834 §5: of several fields any one; parameters do not count. */
export function isAutoSubmitted(header: Header): boolean {
  return header.values('auto-submitted').some((value) => firstWord(value) !== 'no')
}

/** RFC 5230 §4.6. */
const listFields = [
  'list-id',
  'list-help',
  'list-subscribe',
  'list-unsubscribe',
  'list-post',
  'list-owner',
  'list-archive',
]

const destinationFields = ['to', 'cc', 'bcc', 'resent-to', 'resent-cc', 'resent-bcc']

const bulk: ReadonlySet<string> = new Set(['bulk', 'list', 'junk'])

/** RFC 3834 §2, RFC 5230 §4.6; postmaster is a person (RFC 5230 §4.6). */
function isAutomatic(local: string): boolean {
  const plain = local.replace(/[-_.]/g, '')
  return (
    daemons.has(local) ||
    unread.some((word) => plain.startsWith(word)) ||
    local.startsWith('owner-') ||
    local.endsWith('-owner') ||
    local.endsWith('-request') ||
    local.endsWith('-bounces') ||
    /^bounces?(?:[-+=_.]|$)/.test(local)
  )
}

const daemons: ReadonlySet<string> = new Set([
  'mailer-daemon',
  'mailerdaemon',
  'mail-daemon',
  'listserv',
  'majordomo',
  'listproc',
  'mailman',
])
/** `no-reply`, `do_not_reply`, `noreply+1234`. */
const unread = ['noreply', 'donotreply', 'nichtantworten']

/** In lower case, without comment and parameter. */
function firstWord(value: string): string {
  return value.split(/[;( \t]/, 1)[0]?.toLowerCase() ?? ''
}

/** A list of what not to send: all, or out-of-office notices. */
function isSuppressed(value: string): boolean {
  const words = value.toLowerCase().split(/[,; \t]+/)
  return words.includes('all') || words.includes('oof') || words.includes('autoreply')
}
