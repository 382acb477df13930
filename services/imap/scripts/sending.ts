// What a script has sent of a message in a folder: sent on (`redirect`), and told of (`notify`). In the name of the mailbox's owner, since
// who sent the message has nothing to do with it any more (RFC 6785 §3.4).

import type { OutgoingMail } from '#shared/contracts/outbox.ts'
import type { SmtpEnvelope } from '#shared/contracts/spool.ts'
import { lookupKey, parseAddress } from '#shared/mail/address.ts'
import { type ObjectReader, StoredMessage } from '#shared/message/stored-message.ts'
import type { Action } from '#shared/sieve/actions.ts'
import { madeEnvelope } from '#shared/sieve/made/envelope.ts'
import { writeNotification } from '#shared/sieve/made/notification.ts'
import { ownAddresses } from '#shared/sieve/made/own-address.ts'
import {
  fieldsWithoutReturnPath,
  REDIRECTED_FROM,
  redirectedBy,
  withoutReturnPath,
} from '#shared/sieve/made/redirected.ts'
import type { Header } from '#shared/sieve/message.ts'
import type { RunContext } from '#shared/sieve/run/context.ts'
import { addedFieldsOf, type FiledMessage, textOf, wasDelivered } from './filed-message.ts'

type Redirect = Extract<Action, { readonly kind: 'redirect' }>
type Notify = Extract<Action, { readonly kind: 'notify' }>
type Mail = Pick<OutgoingMail, 'kind' | 'envelope' | 'prepend' | 'content'>

export type SendingFacts = {
  readonly objects: ObjectReader
  readonly hopcountLimit: number
  /** Whether the domain is one of those that are served here. */
  readonly isServed: (domain: string) => Promise<boolean>
}

/** Undefined: it may go there. */
export async function whyNotSentOn(
  { hopcountLimit, isServed }: SendingFacts,
  filed: FiledMessage,
  { to, message }: Redirect,
  { owner }: Pick<RunContext, 'owner'>,
): Promise<string | undefined> {
  const header = await message.header()
  const own = new Set(owner.addresses.map(lookupKey))
  const target = lookupKey(to)
  if (own.has(target)) return 'it is the owner'
  const before = redirectedBy(header)
  if (before.some((address) => own.has(address))) return 'it was sent on before'
  if (before.includes(target)) return 'it came from there'
  if (header.values('received').length >= hopcountLimit) return 'it came over too many hosts'
  // What a client put here it could send in the name of others so, which submission refuses: by SPF it would be theirs.
  const isForged = !wasDelivered(filed) && (await isOfOthersHere(header, owner, isServed))
  return isForged ? 'it is from somebody else here, and was not delivered here' : undefined
}

async function isOfOthersHere(
  header: Header,
  owner: RunContext['owner'],
  isServed: SendingFacts['isServed'],
): Promise<boolean> {
  const isOwn = ownAddresses(owner)
  const authors = ['from', 'sender'].flatMap((name) => header.addresses(name)).slice(0, AUTHORS_MAX)
  for (const author of authors) {
    const address = textOf(author)
    if (address === undefined || isOwn(address)) continue
    const domain = parseAddress(address)?.domain
    if (domain !== undefined && (await isServed(domain))) return true
  }
  return false
}

/** Of the addresses in a header that are looked up. */
const AUTHORS_MAX = 20

export function sentOn(
  { objects }: Pick<SendingFacts, 'objects'>,
  filed: FiledMessage,
  { to, message: { changed } }: Redirect,
  owner: string,
): Mail {
  const from = Buffer.from(`${REDIRECTED_FROM}: ${owner}\r\n`, 'utf8').toString('latin1')
  // What a script changed has the other fields in it, as it saw them.
  const prepend = changed ? from : from + fieldsWithoutReturnPath(addedFieldsOf(filed))
  const content = changed
    ? withoutReturnPath(changed())
    : new StoredMessage(objects, { ...filed.blob, prepend: '' }, '').stream()
  return { kind: 'redirected', envelope: sentOnTo(to, owner), prepend, content }
}

const sentOnTo = (to: string, owner: string): SmtpEnvelope => ({
  // RFC 6785 §3.4.
  sender: owner,
  recipients: [{ address: to, notify: [], originalRecipient: null }],
  body: '7BIT',
  smtpUtf8: [to, owner].some((address) => /[^\x20-\x7e]/.test(address)),
  requireTls: false,
  dsnReturn: null,
  dsnEnvelopeId: null,
})

/** Undefined where it is to nobody (RFC 6068 §2). */
export async function notification(
  action: Notify,
  { message, envelope, owner }: RunContext,
  { atMs, messageId }: { readonly atMs: number; readonly messageId: string },
): Promise<(Mail & { readonly bytes: Uint8Array }) | undefined> {
  const { mailto } = action
  const header = await message.header()
  const made = writeNotification({ action, mailto, header, envelope, owner, atMs, messageId })
  if (made.recipients.length === 0) return undefined
  return {
    kind: 'made',
    envelope: madeEnvelope(made, made.sender, made.recipients, false),
    prepend: '',
    content: oneChunk(made.bytes),
    bytes: made.bytes,
  }
}

export async function* oneChunk(bytes: Uint8Array) {
  yield bytes
}
