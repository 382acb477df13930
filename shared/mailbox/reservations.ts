// References to the blob of a message with several recipients here, reserved in one write before it is delivered. Every delivery
// would otherwise write the blob's item in its own transaction, and DynamoDB cancels transactions that meet on an item: of a
// hundred at once only some get through. With reserved references a delivery touches nothing but its own folder; that it
// happens once is kept by a marker in the folder's partition (append.ts).
//
// Losing count may leak an object; it must never lose one that a message refers to. So a reference is only ever given back when
// it is certain that it was not used, by whom all of these are known:
// - One worker alone reserved them. Whoever comes to reserve after it (the first one crashed, or a doorbell was doubled) says
//   `inexact` before he delivers, for he does not know what the first one did; from then on nothing is given back.
// - Every reservation is for a certain set of recipients. For another set (an alias changed meanwhile) further ones are reserved in
//   full, since the recipients of the first set may have used theirs. So there is one for each delivery, whoever makes it.
// - They are for INBOX alone, which nobody can remove: its marker stays, so that no recipient uses a second one. Another folder may go,
//   with its marker and its reference, between an attempt of which nothing is known and the next: who may have it elsewhere adds his own.
// - They are given back once, in the write that says `settled`; after it no reserved reference may be used: a delivery adds its own.
// - A message is settled before it leaves the queue, when it is known of each of its recipients whether a reference was used
//   (mail-queue.ts). A crash in between leaves it in the queue, settled.

import { createHash } from 'node:crypto'
import type { BlobId } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { ConditionFailed, type Item, type Table } from '#shared/storage/ports.ts'
import { deadAt } from './blob-references.ts'
import { blobKey } from './keys.ts'
import { type Blob, blobFields, number } from './records.ts'
import { retrying } from './retry.ts'

export interface Reservations {
  /**
   * Reserves a reference for each recipient; how many there are now. Repeating it for the same recipients reserves nothing more.
   * Undefined where each delivery has to refer by itself: the blob is in a folder already, or the message was settled.
   */
  reserve(blob: Blob, recipients: readonly string[]): Promise<number | undefined>
  /** Gives back the references that were not used. Repeating it is harmless. */
  settle(blobId: BlobId, reserved: number, unused: number): Promise<void>
  /** Whether its references may still be used. */
  isOpen(blobId: BlobId): Promise<boolean>
  /** Undefined: none were reserved. `exact`: by one worker alone, which told of all of them. */
  look(blobId: BlobId): Promise<{ readonly exact: boolean } | undefined>
}

export function createReservations({
  table,
  clock,
}: {
  readonly table: Table
  readonly clock: Clock
}): Reservations {
  function reserve(blob: Blob, recipients: readonly string[]): Promise<number | undefined> {
    const reservedFor = fingerprint(recipients)
    const count = recipients.length
    return retrying(clock, async () => {
      const item = await tryFirst(blob, count, reservedFor)
      if (item === undefined) return count
      if (item.reserved === undefined || item.settled === true) return undefined
      const before = number(item, 'reserved')
      const more = item.reservedFor === reservedFor ? 0 : count
      if (more === 0 && item.inexact === true) return before
      await table.write({
        update: blobKey(blob.id),
        changes: {
          set: { reserved: before + more, reservedFor, inexact: true },
          add: { refs: more },
          remove: ['deadPk', 'deadSk'],
        },
        if: {
          all: [
            { attribute: 'reserved', is: '=', value: before },
            { absent: 'settled' },
            { absent: 'collected' },
          ],
        },
      })
      return before + more
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

  async function settle(blobId: BlobId, reserved: number, unused: number): Promise<void> {
    await retrying(clock, async () => {
      const item = await table.get(blobKey(blobId), { consistent: true })
      // Inexact: another worker had to do with it, and nobody knows what that one used.
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

  async function isOpen(blobId: BlobId): Promise<boolean> {
    const item = await table.get(blobKey(blobId), { consistent: true })
    return item?.reserved !== undefined && item.settled !== true
  }

  async function look(blobId: BlobId): Promise<{ readonly exact: boolean } | undefined> {
    const item = await table.get(blobKey(blobId), { consistent: true })
    return item?.reserved === undefined ? undefined : { exact: item.inexact !== true }
  }

  return { reserve, settle, isOpen, look }
}

const FINGERPRINT_CHARACTERS = 32

/** Of a set of recipients, whatever their order. */
function fingerprint(recipients: readonly string[]): string {
  const hash = createHash('sha256')
  for (const recipient of [...recipients].sort()) hash.update(recipient).update('\0')
  return hash.digest('hex').slice(0, FINGERPRINT_CHARACTERS)
}
