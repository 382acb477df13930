// The mail queue alone on an embedded store: what services do with it, a test does by hand.

import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { newQueueId, type QueueId } from '#shared/mail/queue-id.ts'
import { messageKey } from '#shared/queue/keys.ts'
import { createMailQueue } from '#shared/queue/mail-queue.ts'
import { type Group, type QueuedMessage, untouched } from '#shared/queue/records.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Item, QueueName, Store } from '#shared/storage/ports.ts'
import { origin } from './pipeline.ts'

export function mailQueueOn(store: Store, clock: Clock) {
  return createMailQueue({
    table: store.tables.queue,
    mail: store.tables.mail,
    incoming: store.queues.incoming,
    active: store.queues.active,
    deferred: store.queues.deferred,
    clock,
  })
}

export function queuedMessage(
  nowMs: number,
  facts: Partial<Omit<QueuedMessage, 'envelope'>> & {
    readonly envelope?: Partial<QueuedMessage['envelope']>
  } = {},
): QueuedMessage {
  const queueId = newQueueId(nowMs)
  return {
    ...untouched,
    queueId,
    origin: origin(null),
    object: { key: `mail/${queueId}`, length: 1, storedFirst: true },
    prepend: '',
    index: new Uint8Array(),
    headerBytes: 0,
    deliveredTo: [],
    completes: false,
    has: [],
    arrivedMs: nowMs,
    ...facts,
    envelope: {
      sender: 'sender@far.example',
      recipients: [],
      body: '7BIT',
      smtpUtf8: false,
      requireTls: false,
      dsnReturn: null,
      dsnEnvelopeId: null,
      ...facts.envelope,
    },
  }
}

export function recipient(address: string, facts: Partial<FinalRecipient> = {}): FinalRecipient {
  return {
    address,
    accountId: null,
    extension: null,
    original: address,
    notify: [],
    originalRecipient: null,
    ...facts,
  }
}

export const recipientHere = (address: string) =>
  recipient(address, { accountId: `of ${address}` as AccountId })

/** Addresses of a group. */
export const addressesOf = ({ recipients }: Group) => recipients.map(({ address }) => address)

/** All items of a message while it is in the queue, its own first among them; what is told of it afterwards is none of them. */
export async function itemsOf({ tables }: Store, queueId: QueueId): Promise<readonly Item[]> {
  const { pk } = messageKey(queueId)
  const { items } = await tables.queue.query({ pk, consistent: true })
  return items.filter((item) => item.trace === undefined)
}

/** Bodies of the bells that a queue has now, in order. */
export async function bellsOf({ queues }: Store, name: QueueName): Promise<readonly string[]> {
  const bells = await queues[name].receive({ max: 64, visibilitySeconds: 60, waitSeconds: 0 })
  return bells.map(({ body }) => body).sort()
}
