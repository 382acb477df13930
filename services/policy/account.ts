import type { SmtpReply } from '#shared/contracts/policy.ts'
import { parseAccountId } from '#shared/directory/account-id.ts'
import type { Accounts } from '#shared/directory/accounts.ts'
import type { Known } from './known.ts'
import { dunno, type Restriction, reject } from './restriction.ts'

/** RFC 4954 §4 has no code for it; 421 ends the session, which nothing else could follow. */
const accountEnded: SmtpReply = {
  code: 421,
  status: '4.7.0',
  text: 'The account has changed since the login, log in again',
}

/** Who was logged in and is disabled, removed or has another password since sends no more, however old the session. */
export function rejectEndedAccount(
  accounts: Pick<Accounts, 'byId'>,
): Restriction<Pick<Known, 'origin'>> {
  return {
    name: 'reject_ended_account',
    async decide({ origin }) {
      const { account } = origin
      if (account === null) return dunno
      const id = parseAccountId(account.id)
      const found = id && (await accounts.byId(id))
      if (found === undefined || !found.enabled) return reject(accountEnded)
      // A listener of the version before says nothing of epochs.
      const epoch = account.sessionsEpoch ?? found.sessionsEpoch
      return epoch === found.sessionsEpoch ? dunno : reject(accountEnded)
    },
  }
}
