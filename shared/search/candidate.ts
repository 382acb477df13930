// A message whose verdict needs more than its flags, sizes and dates, with what has been found in it so far.

import { headerTextPieces } from '#shared/mail/encoded-words.ts'
import { forEachField, unfold } from '#shared/mail/header-field.ts'
import type { Blob, MessageRecord } from '#shared/mailbox/records.ts'
import { threadId } from '#shared/message/object-ids.ts'
import { EnvelopeFields, isEnvelopeField } from './envelope-fields.ts'
import { fieldBlocks } from './header-fields.ts'
import { type FieldNeedle, NeedleScan, type TextNeedle } from './needle.ts'
import type { Pace } from './pace.ts'
import { scanPieces } from './scan-pieces.ts'

/** Needles by the lower-case name of the field they are looked for in. */
export type FieldNeedles = ReadonlyMap<string, readonly FieldNeedle[]>

export class Candidate {
  readonly message: MessageRecord
  readonly blob: Blob
  readonly fields: EnvelopeFields
  /** Once the message was read: those of the texts that it holds. */
  found: ReadonlySet<TextNeedle> | undefined
  /** Once it was looked for. */
  threadId: string | undefined
  readonly #foundInFields = new Set<FieldNeedle>()
  /** Fields that have been looked at; null for all. */
  #looked: Set<string> | null = new Set()

  constructor(message: MessageRecord, blob: Blob) {
    this.message = message
    this.blob = blob
    this.fields = new EnvelopeFields(blob.index)
  }

  /** Header fields before the object, byte string. */
  get added(): string {
    return this.message.prepend + this.blob.prepend
  }

  /** Whether a field holds it; undefined as long as the field was not looked at. */
  holds(needle: FieldNeedle): boolean | undefined {
    if (this.#foundInFields.has(needle)) return true
    return this.#looked === null || this.#looked.has(needle.field) ? false : undefined
  }

  /** Looks at the fields that the index has. */
  lookIntoIndex(needles: FieldNeedles, pace: Pace): Promise<void> | undefined {
    return needles.size === 0 ? undefined : this.#lookIntoIndex(needles, pace)
  }

  async #lookIntoIndex(needles: FieldNeedles, pace: Pace): Promise<void> {
    for (const [name, wanted] of needles) {
      if (!isEnvelopeField(name)) continue
      const pieces = this.fields.field(name)
      if (pieces === 'in-header') continue
      if (!this.fields.areRepeated) this.#looked?.add(name)
      if (pieces === 'missing') continue
      const wait = this.#scan(this.#scanFor(wanted), pieces, pace)
      if (wait) await wait
    }
  }

  /** Looks at those that are left. */
  async lookIntoHeader(header: string, needles: FieldNeedles, pace: Pace): Promise<void> {
    const scans = new Map<string, NeedleScan<FieldNeedle>>()
    for (const block of fieldBlocks(header)) {
      const values: { readonly name: string; readonly value: string }[] = []
      forEachField(block, (spelledName, body) => {
        const name = spelledName.toLowerCase()
        if (needles.has(name) && !this.#looked?.has(name))
          values.push({ name, value: unfold(body) })
      })
      for (const { name, value } of values) {
        const scan = scans.get(name) ?? this.#scanFor(needles.get(name) ?? [])
        scans.set(name, scan)
        const wait = this.#scan(scan, headerTextPieces(value), pace)
        if (wait) await wait
      }
      const wait = pace.spent(BLOCK_FACTOR * block.length)
      if (wait) await wait
    }
    this.#looked = null
  }

  /** `header` begins with the fields that were added. */
  lookForThread(header: string): void {
    const own = header.slice(this.added.length)
    this.threadId = threadId(own, this.fields.envelope, this.blob.id)
  }

  #scanFor(wanted: readonly FieldNeedle[]): NeedleScan<FieldNeedle> {
    // RFC 9051 §6.4.4: an empty text asks whether the field is there.
    for (const needle of wanted) if (needle.folded === '') this.#foundInFields.add(needle)
    return new NeedleScan(wanted, this.#foundInFields)
  }

  #scan(
    scan: NeedleScan<FieldNeedle>,
    pieces: Iterable<string>,
    pace: Pace,
  ): Promise<void> | undefined {
    if (scan.done) return undefined
    // There may be any number of fields without a text in them.
    return scanPieces(pieces, scan, pace) ?? pace.spent(scan.width)
  }
}

/** What splitting a header costs the pace for each byte of it: lines may be as short as a blank. */
const BLOCK_FACTOR = 4
