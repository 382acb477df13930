// What words of restriction lists are told: at RCPT, of a stranger who sends from s@remote.test to ann@example.test.

import { createClient } from '#services/policy/client.ts'
import type { Known } from '#services/policy/known.ts'
import { createFakeResolver } from './fake-dns.ts'
import { addressOf, annsAccount, recipientRequest, stranger } from './policy-facts.ts'

export type KnownChanges = Partial<Known> & {
  /** Of the client; its name is confirmed where it is given. */
  readonly address?: string
  readonly name?: string
  /** In place of the recipient's text. */
  readonly to?: string
}

export function knownAtRcpt({ address, name, to, ...changes }: KnownChanges = {}): Known {
  const remoteAddress = address ?? stranger.remoteAddress
  const type = remoteAddress.includes(':') ? 'aaaa' : 'a'
  const dns = createFakeResolver(
    name === undefined
      ? {}
      : { [remoteAddress]: { ptr: [name] }, [name]: { [type]: [remoteAddress] } },
  )
  const { queueId } = recipientRequest()
  const text = to ?? 'ann@example.test'
  return {
    stage: 'recipient',
    answering: 'recipient',
    queueId,
    origin: { ...stranger, remoteAddress },
    client: createClient(remoteAddress, dns),
    sender: 's@remote.test',
    recipient: {
      text,
      address: addressOf(text),
      found: annsAccount,
      reach: () => Promise.reject(new Error('nothing to follow')),
    },
    recipientCount: 0,
    finalRecipientCount: 0,
    bytes: 0,
    message: undefined,
    dns,
    score: 0,
    ...changes,
  }
}
