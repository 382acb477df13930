// Who connects from an address that somebody logged in from by POP3 or IMAP a short time ago. It is no login: what is asked of senders is
// asked, and the mail is nobody's.

import { createRecentLogins } from '#shared/auth/pop-before-smtp.ts'
import { dunno, permit } from '../restriction.ts'
import { defineWord } from '../word.ts'

export const permit_pop_before_smtp = defineWord('permit_pop_before_smtp', (_argument, deps) => {
  const { counters, directory, settings, clock, log } = deps
  const { accounts } = directory
  const logins = createRecentLogins({ counters, accounts, options: settings, clock })
  return async ({ queueId, origin }) => {
    const { remoteAddress } = origin
    const account = await logins.find(remoteAddress)
    if (account === undefined) return dunno
    log.info({ queueId, account, remoteAddress }, 'permitted for a login by POP3 or IMAP')
    return permit
  }
})
