// What words are told at RCPT, of a client by its address and its name in DNS.

import { createClient } from '#services/policy/client.ts'
import type { Known } from '#services/policy/known.ts'
import { createFakeResolver } from './fake-dns.ts'
import { known, knownRecipient, stranger } from './policy-facts.ts'

export type KnownChanges = Partial<Known> & {
  /** Of the client; its name is confirmed where it is given. */
  readonly address?: string
  readonly name?: string
  /** In place of the recipient. */
  readonly to?: string
}

export function knownAtRcpt({ address, name, to, ...changes }: KnownChanges = {}): Known {
  const remoteAddress = address ?? stranger.remoteAddress
  const type = remoteAddress.includes(':') ? 'aaaa' : 'a'
  const zone = name && { [remoteAddress]: { ptr: [name] }, [name]: { [type]: [remoteAddress] } }
  const dns = createFakeResolver(zone || {})
  return {
    ...known({ origin: { ...stranger, remoteAddress }, dns }),
    client: createClient(remoteAddress, dns),
    ...(to !== undefined && { recipient: knownRecipient(to) }),
    ...changes,
  }
}
