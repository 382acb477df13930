// What is known of a message without reading anything: a row of the folder's columns, or the record taken from it.

import type { BlobId, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import type { FlagSet } from '#shared/mailbox/flags.ts'
import type { MessageColumns } from '#shared/mailbox/message-columns.ts'

/** A MessageRecord is one too. */
export interface MessageFacts {
  readonly uid: Uid
  readonly blobId: BlobId
  readonly size: number
  readonly internalDateMs: number
  readonly saveDateMs: number
  readonly modSeq: ModSeq
  readonly flags: FlagSet
  /** Header fields for this recipient alone. */
  readonly prepend: string
}

/** Facts of one row after the other, without an object for each; good until the next await. */
export class RowFacts implements MessageFacts {
  row = 0
  readonly flags: FlagSet
  readonly #columns: MessageColumns

  constructor(columns: MessageColumns) {
    this.#columns = columns
    this.flags = new RowFlags(this, columns)
  }

  get uid(): Uid {
    return this.#columns.uidAt(this.row)
  }
  get blobId(): BlobId {
    return this.#columns.blobIdAt(this.row)
  }
  get size(): number {
    return this.#columns.sizeAt(this.row)
  }
  get internalDateMs(): number {
    return this.#columns.internalDateMsAt(this.row)
  }
  get saveDateMs(): number {
    return this.#columns.saveDateMsAt(this.row)
  }
  get modSeq(): ModSeq {
    return this.#columns.modSeqAt(this.row)
  }
  get prepend(): string {
    return this.#columns.prependAt(this.row)
  }
}

class RowFlags implements FlagSet {
  readonly #at: { readonly row: number }
  readonly #columns: MessageColumns

  constructor(at: { readonly row: number }, columns: MessageColumns) {
    this.#at = at
    this.#columns = columns
  }

  get bits(): number {
    return this.#columns.bitsAt(this.#at.row)
  }
  get keywords(): readonly string[] {
    return this.#columns.keywordsAt(this.#at.row)
  }
}
