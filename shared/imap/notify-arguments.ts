// NOTIFY: RFC 5465 §3 and §8.
//
//   notify = "NOTIFY" SP (notify-add / notify-none)
//   notify-add = "SET" [SP status-indicator] SP event-groups         status-indicator = "STATUS"
//   event-group = "(" filter-mailboxes SP events ")"
//   events = ("(" event *(SP event) ")") / "NONE"
//   message-event = ("MessageNew" [SP "(" fetch-att *(SP fetch-att) ")"]) / "MessageExpunge" / "FlagChange" / …

import type { Cursor } from './cursor.ts'
import { type FetchAtt, parseFetchAttList } from './fetch-att.ts'
import { type MailboxFilter, parseMailboxFilter } from './mailbox-filter.ts'

export type NotifyArguments =
  | { readonly kind: 'none' }
  | { readonly kind: 'set'; readonly status: boolean; readonly groups: readonly EventGroup[] }

export type EventGroup = {
  readonly filter: MailboxFilter
  /** Empty for NONE. */
  readonly events: readonly NotifyEvent[]
}

export type NotifyEvent =
  | { readonly kind: 'message-new'; readonly atts: readonly FetchAtt[] }
  | {
      readonly kind:
        | 'message-expunge'
        | 'flag-change'
        | 'annotation-change'
        | 'mailbox-name'
        | 'subscription-change'
        | 'mailbox-metadata-change'
        | 'server-metadata-change'
    }
  /** For NO [BADEVENT …] (RFC 5465 §3.1). */
  | { readonly kind: 'unknown'; readonly name: string }

export const EVENT_GROUPS_MAX = 100

const events = {
  MESSAGEEXPUNGE: 'message-expunge',
  FLAGCHANGE: 'flag-change',
  ANNOTATIONCHANGE: 'annotation-change',
  MAILBOXNAME: 'mailbox-name',
  SUBSCRIPTIONCHANGE: 'subscription-change',
  MAILBOXMETADATACHANGE: 'mailbox-metadata-change',
  SERVERMETADATACHANGE: 'server-metadata-change',
} as const
const eventsByName: ReadonlyMap<string, (typeof events)[keyof typeof events]> = new Map(
  Object.entries(events),
)

/** From after "NOTIFY" SP. */
export function parseNotifyArguments(cursor: Cursor): NotifyArguments {
  if (cursor.takesKeyword('NONE')) return { kind: 'none' }
  if (cursor.keyword() !== 'SET') cursor.fail('SET or NONE was expected')
  cursor.space()
  const status = cursor.takesKeyword('STATUS')
  if (status) cursor.space()
  const groups = [parseEventGroup(cursor)]
  while (cursor.takesSpaceBefore('(')) {
    if (groups.length === EVENT_GROUPS_MAX) cursor.fail('too many event groups')
    groups.push(parseEventGroup(cursor))
  }
  return { kind: 'set', status, groups }
}

function parseEventGroup(cursor: Cursor): EventGroup {
  cursor.expect('(')
  const filter = parseMailboxFilter(cursor)
  cursor.space()
  const events = cursor.takesKeyword('NONE') ? [] : cursor.list(() => parseEvent(cursor))
  cursor.expect(')')
  checkGroup(cursor, filter, events)
  return { filter, events }
}

function parseEvent(cursor: Cursor): NotifyEvent {
  const name = cursor.atom()
  if (name.toUpperCase() === 'MESSAGENEW') {
    const atts = cursor.takesSpaceBefore('(') ? parseFetchAttList(cursor) : []
    return { kind: 'message-new', atts }
  }
  const kind = eventsByName.get(name.toUpperCase())
  return kind === undefined ? { kind: 'unknown', name } : { kind }
}

function checkGroup(cursor: Cursor, filter: MailboxFilter, events: readonly NotifyEvent[]): void {
  const has = (kind: NotifyEvent['kind']) => events.some((event) => event.kind === kind)
  // RFC 5465 §5: MessageNew and MessageExpunge come together, and FlagChange with both of them.
  if (has('message-new') !== has('message-expunge')) {
    cursor.fail('MessageNew and MessageExpunge come together')
  }
  if ((has('flag-change') || has('annotation-change')) && !has('message-new')) {
    cursor.fail('FlagChange needs MessageNew and MessageExpunge')
  }
  const ofSelected = filter.kind === 'selected' || filter.kind === 'selected-delayed'
  // RFC 5465 §8: fetch-att only for selected; §6.1, §6.2: only message events there.
  for (const event of events) {
    if (event.kind === 'message-new' && event.atts.length > 0 && !ofSelected) {
      cursor.fail('fetch attributes are for SELECTED only')
    }
    if (ofSelected && !ofMessages.has(event.kind)) {
      cursor.fail('only message events are for SELECTED')
    }
  }
}

const ofMessages: ReadonlySet<NotifyEvent['kind']> = new Set([
  'message-new',
  'message-expunge',
  'flag-change',
  'annotation-change',
  'unknown',
])
