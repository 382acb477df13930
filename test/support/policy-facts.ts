// What restrictions of policy are asked about: a stranger who sends from s@remote.test to ann@example.test, an account here.

import { createClient } from '#services/policy/client.ts'
import type { AtMessage, AtRecipient, Known } from '#services/policy/known.ts'
import type { Decision, PolicyLists, StageLists } from '#services/policy/restriction.ts'
import type { Word, WordDeps } from '#services/policy/word.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { MessageRequest, RecipientRequest } from '#shared/contracts/policy.ts'
import type { Origin } from '#shared/contracts/spool.ts'
import type { Reach, Recipient } from '#shared/directory/directory.ts'
import { type Address, parseAddress } from '#shared/mail/address.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { loadSettings } from '#shared/settings/load.ts'
import type { Settings } from '#shared/settings/table.ts'
import { createFakeResolver } from './fake-dns.ts'

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

export const emptyStages: StageLists = {
  connect: [],
  helo: [],
  sender: [],
  relay: [],
  recipient: [],
  data: [],
  message: [],
}

/** Of a policy that takes everything but what these refuse. */
export const policyLists = (given: Partial<StageLists> = {}): PolicyLists => ({
  firm: { sender: [], beforeRecipient: [], afterRecipient: [], message: [] },
  of: () => ({ ...emptyStages, ...given }),
})

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
  forward: null,
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

/** What a word is told at RCPT by a client without a name, unless other things are given. */
export function known(given: Partial<Known> = {}): AtRecipient {
  const origin = given.origin ?? stranger
  const dns = given.dns ?? createFakeResolver({})
  const { recipient = knownRecipient('ann@example.test'), ...others } = given
  return {
    stage: 'recipient',
    answering: 'recipient',
    queueId: 'Q' as QueueId,
    origin,
    client: createClient(origin.remoteAddress, dns),
    recipientCount: 0,
    finalRecipientCount: 0,
    bytes: 0,
    message: undefined,
    dns,
    spf: async () => ({ result: 'none', identity: 'mailfrom', domain: '' }),
    score: 0,
    ...others,
    sender: given.sender ?? 's@remote.test',
    recipient,
  }
}

/** Before RCPT. */
export const knownOfSender = (given: Partial<Known> = {}): Known => ({
  ...known(given),
  stage: 'sender',
  answering: 'sender',
  recipient: undefined,
  ...given,
})

/** Before MAIL. */
export const knownOfClient = (given: Partial<Known> = {}): Known => ({
  ...knownOfSender(given),
  stage: 'connect',
  answering: 'connect',
  sender: undefined,
  ...given,
})

export const knownOfMessage = (message: Partial<MessageRequest> = {}): AtMessage => ({
  ...known(),
  stage: 'message',
  answering: 'message',
  message: messageRequest(message),
})

/** Of an alias it must be said where it leads in the end: nobody else follows one. */
export function knownRecipient(text: string, found: Recipient = annsAccount, reach?: Reach) {
  const recipient = {
    text,
    address: addressOf(text),
    found,
    timesFollowed: 0,
    async reach() {
      if (reach === undefined) throw new Error('nothing to follow')
      recipient.timesFollowed += 1
      return reach
    },
  }
  return recipient
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

const loaded = loadSettings({ environment: {}, overrides: [] })
if (loaded.kind === 'invalid') throw new Error('defaults are not valid')
export const defaultSettings = loaded.settings

/** What a word says of these facts; collaborators that are not given must not be asked. */
export function judgeWord(
  word: Word,
  facts: Known,
  { argument = '', settings = {}, ...deps }: WordOptions = {},
): Decision | Promise<Decision> {
  const all = { ...deps, settings: { ...defaultSettings, ...settings }, log: silentLog }
  return word.make(argument, all as WordDeps)(facts)
}

type WordOptions = Partial<Omit<WordDeps, 'settings' | 'log'>> & {
  readonly argument?: string
  readonly settings?: Partial<Settings>
}

/** A reply as it is sent, or the kind of the decision. */
export async function told(decision: Decision | Promise<Decision>): Promise<string> {
  const made = await decision
  if (!('reply' in made)) return made.kind
  const { code, status, text } = made.reply
  const kind = made.kind === 'reject' || made.kind === 'defer' ? '' : `${made.kind}: `
  return `${kind}${code} ${status} ${text}`
}
