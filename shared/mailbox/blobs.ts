// Blobs by id, many at once, as FETCH of a list needs them. A blob never changes after it was made (only its references
// do), so what was read is kept in memory up to a number of bytes.

import type { BlobId } from '#shared/contracts/mailbox.ts'
import type { Table } from '#shared/storage/ports.ts'
import { blobKey } from './keys.ts'
import { type Blob, blobRecord } from './records.ts'

/** Memory for blobs that were read. */
export const BLOB_CACHE_BYTES_MAX = 16 * 1024 * 1024
/** Memory of one blob besides its index and header fields, about. */
const BLOB_BYTES = 500

export function createBlobs(
  { table }: { readonly table: Table },
  { cacheBytesMax = BLOB_CACHE_BYTES_MAX }: { readonly cacheBytesMax?: number } = {},
) {
  // Two generations: what is asked for moves into the young one, and when that is full the old one goes as a whole. A Map that
  // loses its first entry again and again is slow to walk.
  let young = new Map<BlobId, Blob>()
  let old = new Map<BlobId, Blob>()
  let youngBytes = 0

  async function blob(id: BlobId): Promise<Blob | undefined> {
    const [found] = await blobs([id])
    return found
  }

  /** In the order of the ids, undefined where there is none. Callers ask for as many as they can hold. */
  async function blobs(ids: readonly BlobId[]): Promise<readonly (Blob | undefined)[]> {
    const found = new Map<BlobId, Blob>()
    const wanted = new Set<BlobId>()
    for (const id of ids) {
      const known = young.get(id) ?? again(id)
      if (known === undefined) wanted.add(id)
      else found.set(id, known)
    }
    // The cheaper read may miss what is new; only those are read again.
    for (const consistent of [false, true]) {
      if (wanted.size === 0) break
      const missing = [...wanted]
      const items = await table.batchGet(missing.map(blobKey), { consistent })
      for (const [i, id] of missing.entries()) {
        const item = items[i]
        if (item === undefined) continue
        const read = blobRecord(item)
        found.set(id, read)
        keep(read)
        wanted.delete(id)
      }
    }
    return ids.map((id) => found.get(id))
  }

  function again(id: BlobId): Blob | undefined {
    const known = old.get(id)
    if (known !== undefined) keep(known)
    return known
  }

  function keep(read: Blob): void {
    if (!young.has(read.id)) youngBytes += bytesOf(read)
    young.set(read.id, read)
    if (youngBytes <= cacheBytesMax / 2) return
    old = young
    young = new Map()
    youngBytes = 0
  }

  return { blob, blobs }
}

const bytesOf = ({ index, prepend }: Blob) => BLOB_BYTES + index.byteLength + prepend.length
