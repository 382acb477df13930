import type { SmtpReply } from '#shared/contracts/policy.ts'
import { parseAccountId } from '#shared/directory/account-id.ts'
import type { Accounts } from '#shared/directory/accounts.ts'
import type { Known } from './known.ts'
import { type Decision, dunno, type Restriction, reject } from './restriction.ts'

/** RFC 4954 §4 has no code for it; 421 ends the session, which nothing else could follow. */
const accountEnded: SmtpReply = {
  code: 421,
  status: '4.7.0',
  text: 'The account has changed since the login, log in again',
}

export const accountFrozen: SmtpReply = {
  code: 550,
  status: '5.7.1',
  // Why is its administrator's matter, and no help to whoever has stolen the password.
  text: 'Sending from this account is suspended, receiving is not; ask the administrator',
}

/**
 * Who was logged in and is disabled, removed or has another password since sends no more, however old the session; nor does a frozen
 * account.
 */
export function rejectEndedAccount(
  accounts: Pick<Accounts, 'byId'>,
): Restriction<Pick<Known, 'origin'>> {
  return {
    name: 'reject_ended_account',
    async decide({ origin }): Promise<Decision> {
      const { account } = origin
      if (account === null) return dunno
      const id = parseAccountId(account.id)
      const found = id && (await accounts.byId(id))
      if (found === undefined || !found.enabled) return reject(accountEnded)
      // A listener of the version before says nothing of epochs.
      const epoch = account.sessionsEpoch ?? found.sessionsEpoch
      if (epoch !== found.sessionsEpoch) return reject(accountEnded)
      return found.frozen === null ? dunno : reject(accountFrozen)
    },
  }
}
