// A stored message as its reader sees it: header fields of the recipient, header fields the service added, then the object's
// bytes. Nothing was rewritten, so offsets are sums.

import type { OpenMessage } from '#shared/contracts/mailbox.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'
import type { Blob } from './records.ts'

export function openMessage(
  objects: Pick<ObjectStore, 'read' | 'stream'>,
  blob: Blob,
  prepend: string,
): OpenMessage {
  const added = Buffer.from(prepend + blob.prepend, 'latin1')
  const size = added.length + blob.object.length
  return {
    size,
    headerBytes: added.length + blob.headerBytes,
    async *stream(offset = 0, length = size - offset) {
      const end = Math.min(size, offset + length)
      if (offset < added.length && end > offset) yield added.subarray(offset, end)
      const from = Math.max(0, offset - added.length)
      const bytes = end - added.length - from
      if (bytes <= 0) return
      const range = { offset: blob.object.offset + from, length: bytes }
      const source =
        bytes <= readWholeBytesMax
          ? await objects.read(blob.object.key, range).then((read) => read && [read])
          : await objects.stream(blob.object.key, range)
      if (source === undefined) throw new Error(`object ${blob.object.key} is missing`)
      yield* source
    },
  }
}

/** Up to this size one read is cheaper than a stream. */
const readWholeBytesMax = 64 * 1024
