// Who logged in sends as itself: in the envelope, which RCPT asks about, and in the header's From and Sender.

import type { MessageRequest, SmtpReply } from '#shared/contracts/policy.ts'
import { turns } from '#shared/runtime/turns.ts'
import { authorNotOwned, senderNotOwned, tooManyAuthors } from './replies.ts'
import {
  dunno,
  type MessageFacts,
  type Restriction,
  reject,
  type SenderFacts,
} from './restriction.ts'
import type { SenderRights } from './sender-logins.ts'

/** Addresses in From and Sender that are looked up for one message. */
export const AUTHORS_MAX = 20
/** Transactions whose sender need not be looked up again for the next recipient. */
const TRANSACTIONS_REMEMBERED_MAX = 1_000

/** Postfix's name for the whole, of which only the half about clients that logged in can happen here. */
const loginMismatch = 'reject_sender_login_mismatch'

export function rejectSenderLoginMismatch({ mayUse }: SenderRights): Restriction<SenderFacts> {
  const decided = new Map<string, boolean>()

  return {
    name: loginMismatch,
    stage: 'sender',
    async decide({ request: { queueId, sender, origin } }) {
      const { account } = origin
      if (account === null || sender === '') return dunno
      const owned = decided.get(queueId) ?? (await mayUse(account, sender))
      decided.set(queueId, owned)
      const [oldest] = decided.keys()
      if (oldest !== undefined && decided.size > TRANSACTIONS_REMEMBERED_MAX) decided.delete(oldest)
      return owned ? dunno : reject(senderNotOwned(sender, account.login))
    },
  }
}

export function rejectAuthorLoginMismatch(rights: SenderRights): Restriction<MessageFacts> {
  return {
    name: loginMismatch,
    stage: 'message',
    async decide({ request }) {
      const reply = await foreignAuthor(request, rights)
      return reply === undefined ? dunno : reject(reply)
    },
  }
}

/** What the client is told about a message with an author that it may not be, undefined when all are its own. */
export async function foreignAuthor(
  { origin: { account }, from, sender }: MessageRequest,
  { mayUse }: SenderRights,
): Promise<SmtpReply | undefined> {
  if (account === null) return undefined
  const authors = new Set([...from, ...sender])
  if (authors.size > AUTHORS_MAX) return tooManyAuthors
  for (const author of authors) {
    if (!(await mayUse(account, author))) return authorNotOwned(author, account.login)
    // Each may be an alias of a thousand.
    await turns.step()
  }
  return undefined
}
