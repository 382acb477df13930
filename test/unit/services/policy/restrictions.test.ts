// The restriction list as a whole: who may send to whom, what is full, and what happens when nobody can decide.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLists } from '#services/policy/lists.ts'
import { createPolicy } from '#services/policy/policy.ts'
import { ADDED_BYTES } from '#services/policy/quota.ts'
import type {
  MessageRequest,
  Policy,
  PolicyVerdict,
  RecipientRequest,
} from '#shared/contracts/policy.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Used } from '#shared/mailbox/quota.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { silentLog } from '#shared/runtime/log.ts'
import type { Settings } from '#shared/settings/table.ts'
import { openFakeDns } from '#test/support/fake-dns.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const clock = manualClock()
const QUOTA_BYTES = 10_000
const MESSAGES_MAX = 5
const HOPS_MAX = 3
const OUR_NETWORK = '192.0.2.1'

let opened: OpenedEmbedded
let pipeline: Pipeline
let login: { readonly id: string; readonly login: string }

beforeAll(async () => {
  opened = await openEmbedded({ clock })
  pipeline = createPipeline(opened.store, clock, { set: ['policyPreset=open'] })
  const { id } = await pipeline.addAccount('ann@example.test')
  login = { id, login: 'ann@example.test' }
  await pipeline.addAccount('off@example.test', { enabled: false })
  await pipeline.addAccount('small@example.test', { quotaBytes: QUOTA_BYTES })
  await pipeline.addAlias('team@example.test', ['ann@example.test', 'bob@remote.test'])
})
afterAll(() => opened.close())

function policy({
  used = { bytes: 0, messages: 0 },
  options = {},
  directory = {},
  messagesPerDay = 0,
}: {
  readonly used?: Used
  readonly options?: Partial<Settings>
  readonly directory?: Partial<Pipeline['backend']['directory']>
  readonly messagesPerDay?: number
} = {}): Policy {
  const { backend } = pipeline
  const changed = { ...backend.directory, ...directory }
  const settings = {
    ...backend.settings,
    mynetworks: [OUR_NETWORK],
    mailboxMessageLimit: MESSAGES_MAX,
    hopcountLimit: HOPS_MAX,
    accountMessageLimitPerDay: messagesPerDay,
    accountRecipientLimitPerDay: 0,
    accountByteLimitPerDay: 0,
    ...options,
  }
  const lists = createLists({
    directory: changed,
    accessTables: backend.accessTables,
    usage: async () => used,
    counters: opened.store.tables.counters,
    settings,
    clock,
    log: silentLog,
  })
  return createPolicy({
    lists,
    directory: changed,
    openDns: openFakeDns(),
    options: settings,
    log: silentLog,
  })
}

const clients = {
  stranger: { remoteAddress: '203.0.113.5', account: null },
  mynetworks: { remoteAddress: OUR_NETWORK, account: null },
  login: { remoteAddress: '203.0.113.5', account: 'the account' },
} as const

function origin(client: keyof typeof clients) {
  const { remoteAddress, account } = clients[client]
  return {
    listener: account === null ? 'smtp' : 'submission',
    remoteAddress,
    remotePort: 40_001,
    helo: 'client.test',
    tls: null,
    account: account === null ? null : login,
  } as const
}

function rcpt(
  recipient: string,
  client: keyof typeof clients = 'stranger',
  more: Partial<RecipientRequest> = {},
): RecipientRequest {
  return {
    queueId: 'Q' as QueueId,
    origin: origin(client),
    sender: client === 'login' ? login.login : 's@remote.test',
    declaredBytes: 0,
    recipientsSoFar: 0,
    finalRecipientsSoFar: 0,
    recipient,
    ...more,
  }
}

const message = (
  receivedFields: number,
  client: keyof typeof clients = 'stranger',
): MessageRequest => ({
  queueId: 'Q' as QueueId,
  origin: origin(client),
  envelope: {
    sender: '',
    recipients: [],
    body: '7BIT',
    smtpUtf8: false,
    requireTls: false,
    dsnReturn: null,
    dsnEnvelopeId: null,
  },
  bytes: 100,
  receivedFields,
  from: [],
  sender: [],
})

const answer = (verdict: PolicyVerdict) =>
  verdict.kind === 'reject' ? `${verdict.reply.code} ${verdict.reply.status}` : 'ok'

describe('who may send to whom', () => {
  // Here for everybody alike: a login or a network of ours makes nobody exist, and no disabled or full mailbox take mail.
  it.each([
    ['ann@example.test', 'ok', 'ok', 'ok'],
    ['team@example.test', 'ok', 'ok', 'ok'],
    ['nobody@example.test', '550 5.1.1', '550 5.1.1', '550 5.1.1'],
    ['off@example.test', '550 5.2.1', '550 5.2.1', '550 5.2.1'],
    ['bob@remote.test', '554 5.7.1', 'ok', 'ok'],
  ])('%s: stranger %s, mynetworks %s, login %s', async (recipient, ...expected) => {
    const { recipient: decide } = policy()
    const answers = []
    for (const client of ['stranger', 'mynetworks', 'login'] as const) {
      answers.push(answer(await decide(rcpt(recipient, client))))
    }
    expect(answers).toEqual(expected)
  })

  it.each(['stranger', 'mynetworks', 'login'] as const)('a full mailbox: %s', async (client) => {
    const { recipient } = policy({ used: { bytes: QUOTA_BYTES, messages: 1 } })
    expect(answer(await recipient(rcpt('small@example.test', client)))).toBe('452 4.2.2')
  })
})

describe('reject_over_quota', () => {
  const declared = (declaredBytes: number, used: Used) =>
    policy({ used })
      .recipient(rcpt('small@example.test', 'stranger', { declaredBytes }))
      .then(answer)

  it('takes what fits exactly, with the fields that are added', async () => {
    const used = { bytes: QUOTA_BYTES - ADDED_BYTES - 100, messages: 1 }
    expect(await declared(100, used)).toBe('ok')
    expect(await declared(101, used)).toBe('452 4.2.2')
    expect(ADDED_BYTES).toBe(1_000)
  })

  it('says for good what not even an empty mailbox could take (RFC 5321 §4.2.3)', async () => {
    const empty = { bytes: 0, messages: 0 }
    expect(await declared(QUOTA_BYTES + 1, empty)).toBe('552 5.2.2')
    expect(await declared(QUOTA_BYTES, empty)).toBe('452 4.2.2')
  })

  it('counts messages too, also where bytes have no limit', async () => {
    for (const address of ['small@example.test', 'ann@example.test']) {
      const full = policy({ used: { bytes: 0, messages: MESSAGES_MAX } })
      expect(answer(await full.recipient(rcpt(address)))).toBe('452 4.2.2')
      const room = policy({ used: { bytes: 0, messages: MESSAGES_MAX - 1 } })
      expect(answer(await room.recipient(rcpt(address)))).toBe('ok')
    }
  })
})

describe('hopcount_limit', () => {
  it('takes as many Received fields as the limit says, and no more (RFC 5321 §6.3)', async () => {
    const { message: decide } = policy()
    expect(answer(await decide(message(HOPS_MAX)))).toBe('ok')
    expect(answer(await decide(message(HOPS_MAX + 1)))).toBe('554 5.4.6')
  })
})

describe('nobody can decide', () => {
  const broken = (): never => {
    throw new TemporaryFailure('the directory is away')
  }

  it.each([
    ['resolve', 'ann@example.test'],
    ['reach', 'team@example.test'],
  ] as const)('when %s fails the sender comes back', async (method, recipient) => {
    const { recipient: decide } = policy({ directory: { [method]: broken } })
    for (const client of ['stranger', 'mynetworks', 'login'] as const) {
      expect(answer(await decide(rcpt(recipient, client)))).toBe('451 4.3.0')
    }
  })

  it('when the counters fail a message is not counted and not taken', async () => {
    const { counters } = opened.store.tables
    const write = counters.write
    counters.write = broken
    try {
      const { message: decide } = policy({ messagesPerDay: 10 })
      expect(answer(await decide(message(0, 'login')))).toBe('451 4.3.0')
    } finally {
      counters.write = write
    }
  })
})
