import { describe, expect, it } from 'vitest'
import type { Origin } from '#shared/contracts/spool.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { messageKey } from '#shared/queue/keys.ts'
import { messageItem, type QueuedMessage, queuedMessage, untouched } from '#shared/queue/records.ts'
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
})
