import type { AccountId } from '#shared/contracts/mailbox.ts'
import { fits, roomLeft, type Used } from '#shared/mailbox/quota.ts'
import type { AtRecipient } from './known.ts'
import { mailboxFull, messageExceedsQuota } from './replies.ts'
import { defer, dunno, type Restriction, reject } from './restriction.ts'

/** Header fields that stand before a stored message and count (Return-Path, Received, Delivered-To), about. */
export const ADDED_BYTES = 1_000

/**
 * Refuses mail for a mailbox without room, while its sender can still be told (RFC 5321 §4.2.3: 452 and 552). Recipients
 * behind aliases are judged at delivery, where the mail waits in the queue.
 */
export function rejectOverQuota(
  usage: (accountId: AccountId) => Promise<Used>,
  messagesMax: number,
): Restriction<AtRecipient> {
  return {
    name: 'reject_over_quota',
    async decide({ recipient: { text, found }, bytes }) {
      // Of mail that is only sent on nothing stays here.
      if (found.kind !== 'account' || found.forward?.keep === false) return dunno
      // What it stores is stored on its old server.
      if (found.source !== undefined) return dunno
      const quota = { bytes: found.quotaBytes, messages: messagesMax }
      if (quota.bytes > 0 && bytes > quota.bytes) {
        return reject(messageExceedsQuota(text))
      }
      if (quota.bytes === 0 && quota.messages === 0) return dunno
      const room = roomLeft(quota, await usage(found.accountId))
      return fits(room, bytes + ADDED_BYTES) ? dunno : defer(mailboxFull(text))
    },
  }
}
