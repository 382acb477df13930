import { describe, expect, it } from 'vitest'
import type { Origin } from '#shared/contracts/spool.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { messageKey } from '#shared/queue/keys.ts'
import {
  MESSAGE_ITEM_BYTES_MAX,
  messageItem,
  messageItems,
  type QueuedMessage,
  queuedMessage,
  together,
  untouched,
} from '#shared/queue/records.ts'
import { origin } from '#test/support/pipeline.ts'

const queueId = '0123456789ABCDEFGH' as QueueId
const key = messageKey(queueId)

const message = (from: Origin, completes: boolean): QueuedMessage => ({
  ...untouched,
  queueId,
  envelope: {
    sender: 'a@b.test',
    recipients: [],
    body: '7BIT',
    smtpUtf8: false,
    requireTls: false,
    dsnReturn: null,
    dsnEnvelopeId: null,
  },
  origin: from,
  object: { key: `mail/${queueId}`, length: 1, storedFirst: false },
  prepend: '',
  index: new Uint8Array(),
  headerBytes: 1,
  deliveredTo: ['a@b.test'],
  completes,
  has: ['from'],
  arrivedMs: 1,
})

const login = origin({ id: 'a', login: 'a@b.test' })
const stranger = origin(null)

describe('a queued message as an item', () => {
  it.each([
    ['a login', login, true],
    ['a stranger', stranger, false],
    ['mynetworks', stranger, true],
  ])('comes back: of %s', (_, from, completes) => {
    const given = message(from, completes)
    expect(queuedMessage(messageItem(given, key))).toEqual(given)
  })

  it('of before says nothing of being completed: what comes from a login is', () => {
    expect(messageItem(message(login, true), key)).not.toHaveProperty('completes')
    expect(messageItem(message(stranger, false), key)).not.toHaveProperty('completes')
  })

  it('without a content filter says nothing of one, as items of before', () => {
    expect(messageItem(message(stranger, false), key)).not.toHaveProperty('filter')
  })

  it('of before does not say that its object was stored first: cleanup looks', () => {
    const { storedFirst, ...item } = messageItem(message(stranger, false), key)
    expect(storedFirst).toBe(false)
    expect(queuedMessage(item).object.storedFirst).toBe(false)
  })

  // No two facts beside each other are the same, so that none can take the place of another.
  const recipients = [
    { address: 'p@b.test', notify: [], originalRecipient: null },
    { address: 'n@b.test', notify: ['NEVER'], originalRecipient: null },
    { address: 'o@b.test', notify: [], originalRecipient: 'rfc822;o@far.test' },
  ] as const
  const full: QueuedMessage = {
    ...message(stranger, true),
    envelope: {
      sender: 's@b.test',
      recipients,
      body: 'BINARYMIME',
      smtpUtf8: true,
      requireTls: false,
      dsnReturn: 'FULL',
      dsnEnvelopeId: 'envid',
    },
    filter: 'smtp:[127.0.0.1]:10025',
    object: { key: 'object', length: 2, storedFirst: true },
    prepend: 'Received: x\r\n',
    index: new Uint8Array([1]),
    headerBytes: 3,
    arrivedMs: 4,
  }

  it('has each fact in its place', () => {
    const item = messageItem(full, key)
    expect(item).toMatchObject({
      options: ['BINARYMIME', true, false, 'FULL', 'envid'],
      recipients: [
        'p@b.test',
        ['n@b.test', ['NEVER'], null],
        ['o@b.test', [], 'rfc822;o@far.test'],
      ],
      filter: 'smtp:[127.0.0.1]:10025',
      length: 2,
      header: 3,
      arrivedMs: 4,
    })
    expect(queuedMessage(item)).toEqual(full)
    const other = { ...full, envelope: { ...full.envelope, smtpUtf8: false, requireTls: true } }
    expect(queuedMessage(messageItem(other, key))).toEqual(other)
  })

  it('says that TLS is not required only where it is so, behind the options of before', () => {
    expect(messageItem(full, key).options).toHaveLength(5)
    const optional = { ...full, envelope: { ...full.envelope, tlsRequiredNo: true as const } }
    const item = messageItem(optional, key)
    expect(item.options).toHaveLength(6)
    expect(queuedMessage(item)).toEqual(optional)
  })

  it('lies apart where it is large, in order, under keys that last', () => {
    const many = Array.from({ length: 3 }, (_, n) => ({
      address: `${String(n).padEnd(120_000, 'x')}@b.test`,
      notify: [],
      originalRecipient: null,
    }))
    const large = {
      ...full,
      envelope: { ...full.envelope, recipients: many },
      index: new Uint8Array(MESSAGE_ITEM_BYTES_MAX),
    }
    const [item, ...apart] = messageItems(large)
    const keys = ['INDEX', 'E#0001', 'E#0002', 'E#0003']
    expect(apart.map(({ sk }) => sk)).toEqual(keys)
    const whole = together(item, apart)
    expect(whole && queuedMessage(whole)).toEqual({ ...large, apart: keys })
    // The message is just being removed.
    for (const gone of apart) {
      const left = apart.map((part) => (part === gone ? undefined : part))
      expect(together(item, left)).toBeUndefined()
    }
  })
})

describe('the state of a message as an item', () => {
  // Programs of before and after an update compare them side by side.
  it.each([
    ['incoming', 'incoming'],
    ['split', 'active'],
    ['held', 'hold'],
    ['corrupt', 'corrupt'],
  ] as const)('%s is stored as the first version did: %s', (state, stored) => {
    const item = messageItem({ ...message(stranger, false), state }, key)
    expect(item.state).toBe(stored)
    expect(queuedMessage(item).state).toBe(state)
  })

  it('is none of another word', () => {
    const item = { ...messageItem(message(stranger, false), key), state: 'lost' }
    expect(() => queuedMessage(item)).toThrow('no state of a message: lost')
  })
})
