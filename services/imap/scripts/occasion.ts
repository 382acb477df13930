// Why a script runs over a message that is in a folder already, and what it is told of that (RFC 6785 §4, RFC 5183 §4.1).

export type Occasion =
  | {
      readonly kind: 'event'
      /** RFC 6785 §4.3. */
      readonly cause: EventCause
      /** What the owner calls the folder (§4.4). */
      readonly mailbox: string
      /** Who caused it: his login is his address (§4.2). */
      readonly user: string
    }
  /** FILTER: somebody asked for it. */
  | { readonly kind: 'filter' }

export type EventCause = 'APPEND' | 'COPY' | 'FLAG'

export function environmentOf(
  occasion: Occasion,
  {
    hostname,
    owner,
    changedFlags,
  }: {
    readonly hostname: string
    readonly owner: string
    readonly changedFlags: readonly string[]
  },
): (item: string) => string | undefined {
  const isEvent = occasion.kind === 'event'
  const items: { readonly [item: string]: string } = {
    domain: hostname.slice(hostname.indexOf('.') + 1),
    host: hostname,
    // RFC 6785 §4.1, draft-bosch-imap-filter-sieve-00 §6.1: by the store, after final delivery.
    location: 'MS',
    phase: 'post',
    name: 'Postwolke',
    'imap.user': isEvent ? occasion.user : '',
    'imap.email': isEvent ? occasion.user : '',
    'imap.cause': isEvent ? occasion.cause : '',
    'imap.mailbox': isEvent ? occasion.mailbox : '',
    'imap.changedflags': changedFlags.join(' '),
    'vnd.dovecot.username': owner,
    'vnd.dovecot.default-mailbox': 'INBOX',
  }
  return (item) => (Object.hasOwn(items, item) ? items[item] : undefined)
}
