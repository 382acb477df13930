// A message as the queue has it, for tests that look at what is done with one and not at how it got there.

import { newQueueId } from '#shared/mail/queue-id.ts'
import { type QueuedMessage, untouched } from '#shared/queue/records.ts'
import { origin } from './pipeline.ts'

export function aQueuedMessage(given: Partial<QueuedMessage> = {}): QueuedMessage {
  const queueId = given.queueId ?? newQueueId(Date.UTC(2026, 10, 20))
  return {
    ...untouched,
    queueId,
    envelope: {
      sender: 'sender@remote.test',
      recipients: [],
      body: '7BIT',
      smtpUtf8: false,
      requireTls: false,
      dsnReturn: null,
      dsnEnvelopeId: null,
    },
    origin: origin(null),
    object: { key: `mail/${queueId}`, length: 1, storedFirst: true },
    prepend: '',
    index: new Uint8Array(),
    headerBytes: 1,
    deliveredTo: [],
    completes: false,
    has: [],
    arrivedMs: Date.UTC(2026, 10, 20),
    ...given,
  }
}
