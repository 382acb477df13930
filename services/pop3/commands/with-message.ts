// What the commands on one message share: finding it and opening it, or saying why not.

import type { Message, OpenMessage } from '#shared/contracts/mailbox.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Maildrop } from '../maildrop.ts'
import { type Reply, replies } from '../replies.ts'
import type { Session } from '../session.ts'

export function withMessage(
  maildrop: Maildrop,
  number: number,
  act: (message: Message) => Reply | Promise<Reply>,
): Reply | Promise<Reply> {
  const found = maildrop.find(number)
  switch (found.kind) {
    case 'present':
      return act(found.message)
    case 'deleted':
      return replies.messageDeleted
    case 'missing':
      return replies.noSuchMessage
  }
}

export async function withOpenMessage(
  session: Session,
  message: Message,
  act: (opened: OpenMessage) => Reply,
): Promise<Reply> {
  try {
    const opened = await session.deps.mailboxes.open(message)
    if (opened !== undefined) return act(opened)
  } catch (error) {
    if (!(error instanceof TemporaryFailure)) throw error
    session.log.warn({ uid: message.uid, error }, 'message not readable for the moment')
    return replies.unavailable
  }
  session.log.error({ uid: message.uid, blobId: message.blobId }, 'message object is gone')
  return replies.messageUnreadable
}
