// The messages of one folder in memory as columns, by ascending uid: some 55 bytes a message instead of an object each.
// Appending grows the columns in place; removing gives the uids a new array, so that an array of uids, once handed out,
// never changes and can be shared by any number of sessions.

import type { BlobId, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import { addDigest, messageDigest, subtractDigest } from './digest.ts'
import type { MessageRecord } from './records.ts'

/** Ascending uids that never change. */
export interface UidList extends Iterable<number> {
  readonly length: number
  readonly [position: number]: number
}

const rowsAtFirst = 16
const growth = 1.5
/** Memory of one entry of the table of extras, about. */
const EXTRA_BYTES = 200
/** Bytes of a blob id as queue ids are; longer ones widen the column. */
const blobIdBytes = 18
/** Unused entries of the table of extras that are tolerated before it is rebuilt. */
const EXTRAS_SLACK = 1_024

/** What few messages have, kept once for all messages that have the same. */
type Extra = {
  readonly keywords: readonly string[]
  readonly prepend: string
  readonly unended: boolean
}
const noExtra: Extra = { keywords: [], prepend: '', unended: false }

type Columns = ReturnType<typeof allocate>

function allocate(capacity: number, idBytes: number) {
  return {
    uid: new Uint32Array(capacity),
    bits: new Uint8Array(capacity),
    modSeq: new Float64Array(capacity),
    size: new Uint32Array(capacity),
    internalDateMs: new Float64Array(capacity),
    saveDateMs: new Float64Array(capacity),
    extra: new Uint32Array(capacity),
    blobId: Buffer.alloc(capacity * idBytes),
  }
}

export class MessageColumns {
  #length = 0
  #digest = 0
  #idBytes = blobIdBytes
  #columns: Columns
  #extras: Extra[] = [noExtra]
  #internedLast = 0
  #extraIndex = new Map<string, number>([[extraKey(noExtra), 0]])

  constructor(expected = 0) {
    this.#columns = allocate(Math.max(rowsAtFirst, expected), this.#idBytes)
  }

  /** The same messages, to be changed without these. */
  copy(): MessageColumns {
    const copy = new MessageColumns()
    copy.#length = this.#length
    copy.#digest = this.#digest
    copy.#idBytes = this.#idBytes
    copy.#columns = this.#columns
    copy.#reallocate(this.#columns.uid.length, this.#idBytes)
    copy.#extras = [...this.#extras]
    copy.#extraIndex = new Map(this.#extraIndex)
    return copy
  }

  get length(): number {
    return this.#length
  }

  /** Sum of the messages' digests, to be compared with the folder's. */
  get digest(): number {
    return this.#digest
  }

  /** Memory taken, about. */
  get bytes(): number {
    const columns = Object.values(this.#columns)
    const bytes = columns.reduce((sum, column) => sum + column.byteLength, 0)
    return bytes + this.#extras.length * EXTRA_BYTES
  }

  /** The uids as they are now; the array does not change when the columns do. */
  uids(): UidList {
    return this.#columns.uid.subarray(0, this.#length)
  }

  /** Row of a message, -1 when it is not here. */
  rowOf(uid: number): number {
    const row = this.rowAtOrAfter(uid)
    return row < this.#length && this.#columns.uid[row] === uid ? row : -1
  }

  /** First row whose uid is not below this one; `length` when there is none. */
  rowAtOrAfter(uid: number): number {
    return positionAtOrAfter(this.#columns.uid, uid, this.#length)
  }

  uidAt(row: number): Uid {
    return (this.#columns.uid[row] ?? 0) as Uid
  }

  /** System flags (flags.ts). */
  bitsAt(row: number): number {
    return this.#columns.bits[row] ?? 0
  }

  keywordsAt(row: number): readonly string[] {
    return this.#extraAt(row).keywords
  }

  modSeqAt(row: number): ModSeq {
    return (this.#columns.modSeq[row] ?? 0) as ModSeq
  }

  sizeAt(row: number): number {
    return this.#columns.size[row] ?? 0
  }

  internalDateMsAt(row: number): number {
    return this.#columns.internalDateMs[row] ?? 0
  }

  saveDateMsAt(row: number): number {
    return this.#columns.saveDateMs[row] ?? 0
  }

  blobIdAt(row: number): BlobId {
    const start = row * this.#idBytes
    const end = start + this.#idBytes
    // Shorter ids are filled up with NUL, which no key contains.
    const nul = this.#columns.blobId[end - 1] === 0 ? this.#columns.blobId.indexOf(0, start) : end
    return this.#columns.blobId.toString('latin1', start, Math.min(nul, end)) as BlobId
  }

  prependAt(row: number): string {
    return this.#extraAt(row).prepend
  }

  recordAt(row: number): MessageRecord {
    const { keywords, prepend, unended } = this.#extraAt(row)
    return {
      uid: this.uidAt(row),
      blobId: this.blobIdAt(row),
      size: this.sizeAt(row),
      internalDateMs: this.internalDateMsAt(row),
      saveDateMs: this.saveDateMsAt(row),
      flags: { bits: this.bitsAt(row), keywords },
      modSeq: this.modSeqAt(row),
      prepend,
      unended,
    }
  }

  /** Adds a message or puts it in the place of its older state. */
  put(message: MessageRecord): void {
    const last = this.#columns.uid[this.#length - 1] ?? 0
    if (this.#length === 0 || message.uid > last) {
      this.#reserve(this.#length + 1)
      this.#length++
      this.#write(this.#length - 1, message)
      return
    }
    const row = this.rowAtOrAfter(message.uid)
    if (this.#columns.uid[row] === message.uid) this.#digest = this.#digestWithout(row)
    else this.#openRow(row)
    this.#write(row, message)
  }

  /** Removes rows, given in ascending order. */
  remove(rows: readonly number[]): void {
    if (rows.length === 0) return
    for (const row of rows) this.#digest = this.#digestWithout(row)
    // Others may hold the old array.
    this.#columns.uid = this.#columns.uid.slice()
    let to = rows[0] ?? 0
    for (const [i, row] of rows.entries()) {
      const from = row + 1
      const end = rows[i + 1] ?? this.#length
      this.#shift(to, from, end)
      to += end - from
    }
    this.#length -= rows.length
  }

  #digestWithout(row: number): number {
    return subtractDigest(this.#digest, messageDigest(this.uidAt(row), this.modSeqAt(row)))
  }

  #extraAt(row: number): Extra {
    return this.#extras[this.#columns.extra[row] ?? 0] ?? noExtra
  }

  #write(row: number, { flags, prepend, unended, blobId, ...message }: MessageRecord): void {
    const { keywords } = flags
    const hasExtra = keywords.length > 0 || prepend !== '' || unended
    const extra = hasExtra ? this.#intern({ keywords, prepend, unended }) : 0
    if (blobId.length > this.#idBytes) {
      this.#reallocate(this.#columns.uid.length, blobId.length)
    }
    const columns = this.#columns
    columns.uid[row] = message.uid
    columns.bits[row] = flags.bits
    columns.modSeq[row] = message.modSeq
    columns.size[row] = message.size
    columns.internalDateMs[row] = message.internalDateMs
    columns.saveDateMs[row] = message.saveDateMs
    columns.extra[row] = extra
    const start = row * this.#idBytes
    if (blobId.length < this.#idBytes) {
      columns.blobId.fill(0, start + blobId.length, start + this.#idBytes)
    }
    columns.blobId.write(blobId, start, 'latin1')
    this.#digest = addDigest(this.#digest, messageDigest(message.uid, message.modSeq))
  }

  #intern(extra: Extra): number {
    // Messages that change together have the same.
    if (sameExtra(extra, this.#extras[this.#internedLast] ?? noExtra)) return this.#internedLast
    this.#internedLast = this.#internAnother(extra)
    return this.#internedLast
  }

  #internAnother(extra: Extra): number {
    const key = extraKey(extra)
    const known = this.#extraIndex.get(key)
    if (known !== undefined) return known
    if (this.#extras.length > this.#length + EXTRAS_SLACK) this.#forgetUnusedExtras()
    this.#extraIndex.set(key, this.#extras.length)
    return this.#extras.push(extra) - 1
  }

  #forgetUnusedExtras(): void {
    const old = this.#extras
    const renamed = new Map<number, number>([[0, 0]])
    this.#extras = [noExtra]
    this.#extraIndex = new Map([[extraKey(noExtra), 0]])
    for (let row = 0; row < this.#length; row++) {
      const index = this.#columns.extra[row] ?? 0
      let now = renamed.get(index)
      if (now === undefined) {
        const extra = old[index] ?? noExtra
        now = this.#extras.push(extra) - 1
        this.#extraIndex.set(extraKey(extra), now)
        renamed.set(index, now)
      }
      this.#columns.extra[row] = now
    }
  }

  /** Makes room for a row between others: only a torn read leaves one to be put there later. */
  #openRow(row: number): void {
    this.#reserve(this.#length + 1)
    this.#columns.uid = this.#columns.uid.slice()
    this.#shift(row + 1, row, this.#length)
    this.#length++
  }

  #shift(to: number, from: number, end: number): void {
    const { blobId, ...columns } = this.#columns
    for (const column of Object.values(columns)) column.copyWithin(to, from, end)
    const width = this.#idBytes
    blobId.copyWithin(to * width, from * width, end * width)
  }

  #reserve(rows: number): void {
    const capacity = this.#columns.uid.length
    if (rows <= capacity) return
    this.#reallocate(Math.max(rows, Math.ceil(capacity * growth)), this.#idBytes)
  }

  #reallocate(capacity: number, idBytes: number): void {
    const old = this.#columns
    const columns = allocate(capacity, idBytes)
    columns.uid.set(old.uid)
    columns.bits.set(old.bits)
    columns.modSeq.set(old.modSeq)
    columns.size.set(old.size)
    columns.internalDateMs.set(old.internalDateMs)
    columns.saveDateMs.set(old.saveDateMs)
    columns.extra.set(old.extra)
    if (idBytes === this.#idBytes) columns.blobId.set(old.blobId)
    else {
      for (let row = 0; row < this.#length; row++) {
        columns.blobId.write(this.blobIdAt(row), row * idBytes, 'latin1')
      }
    }
    this.#columns = columns
    this.#idBytes = idBytes
  }
}

function sameExtra(a: Extra, b: Extra): boolean {
  return (
    a.prepend === b.prepend &&
    a.unended === b.unended &&
    a.keywords.length === b.keywords.length &&
    a.keywords.every((keyword, i) => keyword === b.keywords[i])
  )
}

function extraKey({ keywords, prepend, unended }: Extra): string {
  return `${keywords.join(' ')}\0${unended ? '\0' : ''}${prepend}`
}

/** First position whose uid is not below the given one. */
export function positionAtOrAfter(uids: UidList, uid: number, length = uids.length): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((uids[middle] ?? 0) < uid) low = middle + 1
    else high = middle
  }
  return low
}
