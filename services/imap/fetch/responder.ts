// Answers a FETCH: batch by batch reads what the plan needs, marks messages as seen, and writes the responses in large pieces.
//
// Implementation notes. What is told of a message is its state when its batch begins, so a message that others expunge meanwhile
// is still answered whole: its blob outlives it. Contents of the next messages are read while one is being sent, within named
// limits; what is large is streamed when its turn comes.

import type { Uid } from '#shared/contracts/mailbox.ts'
import { EncodedIndex } from '#shared/imap/encoded-index.ts'
import { ResponseWriter } from '#shared/imap/response-writer.ts'
import { SEEN } from '#shared/mailbox/flags.ts'
import type { Blob, MessageRecord } from '#shared/mailbox/records.ts'
import { STORE_BATCH_MAX } from '#shared/mailbox/store-flags.ts'
import { UnknownEncoding } from '#shared/message/decoded-part.ts'
import { MessageLost, StoredMessage } from '#shared/message/stored-message.ts'
import { ConnectionGone } from '#shared/net/connection-gone.ts'
import { turns } from '#shared/runtime/turns.ts'
import { FETCH_MEMORY_WAIT_MS } from '../memory.ts'
import { FlagEvents } from '../scripts/events.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'
import {
  CONTENTS_HELD_BYTES_MAX,
  type Content,
  type Deferred,
  type ReadContent,
} from './content.ts'
import type { Plan } from './plan.ts'
import { readAhead } from './read-ahead.ts'
import { type ReadContents, readContents } from './read-contents.ts'
import { type Answer, type Contents, writeContent, writeResponse } from './write-response.ts'

export type FetchOutcome = {
  /** Messages that others have expunged were left out. */
  expunged: boolean
  /** Contents that nobody can decode (RFC 3516 §4.3); their messages were left out. */
  unknownEncoding: boolean
  /** Messages whose bytes are gone; they were left out. */
  lost: boolean
  /** Messages that need more memory at once than there was; they were left out. */
  tooLarge: boolean
}

/** Messages whose blobs are read together and whose \Seen flags are set in one transaction. */
const BATCH_MESSAGES = STORE_BATCH_MAX
/** A blob has up to 400 KB: it takes a few to know how many can be held. */
const FIRST_BATCH_MESSAGES = 8
export const BATCH_BLOB_BYTES = 2 * 1024 * 1024
/** Messages whose contents are read before they can be sent, and how large those messages are together. */
const aheadLimits = { items: 16, bytes: 1024 * 1024 } as const
/** Previews that PREVIEW (LAZY) takes the time for; messages beyond are answered NIL (RFC 8970 §4.1). */
export const LAZY_PREVIEWS_MAX = 200
/** Responses are collected up to this size before they go to the socket. */
const WRITE_BYTES = 64 * 1024

type Batch = {
  readonly records: readonly MessageRecord[]
  readonly blobs: Promise<readonly (Blob | undefined)[]>
}

/** A message, with its blob where the plan needs it. */
type Found = { readonly record: MessageRecord; readonly blob: Blob | undefined }

export async function respond(
  session: Session,
  plan: Plan,
  uids: readonly Uid[],
  wire: Wire,
): Promise<FetchOutcome> {
  const responder = new Responder(session, plan, wire)
  let count: number = plan.needsBlobs ? FIRST_BATCH_MESSAGES : BATCH_MESSAGES
  let next = responder.begin(uids.slice(0, count))
  for (let at = 0; at < uids.length; ) {
    const { records, blobs } = next
    const read = await blobs
    at += count
    count = nextBatchMessages(count, read)
    next = responder.begin(uids.slice(at, at + count))
    await responder.answer(records, read)
  }
  await responder.flush()
  await responder.events.show(wire)
  return responder.outcome
}

/** Twice as many as before, as long as their blobs come to no more than BATCH_BLOB_BYTES by what the last ones were. */
export function nextBatchMessages(count: number, blobs: readonly (Blob | undefined)[]): number {
  const most = Math.min(2 * count, BATCH_MESSAGES)
  const bytes = blobs.reduce((sum, blob) => sum + (blob?.index.byteLength ?? 0), 0)
  if (bytes === 0) return most
  return Math.max(1, Math.min(most, Math.floor((BATCH_BLOB_BYTES * blobs.length) / bytes)))
}

class Responder {
  readonly outcome: FetchOutcome = {
    expunged: false,
    unknownEncoding: false,
    lost: false,
    tooLarge: false,
  }
  /** \Seen that this command has set. */
  readonly events: FlagEvents
  readonly #session: Session
  readonly #plan: Plan
  readonly #wire: Wire
  readonly #writer = new ResponseWriter()
  /** Messages of the batch whose \Seen flag this command has set. */
  #marked: ReadonlyMap<Uid, MessageRecord> = new Map()
  #previews = 0

  constructor(session: Session, plan: Plan, wire: Wire) {
    this.#session = session
    this.#plan = plan
    this.#wire = wire
    this.#writer.utf8 = session.utf8
    this.events = new FlagEvents(session, session.selected.folder)
  }

  /** Notes what is known of the messages and begins to read what has to be read. */
  begin(uids: readonly Uid[]): Batch {
    const { selected, deps } = this.#session
    const { messages } = selected
    const records: MessageRecord[] = []
    for (const uid of uids) {
      const row = messages.rowOf(uid)
      if (row >= 0) records.push(messages.recordAt(row))
      else this.outcome.expunged = true
    }
    const blobs = this.#plan.needsBlobs
      ? deps.mailbox.blobs(records.map(({ blobId }) => blobId))
      : noBlobs
    // Awaited when its turn comes, which it does not when an earlier batch fails.
    blobs.catch(() => undefined)
    return { records, blobs }
  }

  async answer(
    records: readonly MessageRecord[],
    read: readonly (Blob | undefined)[],
  ): Promise<void> {
    const found: Found[] = []
    for (const [i, record] of records.entries()) {
      const blob = read[i]
      if (blob === undefined && this.#plan.needsBlobs) this.#lose(record)
      else found.push({ record, blob })
    }
    if (this.#plan.setsSeen) this.#marked = await this.#markSeen(records)
    if (this.#plan.contents > 0) return this.#answerWithContents(found)
    for (const message of found) {
      const wait = turns.step()
      if (wait !== undefined) await wait
      const answer = this.#answerFor(message, [])
      writeResponse(this.#writer, this.#plan, answer, 0)
      this.#noteTold(answer)
      if (this.#writer.bytes >= WRITE_BYTES) await this.flush()
    }
  }

  async flush(): Promise<void> {
    for (const piece of this.#writer.take()) this.#wire.write(piece)
    await this.#wire.room()
  }

  async #answerWithContents(found: readonly Found[]): Promise<void> {
    const { memory } = this.#session.deps
    const { contents: items } = this.#plan
    const limits = {
      ...aheadLimits,
      bytesOf: ({ record: { size } }: Found) =>
        size + Math.min(items * size, CONTENTS_HELD_BYTES_MAX),
      memory: memory.readAhead,
    }
    let position = 0
    for await (const read of readAhead(found, (message) => this.#read(message), limits)) {
      const message = found[position++]
      if (read === undefined || message === undefined) continue
      await turns.step()
      const answer = this.#answerFor(message, read.contents)
      if (read.deferredBytes === 0) await this.#send(answer)
      else await this.#sendHolding(read.deferredBytes, answer)
    }
  }

  async #send(answer: Answer): Promise<void> {
    let at = writeResponse(this.#writer, this.#plan, answer, 0)
    while (at < answer.contents.length) {
      await this.#sendContent(answer.contents[at])
      at = writeResponse(this.#writer, this.#plan, answer, at + 1)
    }
    this.#noteTold(answer)
    if (this.#writer.bytes >= WRITE_BYTES) await this.flush()
  }

  /** Waits until so much memory is free. What needs more than all of it gets all of it. */
  async #sendHolding(wanted: number, answer: Answer): Promise<void> {
    const { clock, memory } = this.#session.deps
    const bytes = Math.min(wanted, memory.contents.bytesMax)
    await this.flush()
    const waiting = { clock, waitMs: FETCH_MEMORY_WAIT_MS, signal: this.#wire.gone }
    if (!(await memory.contents.take(bytes, waiting))) {
      this.outcome.tooLarge = true
      return
    }
    try {
      await this.#send(answer)
    } finally {
      memory.contents.give(bytes)
    }
  }

  async #sendContent(content: Content | undefined): Promise<void> {
    if (content?.kind !== 'deferred') return this.#stream(content)
    await this.flush()
    const read = await this.#readLate(content)
    if (writeContent(this.#writer, read) === 'waits') await this.#stream(read)
  }

  /** The response has begun: it cannot be left out any more. */
  async #readLate(content: Deferred): Promise<ReadContent> {
    try {
      return await content.read()
    } catch (error) {
      this.#session.log.error({ error }, 'response cut short')
      throw new ConnectionGone()
    }
  }

  /** Undefined for what cannot be read: the message is left out, and the tagged answer says so. */
  async #read({ record, blob }: Found): Promise<ReadContents | undefined> {
    if (blob === undefined) return undefined
    try {
      const message = new StoredMessage(this.#session.deps.objects, blob, record.prepend)
      const withoutPreview = this.#plan.previewsLazily && ++this.#previews > LAZY_PREVIEWS_MAX
      return await readContents(message, this.#plan.items, { withoutPreview })
    } catch (error) {
      if (error instanceof UnknownEncoding) this.outcome.unknownEncoding = true
      else if (error instanceof MessageLost) this.#lose(record, error)
      else throw error
      return undefined
    }
  }

  #lose({ uid, blobId }: MessageRecord, error?: Error): void {
    this.#session.log.error({ uid, blobId, error }, 'message cannot be read')
    this.outcome.lost = true
  }

  /** Sets \Seen where it is not (RFC 9051 §6.4.5); returns those messages as they are now. */
  async #markSeen(records: readonly MessageRecord[]): Promise<ReadonlyMap<Uid, MessageRecord>> {
    const unseen = records.filter(({ flags }) => !(flags.bits & SEEN)).map(({ uid }) => uid)
    if (unseen.length === 0) return new Map()
    const { selected, deps } = this.#session
    const change = { mode: 'add', flags: ['\\Seen'] } as const
    const { options } = this.events
    const stored = await deps.mailbox.storeFlags(selected.folder, unseen, change, options)
    // A folder that is gone has nothing to be marked.
    if (stored.kind !== 'stored') return new Map()
    selected.hint()
    return new Map(stored.messages.map((message) => [message.uid, message]))
  }

  #answerFor({ record, blob }: Found, contents: Contents): Answer {
    const marked = this.#marked.get(record.uid)
    return {
      name: this.#session.selected.fetchName(record.uid),
      record: marked ?? record,
      marked: marked !== undefined,
      index: blob && new EncodedIndex(blob.index),
      contents,
    }
  }

  /** What the client knows now is no news for it later. */
  #noteTold({ record, marked }: Answer): void {
    const { tellsFlags, tellsModSeq, condstore } = this.#plan
    const { selected } = this.#session
    if (record.modSeq <= selected.modSeq) return
    if (marked || (tellsFlags && (tellsModSeq || !condstore))) {
      selected.told(record.uid, record.modSeq)
    }
  }

  /** A literal that cannot be sent whole leaves the client no way to read on: the connection ends. */
  async #stream(content: Content | undefined): Promise<void> {
    if (content?.kind !== 'stream') throw new Error('nothing to stream')
    for (const piece of this.#writer.take()) this.#wire.write(piece)
    let sent = 0
    try {
      for await (const piece of content.open()) {
        sent += piece.length
        if (sent > content.bytes) break
        this.#wire.write(piece)
        await this.#wire.room()
        await turns.step()
      }
    } catch (error) {
      if (error instanceof ConnectionGone) throw error
      this.#session.log.error({ error }, 'literal cut short')
      throw new ConnectionGone()
    }
    if (sent === content.bytes) return
    this.#session.log.error({ sent, announced: content.bytes }, 'literal of another length')
    throw new ConnectionGone()
  }
}

const noBlobs: Promise<readonly (Blob | undefined)[]> = Promise.resolve([])
