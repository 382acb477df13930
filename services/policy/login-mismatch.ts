// Who logged in sends as itself: in the envelope, which RCPT asks about, and in the header's From and Sender.

import type { MessageRequest, SmtpReply } from '#shared/contracts/policy.ts'
import { turns } from '#shared/runtime/turns.ts'
import type { AtMessage } from './known.ts'
import { authorNotOwned, senderNotOwned, tooManyAuthors } from './replies.ts'
import { dunno, type Restriction, reject } from './restriction.ts'
import type { SenderRights } from './sender-logins.ts'

/** Addresses in From and Sender that are looked up for one message. */
export const AUTHORS_MAX = 20

/** Postfix's name for the whole, of which only the half about clients that logged in can happen here. */
const loginMismatch = 'reject_sender_login_mismatch'

export function rejectSenderLoginMismatch({ mayUse }: SenderRights): Restriction {
  return {
    name: loginMismatch,
    async decide({ sender, origin: { account } }) {
      if (account === null || !sender) return dunno
      const isOwned = await mayUse(account, sender)
      return isOwned ? dunno : reject(senderNotOwned(sender, account.login))
    },
  }
}

export function rejectAuthorLoginMismatch(rights: SenderRights): Restriction<AtMessage> {
  return {
    name: loginMismatch,
    async decide({ message }) {
      const reply = await foreignAuthor(message, rights)
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
