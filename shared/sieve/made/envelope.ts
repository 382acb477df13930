// By which envelope goes what a script makes.

import type { SmtpEnvelope } from '#shared/contracts/spool.ts'
import type { MadeMessage } from './message.ts'

/** `requireTls`: of the message that it tells of, which it is protected like (RFC 8689 §5). */
export function madeEnvelope(
  { eightBit, smtpUtf8 }: Pick<MadeMessage, 'eightBit' | 'smtpUtf8'>,
  sender: string,
  recipients: readonly string[],
  requireTls: boolean,
): SmtpEnvelope {
  const isAscii = recipients.every((address) => /^[\x20-\x7e]*$/.test(address))
  return {
    sender,
    // RFC 5230 §5.1, RFC 5436 §2.7: of it no notice is wanted.
    recipients: recipients.map((address) => ({
      address,
      notify: ['NEVER'],
      originalRecipient: null,
    })),
    body: eightBit ? '8BITMIME' : '7BIT',
    smtpUtf8: smtpUtf8 || !isAscii,
    requireTls,
    dsnReturn: null,
    dsnEnvelopeId: null,
  }
}
