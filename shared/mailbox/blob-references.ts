// Reference counts of blobs, changed in the transaction that makes or removes the messages, so that no crash can leak an
// object or lose one that is still referred to. Mail for several recipients here has them reserved before (reservations.ts).

import type { BlobId, FolderId } from '#shared/contracts/mailbox.ts'
import { ConditionFailed, type Table, type Write } from '#shared/storage/ports.ts'
import { blobKey, deliveredKey } from './keys.ts'
import { type Blob, blobFields, number } from './records.ts'

/** Partition of the `dead` index of the mail table, which sorts by time of death. */
export const DEAD_PK = 'DEAD'
export const deadSk = (nowMs: number, blobId: BlobId) =>
  `${String(nowMs).padStart(15, '0')}#${blobId}`

export const deadAt = (nowMs: number, blobId: BlobId) => ({
  deadPk: DEAD_PK,
  deadSk: deadSk(nowMs, blobId),
})

/**
 * A message that may be new to the store. `into`: refused when the blob was delivered into that folder before, or its references
 * are reserved.
 */
export function reference(blob: Blob, into: FolderId | undefined, count = 1): Write {
  const marker = into === undefined ? {} : { insert: { into: new Set([into]) } }
  return {
    update: blobKey(blob.id),
    changes: {
      setIfAbsent: blobFields(blob),
      add: { refs: count },
      remove: ['deadPk', 'deadSk'],
      ...marker,
    },
    if: {
      all: [
        { absent: 'collected' },
        ...(into === undefined
          ? []
          : [{ absent: 'reserved' }, { not: { attribute: 'into', contains: into } } as const]),
      ],
    },
  }
}

/** Longer than a message waits in the queue by itself. What an operator lets wait longer: see `isDoubtful` of the queue. */
export const DELIVERED_DAYS = 400
const daySeconds = 86_400

/** What is made of a blob for one of its recipients, by a name that is the same with each attempt. No blob has such an id. */
export const onceId = (blobId: BlobId, name: string) => `${blobId} ${name}` as BlobId

/** Refused when the blob was delivered into the folder before; the item there names the recipient it was for. */
export function deliverOnce(
  folderId: FolderId,
  blobId: BlobId,
  recipient: string,
  nowMs: number,
): Write {
  const ttl = Math.floor(nowMs / 1000) + DELIVERED_DAYS * daySeconds
  return { put: { ...deliveredKey(folderId, blobId), recipient, ttl }, if: { absent: 'pk' } }
}

/**
 * Marks an object nobody may refer to as dead, unless it became a blob; the collector deletes it after its grace time. Says nothing of
 * its contents: whoever delivers it all the same, because the removal did not come to its end, fills them in.
 */
export async function markObjectDead(
  table: Table,
  { id, key }: { readonly id: BlobId; readonly key: string },
  nowMs: number,
): Promise<void> {
  try {
    const put = { ...blobKey(id), key, refs: 0, ...deadAt(nowMs, id) }
    await table.write({ put, if: { absent: 'pk' } })
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error
  }
}

type Referring = { readonly blobId: BlobId }

/** More references to blobs that messages already refer to. */
export function referAgain(messages: readonly Referring[]): Write[] {
  return [...counts(messages)].map(([id, count]) => ({
    update: blobKey(id),
    changes: { add: { refs: count }, remove: ['deadPk', 'deadSk'] },
    if: { all: [{ exists: 'pk' }, { absent: 'collected' }] },
  }))
}

/** A blob nobody refers to any more becomes dead in the same transaction. */
export async function release(
  table: Table,
  messages: readonly Referring[],
  nowMs: number,
): Promise<Write[]> {
  const gone = counts(messages)
  const ids = [...gone.keys()]
  const items = await table.batchGet(ids.map(blobKey), { consistent: true })
  return ids.map((id, i): Write => {
    const item = items[i]
    // Either the read missed a transaction that is half applied, and then the condition makes the caller read again; or the
    // blob is truly gone, which cannot happen, and then the message must still go away.
    if (item === undefined) return { delete: blobKey(id), if: { absent: 'pk' } }
    const refs = number(item, 'refs')
    const left = refs - (gone.get(id) ?? 0)
    const dead = left <= 0 ? { set: deadAt(nowMs, id) } : {}
    return {
      update: blobKey(id),
      changes: { add: { refs: left - refs }, ...dead },
      if: { attribute: 'refs', is: '=', value: refs },
    }
  })
}

function counts(messages: readonly Referring[]): Map<BlobId, number> {
  const counted = new Map<BlobId, number>()
  for (const { blobId } of messages) counted.set(blobId, (counted.get(blobId) ?? 0) + 1)
  return counted
}
