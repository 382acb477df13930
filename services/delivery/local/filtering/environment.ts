// What a script may know of where it runs (RFC 5183 §4.1), and what Pigeonhole tells besides.

import type { Letter } from '../letter.ts'

export function createEnvironment(
  { message, recipient }: Letter,
  hostname: string,
): (item: string) => string | undefined {
  const { remoteAddress, helo, listener } = message.origin
  const isOfOthers = listener !== 'local'
  const items: { readonly [item: string]: string | undefined } = {
    domain: hostname.slice(hostname.indexOf('.') + 1),
    host: hostname,
    // At final delivery, by the agent that puts mail into mailboxes.
    location: 'MDA',
    phase: 'during',
    name: 'Postwolke',
    'remote-ip': isOfOthers ? remoteAddress : undefined,
    'remote-host': isOfOthers && helo !== '' ? helo : undefined,
    'vnd.dovecot.username': recipient.address,
    'vnd.dovecot.default-mailbox': 'INBOX',
  }
  return (item) => (Object.hasOwn(items, item) ? items[item] : undefined)
}
