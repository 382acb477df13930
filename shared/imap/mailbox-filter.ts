// Which mailboxes NOTIFY and ESEARCH mean: filter-mailboxes of RFC 5465 §8, with SUBTREE-ONE of RFC 7377 §4.
//
//   filter-mailboxes-selected = "selected" / "selected-delayed"
//   filter-mailboxes-other = "inboxes" / "personal" / "subscribed" / ("subtree" SP one-or-more-mailbox) /
//                            ("subtree-one" SP one-or-more-mailbox) / ("mailboxes" SP one-or-more-mailbox)

import type { Cursor } from './cursor.ts'

export type MailboxFilter =
  | {
      readonly kind: 'selected' | 'selected-delayed' | 'inboxes' | 'personal' | 'subscribed'
    }
  | {
      readonly kind: 'subtree' | 'subtree-one' | 'mailboxes'
      readonly mailboxes: readonly string[]
    }

export function parseMailboxFilter(cursor: Cursor): MailboxFilter {
  const kind = cursor.keyword().toLowerCase()
  switch (kind) {
    case 'selected':
    case 'selected-delayed':
    case 'inboxes':
    case 'personal':
    case 'subscribed':
      return { kind }
    case 'subtree':
    case 'subtree-one':
    case 'mailboxes':
      cursor.space()
      return { kind, mailboxes: oneOrMoreMailbox(cursor) }
    default:
      return cursor.fail('unknown mailbox filter')
  }
}

// one-or-more-mailbox = mailbox / many-mailboxes, many-mailboxes = "(" mailbox *(SP mailbox) ")"
function oneOrMoreMailbox(cursor: Cursor): readonly string[] {
  return cursor.sees('(') ? cursor.list(() => cursor.mailbox()) : [cursor.mailbox()]
}
