import { type EventGroup, parseNotifyArguments } from '#shared/imap/notify-arguments.ts'
import { formatResponseCode } from '#shared/imap/response-code.ts'
import { type Completion, completed, defineCommand } from '../command.ts'
import { Notifier } from '../notify/notifier.ts'
import { isOfSelected, isSupported, supportedEvents, Wanted } from '../notify/wanted.ts'
import { replies } from '../replies.ts'

/** NOTIFY: what the client is told without asking, of all its mailboxes. RFC 5465 §3.1. */
export const notify = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  // RFC 5465 §3.1: NOTIFY SET implies a NOOP.
  looksForNews: true,
  parse(cursor) {
    cursor.space()
    const given = parseNotifyArguments(cursor)
    // RFC 5465 §6.1
    if (
      given.kind === 'set' &&
      given.groups.filter(({ filter }) => isOfSelected(filter)).length > 1
    ) {
      cursor.fail('only one filter for the selected mailbox')
    }
    return given
  },
  async run(session, given, wire): Promise<Completion> {
    if (given.kind === 'none') {
      session.notifications ??= new Notifier(session)
      await session.notifications.none(wire)
      return completed('NOTIFY')
    }
    if (!given.groups.every(hasSupportedEvents)) return badEvent
    // RFC 5465 §3.1: what the client does not know yet is told as it was told so far.
    if (session.state.kind === 'selected') {
      await session.state.selected.tellNews(wire, { expunges: true, look: true })
    }
    session.notifications ??= new Notifier(session)
    const isSet = await session.notifications.set(new Wanted(given.groups), given.status, wire)
    return isSet ? completed('NOTIFY') : replies.tooManyNotifications
  },
})

const hasSupportedEvents = ({ events }: EventGroup) => events.every(isSupported)

const badEvent: Completion = {
  status: 'NO',
  code: formatResponseCode({ kind: 'BADEVENT', events: supportedEvents }),
  text: 'These events can be told, and no others',
}
