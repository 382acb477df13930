import { guestId } from '#shared/directory/guests.ts'
import { type Address, formatAddress } from '#shared/mail/address.ts'
import type { AtRecipient } from './known.ts'
import { notKnownYet, refusedAtSource } from './replies.ts'
import { type Decision, defer, dunno, type Restriction, reject } from './restriction.ts'
import type { Verification } from './verification.ts'

/**
 * Of an account that is still on an old server that server is asked, as address verification does, so that the sender is told at once what
 * it has against the address. Where it does not say, or nobody here can ask, the mail is taken, and waits for it. Of a guest, of whom that
 * server alone knows whether he is anybody, it is taken by its word and not before: else what nobody wants would be sent back to whom it
 * names as its sender.
 */
export function rejectUnknownAtSource(
  verification: Verification | undefined,
): Restriction<AtRecipient> {
  async function ofGuest(text: string, address: Address): Promise<Decision> {
    const verified = await verification?.verify(formatAddress(address), guestId(address))
    if (verified?.kind === 'deliverable') return dunno
    if (verified?.kind === 'undeliverable') return reject(refusedAtSource(text, verified.reply))
    return defer(notKnownYet(text))
  }

  return {
    name: 'reject_unknown_at_source',
    async decide({ recipient: { text, address: given, found } }) {
      if (found.kind === 'guest') return await ofGuest(text, given)
      if (found.kind !== 'account' || found.source?.state !== 'at-source') return dunno
      if (verification === undefined) return dunno
      const { address, accountId } = found
      const verified = await verification.verify(formatAddress(address), accountId)
      if (verified.kind !== 'undeliverable') return dunno
      return reject(refusedAtSource(text, verified.reply))
    },
  }
}
