// References to a message's blob that are reserved for its recipients here, on the queue's side: who has one, how many are used, and
// when nobody can say any more who has the message. The rules: shared/mailbox/reservations.ts.

import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { DELIVERED_DAYS } from '#shared/mailbox/blob-references.ts'
import type { Blob } from '#shared/mailbox/records.ts'
import { createReservations } from '#shared/mailbox/reservations.ts'
import { chunks } from '#shared/runtime/chunks.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import {
  ConditionFailed,
  type Table,
  TRANSACT_ITEMS_MAX,
  type Write,
} from '#shared/storage/ports.ts'
import { blobId } from './blob.ts'
import { groupKey } from './keys.ts'
import { GROUP_LEASE_MS } from './new-groups.ts'
import type { LocalRecipient } from './pipeline.ts'
import type { QueueReading } from './reading.ts'
import type { Group, QueuedMessage } from './records.ts'

/** From its arrival on: the markers of its deliveries are there at least that long. */
const MARKED_MS = (DELIVERED_DAYS - 1) * 86_400_000

/** Reserved for the recipients of one message, and how many of them its deliveries used so far. */
export type References = {
  /** Undefined: none were asked for. */
  readonly reserved: number | undefined
  readonly used: number
}

/**
 * Whether one is reserved for a recipient here. Only for INBOX, which nobody can remove: its marker tells the next attempt what became of
 * one of which nothing is known. Another folder may be gone by then, and the reference with it.
 */
export const isReservedFor = ({
  extension,
  needsContent = false,
}: FinalRecipient & Partial<LocalRecipient>) => extension === null && !needsContent

export interface QueueReferences {
  /**
   * Reserves references for those of the recipients here who have one (`isReservedFor`), who are told apart by their addresses;
   * undefined: each must refer by itself.
   */
  reserve(blob: Blob, recipients: readonly FinalRecipient[]): Promise<number | undefined>
  /** Whether such a recipient of the message has a reference reserved, or must refer by itself. */
  hasReserved(message: QueuedMessage): Promise<boolean>
  /**
   * Whether it may have been delivered so long ago, by a worker that told nothing of it, that the marker in the folder is gone. Nobody
   * can say then who has it already. Without a group: before cleanup reserves.
   */
  isDoubtful(message: QueuedMessage, group?: Group): Promise<boolean>
  /**
   * Gives back what was reserved for a message that an operator removes, where it is certain of all its recipients that they did
   * not use it and, since their groups are taken first, will not; else it stays reserved, and the object with it.
   */
  settleRemoved(message: QueuedMessage, groups: readonly Group[]): Promise<void>
  /** Those that nobody used. Comes before the message leaves the queue. */
  giveBack(queueId: QueueId, references: References): Promise<void>
}

export function createReferences(deps: {
  readonly table: Table
  readonly mail: Table
  readonly reading: QueueReading
  readonly clock: Clock
}): QueueReferences {
  const { table, clock, reading } = deps
  const reservations = createReservations({ table: deps.mail, clock })

  /** Where several have one. Recipients are told apart by their addresses. */
  async function reserve(
    blob: Blob,
    recipients: readonly FinalRecipient[],
  ): Promise<number | undefined> {
    const addresses = recipients.filter(isReservedFor).map(({ address }) => address)
    return addresses.length > 1 ? await reservations.reserve(blob, addresses) : undefined
  }

  async function hasReserved({ queueId, reserved }: QueuedMessage): Promise<boolean> {
    return reserved > 0 && (await reservations.isOpen(blobId(queueId)))
  }

  async function isDoubtful(
    { queueId, arrivedMs }: QueuedMessage,
    group?: Group,
  ): Promise<boolean> {
    if (clock.now() - arrivedMs < MARKED_MS) return false
    const reserved = await reservations.look(blobId(queueId))
    if (reserved === undefined) return false
    return group === undefined || group.unsettled > 1 || !reserved.exact
  }

  async function giveBack(queueId: QueueId, { reserved = 0, used }: References): Promise<void> {
    if (reserved > used) await reservations.settle(blobId(queueId), reserved, reserved - used)
  }

  async function settleRemoved(message: QueuedMessage, groups: readonly Group[]): Promise<void> {
    if (message.reserved <= message.used) return
    if (!(await takeAll(groups))) return
    // Read again: from here on no worker adds to what is used.
    const [still] = await reading.load([message.queueId])
    if (still?.groups === groups.length) await giveBack(still.queueId, still)
  }

  /** False when a worker has one of them, or may have delivered without our knowing. */
  async function takeAll(groups: readonly Group[]): Promise<boolean> {
    const nowMs = clock.now()
    const takes = groups.map(
      ({ queueId, name }): Write => ({
        update: groupKey(queueId, name),
        changes: { set: { leaseUntilMs: nowMs + GROUP_LEASE_MS } },
        if: {
          all: [
            { exists: 'pk' },
            { attribute: 'leaseUntilMs', is: '<=', value: nowMs },
            { not: { attribute: 'unsettled', is: '>', value: 0 } },
          ],
        },
      }),
    )
    try {
      for (const some of chunks(takes, TRANSACT_ITEMS_MAX)) await table.transact(some)
      return true
    } catch (error) {
      if (error instanceof ConditionFailed) return false
      throw error
    }
  }

  return { reserve, hasReserved, isDoubtful, giveBack, settleRemoved }
}
