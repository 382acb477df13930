import type { BlobId } from '#shared/contracts/mailbox.ts'
import type { Blob } from '#shared/mailbox/records.ts'

/** A blob of so many bytes whose object need not exist. */
export function blob(id: string, length = 100): Blob {
  return {
    id: id as BlobId,
    object: { key: `mail/${id}`, offset: 0, length },
    prepend: '',
    index: new Uint8Array([1]),
    headerBytes: length,
  }
}
