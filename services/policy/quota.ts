import type { AccountId } from '#shared/contracts/mailbox.ts'
import { mailboxFull, messageExceedsQuota } from './replies.ts'
import { dunno, type Restriction, reject } from './restriction.ts'

/**
 * Refuses mail for a mailbox without room, while its sender can still be told (RFC 5321 §4.2.3: 452 and 552). Recipients
 * behind aliases are judged at delivery, where the mail waits in the queue.
 */
export function rejectOverQuota(usedBytes: (accountId: AccountId) => Promise<number>): Restriction {
  return {
    name: 'reject_over_quota',
    async decide({ request, found }) {
      if (found.kind !== 'account' || found.quotaBytes === 0) return dunno
      if (request.declaredBytes > found.quotaBytes) {
        return reject(messageExceedsQuota(request.recipient))
      }
      const used = await usedBytes(found.accountId)
      const room = found.quotaBytes - used
      return room <= 0 || request.declaredBytes > room
        ? reject(mailboxFull(request.recipient))
        : dunno
    },
  }
}
