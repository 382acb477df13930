import type { Cursor } from '#shared/imap/cursor.ts'
import { type Completion, completed, defineCommand } from '../command.ts'
import { replies } from '../replies.ts'

/** SUBSCRIBE: a name, whether there is a mailbox or not. RFC 9051 §6.3.7. */
export const subscribe = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse,
  async run(session, mailbox): Promise<Completion> {
    const { subscriptions } = session.deps.mailbox
    session.notifications?.causes(mailbox)
    const subscribed = await subscriptions.subscribe(session.account.id, mailbox)
    switch (subscribed.kind) {
      case 'subscribed':
        return completed('SUBSCRIBE')
      case 'bad-name':
        return replies.badName
      case 'too-many':
        return replies.tooManySubscriptions
    }
  },
})

/** UNSUBSCRIBE. RFC 9051 §6.3.8. */
export const unsubscribe = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse,
  async run(session, mailbox) {
    session.notifications?.causes(mailbox)
    await session.deps.mailbox.subscriptions.unsubscribe(session.account.id, mailbox)
    return completed('UNSUBSCRIBE')
  },
})

function parse(cursor: Cursor): string {
  cursor.space()
  return cursor.mailbox()
}
