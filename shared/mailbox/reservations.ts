// References to the blob of a message with several recipients here, reserved in one write before it is delivered. Every delivery
// would otherwise write the blob's item in its own transaction, and DynamoDB cancels transactions that meet on an item: of a
// hundred at once only some get through. With reserved references a delivery touches nothing but its own folder; that it
// happens once is kept by a marker in the folder's partition (append.ts).
//
// Losing count may leak an object; it must never lose one that a message refers to. So a reference is only ever given back when
// it is certain that it was not used, by whom all of these are known:
// - Every reservation is for a certain set of recipients, and a marker names its recipient. Whoever delivers to the same set again
//   after a crash finds by the markers which references were used. For another set (an alias changed meanwhile) further ones are
//   reserved in full, since the recipients of the first set may have used theirs, and from then on nothing is given back.
// - They are given back once, in the write that says `settled`; after it no reserved reference may be used: a delivery adds its own.
// - A message is settled before it leaves the queue. A crash in between leaves it in the queue, settled.

import { createHash } from 'node:crypto'
import type { BlobId } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { ConditionFailed, type Item, type Table } from '#shared/storage/ports.ts'
import { deadAt } from './blob-references.ts'
import { blobKey } from './keys.ts'
import { type Blob, blobFields, number } from './records.ts'
import { retrying } from './retry.ts'

export type Reservation = {
  /** All references reserved. */
  readonly references: number
  /** Those not used may be given back: it is known which these are. */
  readonly exact: boolean
}

export type Reservations = ReturnType<typeof createReservations>

export function createReservations({
  table,
  clock,
}: {
  readonly table: Table
  readonly clock: Clock
}) {
  /**
   * Reserves a reference for each recipient. Repeating it for the same recipients reserves nothing more. Undefined where each
   * delivery has to refer by itself: the blob is in a folder already, or the message was settled.
   */
  function reserve(blob: Blob, recipients: readonly string[]): Promise<Reservation | undefined> {
    const reservedFor = fingerprint(recipients)
    const count = recipients.length
    return retrying(clock, async () => {
      const item = await tryFirst(blob, count, reservedFor)
      if (item === undefined) return { references: count, exact: true }
      if (item.reserved === undefined || item.settled === true) return undefined
      const references = number(item, 'reserved')
      if (item.reservedFor === reservedFor) return { references, exact: item.inexact !== true }
      const all = references + count
      await table.write({
        update: blobKey(blob.id),
        changes: {
          set: { reserved: all, reservedFor, inexact: true },
          add: { refs: count },
          remove: ['deadPk', 'deadSk'],
        },
        if: {
          all: [
            { attribute: 'reserved', is: '=', value: references },
            { absent: 'settled' },
            { absent: 'collected' },
          ],
        },
      })
      return { references: all, exact: false }
    })
  }

  /** Undefined when it did; else the item in the way. */
  async function tryFirst(
    blob: Blob,
    count: number,
    reservedFor: string,
  ): Promise<Item | undefined> {
    try {
      await table.write({
        update: blobKey(blob.id),
        changes: {
          setIfAbsent: blobFields(blob),
          set: { reserved: count, reservedFor },
          add: { refs: count },
          remove: ['deadPk', 'deadSk'],
        },
        // Both kinds of delivery exclude each other: `reference` in blob-references.ts asks for `reserved`.
        if: { all: [{ absent: 'collected' }, { absent: 'into' }, { absent: 'reserved' }] },
      })
      return undefined
    } catch (error) {
      const item = error instanceof ConditionFailed ? error.failed[0]?.item : undefined
      if (item === undefined) throw error
      return item
    }
  }

  /** Gives back the references that were not used. Repeating it is harmless. */
  async function settle(blobId: BlobId, reserved: number, unused: number): Promise<void> {
    await retrying(clock, async () => {
      const item = await table.get(blobKey(blobId), { consistent: true })
      // Another worker reserved more for other recipients: nobody knows what became of them.
      const known = item?.reserved === reserved && item.inexact !== true && item.settled !== true
      if (item === undefined || !known) return
      const refs = number(item, 'refs')
      const left = refs - unused
      await table.write({
        update: blobKey(blobId),
        changes: {
          set: { settled: true, ...(left <= 0 && deadAt(clock.now(), blobId)) },
          add: { refs: -unused },
        },
        if: {
          all: [
            { attribute: 'refs', is: '=', value: refs },
            { attribute: 'reserved', is: '=', value: reserved },
            { absent: 'settled' },
          ],
        },
      })
    })
  }

  /** Whether its references may still be used. */
  async function isOpen(blobId: BlobId): Promise<boolean> {
    const item = await table.get(blobKey(blobId), { consistent: true })
    return item?.reserved !== undefined && item.settled !== true
  }

  return { reserve, settle, isOpen }
}

const FINGERPRINT_CHARACTERS = 32

/** Of a set of recipients, whatever their order. */
function fingerprint(recipients: readonly string[]): string {
  const hash = createHash('sha256')
  for (const recipient of [...recipients].sort()) hash.update(recipient).update('\0')
  return hash.digest('hex').slice(0, FINGERPRINT_CHARACTERS)
}
