// `redirect` (RFC 5228 §4.2): the message as it came, or as the script changed it, to somebody else, and what keeps it from going in circles.
// Where it would, it stays with its recipient: it is not lost for that.

import { lookupKey } from '#shared/mail/address.ts'
import type { CreatedMessage } from '#shared/queue/created-message.ts'
import type { Action } from '#shared/sieve/actions.ts'
import { REDIRECTED_FROM, redirectedBy, withoutReturnPath } from '#shared/sieve/made/redirected.ts'
import type { Header } from '#shared/sieve/message.ts'
import type { Letter } from '../letter.ts'

/** Accounts here that one message is sent on by, one after the other. */
export const REDIRECTED_TIMES_MAX = 10

/**
 * So often a message that is sent on goes to several addresses at once; from then on to one. Accounts that send to each other would make
 * of one message as many as there are ways between them, whatever their scripts write into it.
 */
export const SPREAD_TIMES_MAX = 2

/** Undefined: it may go there. */
export function whyNotRedirected(
  to: string,
  header: Header,
  { message, recipient }: Letter,
  hopcountLimit: number,
  /** Other addresses that this delivery sends it to already. */
  others = 0,
): string | undefined {
  const own = new Set([recipient.address, recipient.original].map(lookupKey))
  const target = lookupKey(to)
  if (own.has(target)) return 'it is the recipient'
  const before = redirectedBy(header)
  if (before.some((address) => own.has(address))) return 'it was sent on before'
  const came = [...before, ...message.deliveredTo.map(lookupKey)]
  if (came.includes(target)) return 'it came from there'
  if (message.deliveredTo.length >= REDIRECTED_TIMES_MAX) return 'it was sent on too often'
  if (message.deliveredTo.length >= SPREAD_TIMES_MAX && others > 0) {
    return 'it was sent on before, and goes to another address already'
  }
  const hops = header.values('received').length
  return hops >= hopcountLimit ? 'it came over too many hosts' : undefined
}

/** Our own `Delivered-To` is known when it comes back. */
export async function redirected(
  { message, recipient: { address } }: Letter,
  action: Extract<Action, { readonly kind: 'redirect' }>,
  wrapSender: (sender: string) => Promise<string>,
): Promise<CreatedMessage> {
  const { envelope, origin, prepend, deliveredTo } = message
  const { changed } = action.message
  const from = `${REDIRECTED_FROM}: ${address}\r\n`
  const fields = changed ? from : `${from}Delivered-To: ${address}\r\n`
  return {
    envelope: {
      ...envelope,
      sender: await wrapSender(envelope.sender),
      recipients: [{ address: action.to, notify: [], originalRecipient: null }],
    },
    origin,
    // What a script changed has the other fields in it, as it saw them.
    prepend: Buffer.from(fields, 'utf8').toString('latin1') + (changed ? '' : prepend),
    deliveredTo: [...deliveredTo, address],
    content: changed
      ? { kind: 'stream', open: () => withoutReturnPath(changed()) }
      : { kind: 'same' },
  }
}
