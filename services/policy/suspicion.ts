import type { Suspicion } from '#shared/auth/suspicion.ts'
import { accountFrozen } from './account.ts'
import type { AtMessage } from './known.ts'
import { dunno, type Restriction, reject } from './restriction.ts'

/** Notes where an account sends to. What that leads to may be that it sends nothing more, this message included. */
export function rejectCompromisedAccount(
  suspicion: Pick<Suspicion, 'noteRecipients'>,
): Restriction<AtMessage> {
  return {
    name: 'reject_compromised_account',
    async decide({ origin: { account }, message: { envelope } }) {
      if (account === null) return dunno
      const addresses = envelope.recipients.map(({ address }) => address)
      const isFrozen = await suspicion.noteRecipients(account, addresses)
      return isFrozen ? reject(accountFrozen) : dunno
    },
  }
}
