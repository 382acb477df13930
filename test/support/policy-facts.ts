// What restrictions of policy are asked about: a stranger who sends from s@remote.test to ann@example.test, an account here.

import type { RecipientFacts, RestrictionLists } from '#services/policy/restriction.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { MessageRequest, RecipientRequest } from '#shared/contracts/policy.ts'
import type { Origin } from '#shared/contracts/spool.ts'
import type { Reach, Recipient } from '#shared/directory/directory.ts'
import { type Address, parseAddress } from '#shared/mail/address.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'

export const stranger: Origin = {
  listener: 'smtp',
  remoteAddress: '203.0.113.5',
  remotePort: 40_001,
  helo: 'client.test',
  tls: null,
  account: null,
}
export const login: Origin = {
  ...stranger,
  listener: 'submission',
  account: { id: 'ann', login: 'ann@example.test' },
}

/** Of a policy that takes everything. */
export const emptyLists: RestrictionLists = {
  connect: [],
  helo: [],
  sender: [],
  recipient: [],
  data: [],
  message: [],
}

export function addressOf(text: string): Address {
  const address = parseAddress(text)
  if (address === undefined) throw new Error(text)
  return address
}

export const annsAccount: Extract<Recipient, { readonly kind: 'account' }> = {
  kind: 'account',
  accountId: 'ann' as AccountId,
  address: addressOf('ann@example.test'),
  extension: null,
  quotaBytes: 0,
}
export const disabledAccount: Recipient = {
  kind: 'disabled',
  accountId: 'off' as AccountId,
  address: addressOf('off@example.test'),
}
export const teamAlias: Recipient = {
  kind: 'alias',
  name: addressOf('team@example.test'),
  targets: [addressOf('ann@example.test')],
}

export const recipientRequest = (given: Partial<RecipientRequest> = {}): RecipientRequest => ({
  queueId: 'Q' as QueueId,
  origin: stranger,
  sender: 's@remote.test',
  declaredBytes: 0,
  recipientsSoFar: 0,
  finalRecipientsSoFar: 0,
  recipient: 'ann@example.test',
  ...given,
})

/** Of an alias it must be said where it leads in the end: nobody else follows one. */
export function recipientFacts(
  given: Partial<RecipientRequest> = {},
  found: Recipient = annsAccount,
  reach?: Reach,
): RecipientFacts & { readonly timesFollowed: number } {
  const request = recipientRequest(given)
  const facts = {
    request,
    recipient: addressOf(request.recipient),
    found,
    timesFollowed: 0,
    async reach() {
      if (reach === undefined) throw new Error('nothing to follow')
      facts.timesFollowed += 1
      return reach
    },
  }
  return facts
}

export const messageRequest = (given: Partial<MessageRequest> = {}): MessageRequest => ({
  queueId: 'Q' as QueueId,
  origin: stranger,
  envelope: {
    sender: 's@remote.test',
    recipients: [],
    body: '7BIT',
    smtpUtf8: false,
    requireTls: false,
    dsnReturn: null,
    dsnEnvelopeId: null,
  },
  bytes: 100,
  receivedFields: 0,
  from: [],
  sender: [],
  ...given,
})
