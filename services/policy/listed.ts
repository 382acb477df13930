import { userDisabled, userUnknown } from './replies.ts'
import { dunno, type Restriction, reject } from './restriction.ts'

/** Postfix's reject_unlisted_recipient: our domain, but nobody there. */
export const rejectUnlistedRecipient: Restriction = {
  name: 'reject_unlisted_recipient',
  decide({ request, found }) {
    if (found.kind === 'unknown') return reject(userUnknown(request.recipient))
    if (found.kind === 'disabled') return reject(userDisabled(request.recipient))
    return dunno
  },
}
