// A folder in memory for the search tests: columns, blobs and an object store that hands out streams in odd pieces.

import type { BlobId, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import { encodeIndex } from '#shared/mail/index-codec.ts'
import { indexWithAdded } from '#shared/mail/index-with-added.ts'
import { MessageIndexer } from '#shared/mail/indexer.ts'
import type { MessageIndex } from '#shared/mail/message-index.ts'
import { flagSet } from '#shared/mailbox/flags.ts'
import { MessageColumns } from '#shared/mailbox/message-columns.ts'
import type { Blob, MessageRecord } from '#shared/mailbox/records.ts'
import { ByteBudget } from '#shared/runtime/byte-budget.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { SEARCH_BYTES_MAX, SearchMemory } from '#shared/search/memory.ts'
import { Pace, type Waiting } from '#shared/search/pace.ts'
import type { Reading, Searched } from '#shared/search/reading.ts'
import type { ByteRange } from '#shared/storage/ports.ts'

export type StoredMessage = {
  readonly bytes: Buffer
  readonly index: MessageIndex
  readonly record: MessageRecord
  readonly blob: Blob
}

export type Given = {
  readonly bytes: Buffer
  readonly flags?: readonly string[]
  readonly internalDateMs?: number
  /** Header fields the service added, byte string. */
  readonly added?: string
}

const STREAM_PIECE_BYTES = 1_009

export class MessageStore {
  readonly columns = new MessageColumns()
  readonly stored: StoredMessage[] = []
  /** What was read, in bytes. */
  bytesRead = 0
  readonly #byKey = new Map<string, Buffer>()
  readonly #blobs = new Map<BlobId, Blob>()

  add({ bytes, flags = [], internalDateMs = 0, added = '' }: Given): void {
    const uid = (2 * this.stored.length + 1) as Uid
    const indexer = new MessageIndexer()
    indexer.push(bytes)
    const index = indexer.finish()
    const blob: Blob = {
      id: `blob${uid}` as BlobId,
      object: { key: `mail/${uid}`, offset: 3, length: bytes.length },
      prepend: added,
      index: indexWithAdded(encodeIndex(index), added),
      headerBytes: index.headerBytes,
    }
    const record: MessageRecord = {
      uid,
      blobId: blob.id,
      size: added.length + bytes.length,
      internalDateMs,
      saveDateMs: internalDateMs + 1_000_000_000,
      flags: flagSet(flags),
      modSeq: (uid * 3) as ModSeq,
      prepend: '',
      unended: false,
    }
    this.columns.put(record)
    this.#byKey.set(blob.object.key, Buffer.concat([Buffer.from('***'), bytes, Buffer.from('+++')]))
    this.#blobs.set(blob.id, blob)
    this.stored.push({ bytes, index, record, blob })
  }

  get searched(): Searched {
    return { uids: this.columns.uids(), messages: this.columns }
  }

  reading(pace = quietPace(), memory = plentyOfMemory()): Reading {
    return {
      blobs: async (ids) => ids.map((id) => this.#blobs.get(id)),
      objects: this.#objects,
      pace,
      memory,
    }
  }

  get #objects(): Reading['objects'] {
    const slice = (key: string, range?: ByteRange) => {
      const object = this.#byKey.get(key)
      const bytes = range ? object?.subarray(range.offset, range.offset + range.length) : object
      this.bytesRead += bytes?.length ?? 0
      return bytes
    }
    return {
      read: async (key, range) => slice(key, range),
      stream: async (key, range) => inPieces(slice(key, range) ?? Buffer.alloc(0)),
    }
  }
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += STREAM_PIECE_BYTES) {
    yield bytes.subarray(at, at + STREAM_PIECE_BYTES)
  }
}

/** Waits for ever, and hears nothing. */
export const quietWaiting: Waiting = {
  gone: new AbortController().signal,
  abandoned: () => new Error('nobody waits'),
  tellIntervalMs: 10_000,
  tell: () => undefined,
}

export function plentyOfMemory(): SearchMemory {
  return new SearchMemory(new ByteBudget(SEARCH_BYTES_MAX))
}

export function quietPace(): Pace {
  return new Pace({ waiting: quietWaiting, clock: systemClock })
}

/** Counts the work that was paid for. */
export class CountingPace extends Pace {
  bytes = 0
  /** The largest piece. */
  bytesAtOnce = 0

  constructor() {
    super({ waiting: quietWaiting, clock: systemClock })
  }

  override spent(bytes: number): Promise<void> | undefined {
    this.bytes += bytes
    this.bytesAtOnce = Math.max(this.bytesAtOnce, bytes)
    return super.spent(bytes)
  }
}
