import { formatAddress } from '#shared/mail/address.ts'
import type { AtRecipient } from './known.ts'
import { refusedAtSource } from './replies.ts'
import { dunno, type Restriction, reject } from './restriction.ts'
import type { Verification } from './verification.ts'

/**
 * Of an account that is still on an old server that server is asked, as address verification does, so that the sender is told at once what
 * it has against the address. Where it does not say, or nobody here can ask, the mail is taken, and waits for it.
 */
export function rejectUnknownAtSource(
  verification: Verification | undefined,
): Restriction<AtRecipient> {
  return {
    name: 'reject_unknown_at_source',
    async decide({ recipient: { text, found } }) {
      if (found.kind !== 'account' || found.source?.state !== 'at-source') return dunno
      if (verification === undefined) return dunno
      const { address, accountId } = found
      const verified = await verification.verify(formatAddress(address), accountId)
      if (verified.kind !== 'undeliverable') return dunno
      return reject(refusedAtSource(text, verified.reply))
    },
  }
}
