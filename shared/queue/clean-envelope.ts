// The envelope of a message that is taken, as Postfix's cleanup makes it: its sender rewritten, and copies for whoever gets one of all such
// mail. Recipients are rewritten when they are expanded, so that what was written to is still known. Not of mail that comes back
// from a content filter, of which that was done when it came, nor of what the system itself writes, which never comes this way.

import type { AcceptedMessage, SmtpEnvelope } from '#shared/contracts/spool.ts'
import type { AddressRewriting } from '#shared/directory/rewriting.ts'
import { lookupKey } from '#shared/mail/address.ts'

export type CleanEnvelope = (
  message: Pick<AcceptedMessage, 'envelope' | 'origin'>,
) => Promise<SmtpEnvelope>

export function createCleanEnvelope(
  rewriting: Pick<AddressRewriting, 'envelope' | 'copiesOf'>,
): CleanEnvelope {
  return async function cleanEnvelope({ envelope, origin }) {
    if (origin.listener === 'reinjection') return envelope
    const sender = await rewriting.envelope('sender', envelope.sender)
    const recipients = envelope.recipients.map(({ address }) => address)
    const known = new Set(recipients.map(lookupKey))
    // Whoever is a recipient anyhow gets it once. Nobody is told of a copy (RFC 3461 §4.1).
    const copies = (await rewriting.copiesOf(sender, recipients))
      .filter((address) => !known.has(lookupKey(address)))
      .map((address) => ({ address, notify: ['NEVER'], originalRecipient: null }) as const)
    if (sender === envelope.sender && copies.length === 0) return envelope
    return { ...envelope, sender, recipients: [...envelope.recipients, ...copies] }
  }
}
