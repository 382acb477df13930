import type { Reach } from '#shared/directory/directory.ts'
import type { AtRecipient } from './known.ts'
import { aliasLoop, userDisabled, userUnknown } from './replies.ts'
import { type Decision, dunno, type Restriction, reject } from './restriction.ts'

/**
 * Postfix's reject_unlisted_recipient: our domain, but nobody there. Aliases are followed to their ends: mail for one that leads
 * nowhere would be taken, stored, and waited for by an operator.
 */
export const rejectUnlistedRecipient: Restriction<AtRecipient> = {
  name: 'reject_unlisted_recipient',
  async decide({ recipient: { text, found, reach } }) {
    if (found.kind === 'unknown') return reject(userUnknown(text))
    if (found.kind === 'disabled') return reject(userDisabled(text))
    return found.kind === 'alias' ? ofAlias(text, await reach()) : dunno
  },
}

/** One target that takes mail is enough: what becomes of the others its sender cannot help. */
function ofAlias(recipient: string, { local, remote, failed }: Reach): Decision {
  if (local + remote > 0) return dunno
  if (failed.includes('unknown')) return reject(userUnknown(recipient))
  if (failed.includes('disabled')) return reject(userDisabled(recipient))
  return reject(aliasLoop(recipient))
}
