// What a NOTIFY command asks for, worked out once: which events of the selected mailbox, which of the others. RFC 5465 §5, §6.

import type { FetchAtt } from '#shared/imap/fetch-att.ts'
import type { MailboxFilter } from '#shared/imap/mailbox-filter.ts'
import type { EventGroup, NotifyEvent } from '#shared/imap/notify-arguments.ts'
import { DELIMITER, INBOX, namesOf } from '#shared/mailbox/folder-path.ts'
import { isBelowNamespace, isForeign } from '../access/namespaces.ts'

export type EventKind = NotifyEvent['kind']

/** Message events of the selected mailbox (RFC 5465 §6.1). */
export type WantedOfSelected = {
  /** Expunges wait for a command in which they may be told. */
  readonly delayed: boolean
  readonly flags: boolean
  /** What is told of new messages beside their number. */
  readonly atts: readonly FetchAtt[]
}

type Group = {
  readonly matches: (path: string, subscribed: ReadonlySet<string>) => boolean
  readonly events: ReadonlySet<EventKind>
}

/** For BADEVENT, which names them all (RFC 5465 §3.1). AnnotationChange is of RFC 5257. */
export const supportedEvents = [
  'MessageNew',
  'MessageExpunge',
  'FlagChange',
  'MailboxName',
  'SubscriptionChange',
  'MailboxMetadataChange',
  'ServerMetadataChange',
] as const

export const isSupported = ({ kind }: NotifyEvent) =>
  kind !== 'unknown' && kind !== 'annotation-change'

export class Wanted {
  /** Null: the client wants to know of no message. */
  readonly selected: WantedOfSelected | null
  readonly needsSubscriptions: boolean
  /** Mailboxes of others are named, or may be subscribed. */
  readonly maySeeForeign: boolean
  readonly #groups: readonly Group[]

  constructor(groups: readonly EventGroup[]) {
    this.selected = ofSelected(groups)
    const others = groups.filter(({ filter }) => !isOfSelected(filter))
    this.#groups = others.map(({ filter, events }) => ({
      matches: matcher(filter),
      events: new Set(events.map(({ kind }) => kind)),
    }))
    this.maySeeForeign = others.some(
      ({ filter }) =>
        filter.kind === 'subscribed' ||
        ('mailboxes' in filter && filter.mailboxes.some(isBelowNamespace)),
    )
    this.needsSubscriptions =
      others.some(({ filter }) => filter.kind === 'subscribed') ||
      this.includes('subscription-change')
  }

  /** Whether anything beside the selected mailbox is of interest. */
  get ofOthers(): boolean {
    return this.#groups.some(({ events }) => events.size > 0)
  }

  includes(event: EventKind): boolean {
    return this.#groups.some(({ events }) => events.has(event))
  }

  /** Whether the event is wanted of a mailbox of this name; several groups may name it (RFC 5465 §6). */
  covers(event: EventKind, path: string, subscribed: ReadonlySet<string>): boolean {
    return this.#groups.some(
      ({ events, matches }) => events.has(event) && matches(path, subscribed),
    )
  }
}

export const isOfSelected = ({ kind }: MailboxFilter) =>
  kind === 'selected' || kind === 'selected-delayed'

function ofSelected(groups: readonly EventGroup[]): WantedOfSelected | null {
  const group = groups.find(({ filter }) => isOfSelected(filter))
  const added = group?.events.find((event) => event.kind === 'message-new')
  if (group === undefined || added === undefined) return null
  return {
    delayed: group.filter.kind === 'selected-delayed',
    flags: group.events.some(({ kind }) => kind === 'flag-change'),
    atts: added.atts,
  }
}

function matcher(filter: MailboxFilter): Group['matches'] {
  switch (filter.kind) {
    case 'selected':
    case 'selected-delayed':
      return () => false
    // RFC 5465 §6.3: mail is delivered nowhere else.
    case 'inboxes':
      return (path) => path === INBOX
    case 'personal':
      return (path) => !isForeign(path)
    case 'subscribed':
      return (path, subscribed) => subscribed.has(path)
    case 'subtree': {
      const tops = setOf(filter.mailboxes)
      return (path) => upwards(path).some((name) => tops.has(name))
    }
    // RFC 7377 §4
    case 'subtree-one': {
      const tops = setOf(filter.mailboxes)
      return (path) => tops.has(path) || tops.has(parentOf(path) ?? '')
    }
    case 'mailboxes': {
      const names = setOf(filter.mailboxes)
      return (path) => names.has(path)
    }
  }
}

/** In the form in which paths are kept; what cannot be a name names nothing. */
function setOf(mailboxes: readonly string[]): ReadonlySet<string> {
  return new Set(mailboxes.flatMap((name) => namesOf(name)?.join(DELIMITER) ?? []))
}

/** The path itself and all above it. */
export function upwards(path: string): readonly string[] {
  const parent = parentOf(path)
  return parent === undefined ? [path] : [path, ...upwards(parent)]
}

export function parentOf(path: string): string | undefined {
  const end = path.lastIndexOf(DELIMITER)
  return end > 0 ? path.slice(0, end) : undefined
}
