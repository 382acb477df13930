// Messages in memory as the mailbox core stores them: an object, a blob with its index, a record.

import type { BlobId, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import { encodeIndex } from '#shared/mail/index-codec.ts'
import { MessageIndexer } from '#shared/mail/indexer.ts'
import { noFlags } from '#shared/mailbox/flags.ts'
import type { Blob, MessageRecord } from '#shared/mailbox/records.ts'
import type { ByteRange, ObjectStore } from '#shared/storage/ports.ts'

/** Counts what is read of one object; deleted it is not there. */
class OneObject implements Pick<ObjectStore, 'read' | 'stream' | 'size'> {
  readonly bytes: Buffer
  deleted = false
  reads = 0
  streams = 0
  /** Streams end after so many bytes. */
  cutAt = Number.POSITIVE_INFINITY

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  async read(_key: string, range: ByteRange = { offset: 0, length: this.bytes.length }) {
    this.reads++
    return this.deleted ? undefined : this.#slice(range)
  }

  async stream(_key: string, range: ByteRange = { offset: 0, length: this.bytes.length }) {
    this.streams++
    return this.deleted ? undefined : this.#pieces(this.#slice(range))
  }

  async size() {
    return this.deleted ? undefined : this.bytes.length
  }

  async *#pieces(bytes: Buffer) {
    const end = Math.min(bytes.length, this.cutAt)
    for (let at = 0; at < end; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES)
  }

  #slice({ offset, length }: ByteRange): Buffer {
    return this.bytes.subarray(offset, offset + length)
  }
}

/** Odd, so that nothing is cut where it would be convenient. */
const PIECE_BYTES = 10_007

export function storedMessage(
  text: string,
  {
    prepend = '',
    blobPrepend = '',
  }: { readonly prepend?: string; readonly blobPrepend?: string } = {},
) {
  // The object stands inside a larger one.
  const bytes = Buffer.from(text, 'latin1')
  const object = new OneObject(Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')]))
  const indexer = new MessageIndexer()
  indexer.push(bytes)
  const index = indexer.finish()
  const blob: Blob = {
    id: 'blob' as BlobId,
    object: { key: 'mail/blob', offset: 'before'.length, length: bytes.length },
    prepend: blobPrepend,
    index: encodeIndex(index),
    headerBytes: index.headerBytes,
  }
  const record: MessageRecord = {
    uid: 1 as Uid,
    blobId: blob.id,
    size: prepend.length + blobPrepend.length + bytes.length,
    internalDateMs: 0,
    saveDateMs: 0,
    flags: noFlags,
    modSeq: 1 as ModSeq,
    prepend,
    unended: !indexer.endsLine,
  }
  return { object, blob, record, index }
}
