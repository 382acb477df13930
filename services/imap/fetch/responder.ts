// Answers a FETCH: batch by batch reads what the plan needs, marks messages as seen, and writes the responses in large pieces.
//
// Implementation notes. What is told of a message is its state when its batch begins, so a message that others expunge meanwhile
// is still answered whole: its blob outlives it. Contents of the next messages are read while one is being sent, within named
// limits; what is large is streamed when its turn comes.

import type { Uid } from '#shared/contracts/mailbox.ts'
import { EncodedIndex } from '#shared/imap/encoded-index.ts'
import { ResponseWriter } from '#shared/imap/response-writer.ts'
import { STORE_BATCH_MAX } from '#shared/mailbox/change.ts'
import { SEEN } from '#shared/mailbox/flags.ts'
import type { Blob, MessageRecord } from '#shared/mailbox/records.ts'
import type { Session } from '../session.ts'
import { ConnectionGone, type Wire } from '../wire.ts'
import { UnknownEncoding } from './binary.ts'
import { type Content, openStored } from './content.ts'
import { flagsText } from './flags-text.ts'
import { MessageLost } from './message-source.ts'
import type { Item, Plan } from './plan.ts'
import { readContents } from './read-contents.ts'

export type FetchOutcome = {
  /** Messages that others have expunged were left out. */
  expunged: boolean
  /** Contents that nobody can decode (RFC 3516 §4.3); their messages were left out. */
  unknownEncoding: boolean
  /** Messages whose bytes are gone; they were left out. */
  lost: boolean
}

/** Messages whose blobs are read together and whose \Seen flags are set in one transaction. */
const BATCH_MESSAGES = STORE_BATCH_MAX
/** Messages whose contents are read before they can be sent, and how large those messages are together. */
const READ_AHEAD_MESSAGES = 16
const READ_AHEAD_BYTES = 1024 * 1024
/** Previews that PREVIEW (LAZY) takes the time for; messages beyond are answered NIL (RFC 8970 §3.2). */
export const LAZY_PREVIEWS_MAX = 200
/** Responses are collected up to this size before they go to the socket. */
const WRITE_BYTES = 64 * 1024

type Batch = {
  readonly records: readonly MessageRecord[]
  readonly blobs: Promise<readonly (Blob | undefined)[]>
}

export async function respond(
  session: Session,
  plan: Plan,
  uids: readonly Uid[],
  wire: Wire,
): Promise<FetchOutcome> {
  const responder = new Responder(session, plan, wire)
  let next = responder.begin(uids, 0)
  for (let at = 0; at < uids.length; at += BATCH_MESSAGES) {
    const batch = next
    next = responder.begin(uids, at + BATCH_MESSAGES)
    await responder.answer(batch)
  }
  await responder.flush()
  return responder.outcome
}

class Responder {
  readonly outcome: FetchOutcome = { expunged: false, unknownEncoding: false, lost: false }
  readonly #session: Session
  readonly #plan: Plan
  readonly #wire: Wire
  readonly #writer = new ResponseWriter()
  readonly #marks: boolean
  readonly #condstore: boolean
  #lazyPreviews = 0
  /** Messages whose \Seen flag this command has set. */
  #marked: ReadonlyMap<Uid, MessageRecord> = new Map()

  constructor(session: Session, plan: Plan, wire: Wire) {
    this.#session = session
    this.#plan = plan
    this.#wire = wire
    this.#writer.utf8 = session.utf8
    this.#condstore = session.enabled.has('CONDSTORE')
    this.#marks = plan.setsSeen && !session.selected.readOnly
  }

  /** Notes what is known of the messages and begins to read what has to be read. */
  begin(uids: readonly Uid[], at: number): Batch {
    const { selected, services } = this.#session
    const { messages } = selected
    const records: MessageRecord[] = []
    const end = Math.min(uids.length, at + BATCH_MESSAGES)
    for (let i = at; i < end; i++) {
      const row = messages.rowOf(uids[i] ?? 0)
      if (row >= 0) records.push(messages.recordAt(row))
      else this.outcome.expunged = true
    }
    const blobs = this.#plan.needsBlobs
      ? services.mailbox.blobs(records.map(({ blobId }) => blobId))
      : none
    // Awaited when its turn comes, which it does not when an earlier batch fails.
    blobs.catch(() => undefined)
    return { records, blobs }
  }

  async answer({ records, blobs }: Batch): Promise<void> {
    const found = this.#plan.needsBlobs ? await blobs : []
    if (this.#marks) this.#marked = await this.#markSeen(records)
    if (this.#plan.readsContents) return this.#answerContents(records, found)
    for (const [i, record] of records.entries()) {
      const blob = found[i]
      if (this.#plan.needsBlobs && blob === undefined) this.#lose(record)
      else this.#write(this.#answerFor(record, blob, []), 0)
      if (this.#writer.bytes >= WRITE_BYTES) await this.flush()
    }
  }

  async flush(): Promise<void> {
    for (const piece of this.#writer.take()) this.#wire.write(piece)
    await this.#wire.room()
  }

  async #answerContents(
    records: readonly MessageRecord[],
    blobs: readonly (Blob | undefined)[],
  ): Promise<void> {
    const ahead: Promise<Contents | undefined>[] = []
    let aheadBytes = 0
    for (const [i, record] of records.entries()) {
      for (let at = i + ahead.length; at < records.length; at++) {
        const { size = 0 } = records[at] ?? {}
        const isFull = ahead.length === READ_AHEAD_MESSAGES || aheadBytes + size > READ_AHEAD_BYTES
        if (isFull && ahead.length > 0) break
        const reading = this.#read(records[at], blobs[at])
        reading.catch(() => undefined)
        ahead.push(reading)
        aheadBytes += size
      }
      const contents = await ahead.shift()
      aheadBytes -= record.size
      if (contents === undefined) continue
      const answer = this.#answerFor(record, blobs[i], contents)
      let at = this.#write(answer, 0)
      while (at < this.#plan.items.length) {
        await this.#stream(contents[at])
        at = this.#write(answer, at + 1)
      }
      if (this.#writer.bytes >= WRITE_BYTES) await this.flush()
    }
  }

  /** Undefined for what cannot be read: the message is left out, and the tagged answer says so. */
  async #read(
    record: MessageRecord | undefined,
    blob: Blob | undefined,
  ): Promise<Contents | undefined> {
    if (record === undefined) return undefined
    if (blob === undefined) return this.#lose(record)
    try {
      const message = openStored(this.#session.services.objects, record, blob)
      const withoutPreview = this.#plan.previewsLazily && ++this.#lazyPreviews > LAZY_PREVIEWS_MAX
      return await readContents(message, this.#plan.items, { withoutPreview })
    } catch (error) {
      if (error instanceof UnknownEncoding) this.outcome.unknownEncoding = true
      else if (error instanceof MessageLost) this.#lose(record, error)
      else throw error
      return undefined
    }
  }

  #lose({ uid, blobId }: MessageRecord, error?: Error): undefined {
    this.#session.log.error({ uid, blobId, err: error }, 'message cannot be read')
    this.outcome.lost = true
  }

  /** Sets \Seen where it is not (RFC 9051 §6.4.5); returns those messages as they are now. */
  async #markSeen(records: readonly MessageRecord[]): Promise<ReadonlyMap<Uid, MessageRecord>> {
    const unseen = records.filter(({ flags }) => !(flags.bits & SEEN)).map(({ uid }) => uid)
    if (unseen.length === 0) return new Map()
    const { selected, services } = this.#session
    const stored = await services.mailbox.storeFlags(selected.folder, unseen, {
      mode: 'add',
      flags: ['\\Seen'],
    })
    // A folder that is gone has nothing to be marked.
    if (stored.kind !== 'stored') return new Map()
    selected.hint()
    return new Map(stored.messages.map((message) => [message.uid, message]))
  }

  #answerFor(before: MessageRecord, blob: Blob | undefined, contents: Contents): Answer {
    const marked = this.#marked.get(before.uid)
    const index = blob && new EncodedIndex(blob.index)
    return { record: marked ?? before, marked: marked !== undefined, index, contents }
  }

  /**
   * Writes the response from one item on. Returns the position of an item whose content has to be streamed now, with its
   * literal announced; behind the last item the number of items.
   */
  #write(answer: Answer, from: number): number {
    const to = this.#writer
    const { items } = this.#plan
    if (from === 0) to.raw(this.#beginning(answer))
    for (let i = from; i < items.length; i++) {
      const item = items[i]
      if (item === undefined) continue
      if (i > 0) to.raw(' ')
      if (this.#writeItem(item, answer, answer.contents[i]) === 'streamed') return i
    }
    to.raw(')\r\n')
    this.#noteTold(answer)
    return items.length
  }

  #writeItem(item: Item, answer: Answer, content: Content | undefined): 'written' | 'streamed' {
    const to = this.#writer
    switch (item.kind) {
      case 'record':
        to.raw(item.text(answer.record))
        return 'written'
      case 'index':
        to.raw(item.name)
        if (answer.index !== undefined) item.write(answer.index, to)
        return 'written'
      case 'content':
        to.raw(item.name)
        return writeContent(to, content)
    }
  }

  /** Flags that the command itself has changed are told in the same response (RFC 9051 §6.4.5). */
  #beginning({ record, marked }: Answer): string {
    const { tellsFlags, tellsModSeq } = this.#plan
    let text = `* ${this.#session.selected.fetchName(record.uid)} (`
    if (!marked) return text
    if (!tellsFlags) text += `${flagsText(record.flags)} `
    // RFC 7162 §3.2
    if (this.#condstore && !tellsModSeq) text += `MODSEQ (${record.modSeq}) `
    return text
  }

  /** What the client knows now is no news for it later. */
  #noteTold({ record, marked }: Answer): void {
    const { tellsFlags, tellsModSeq } = this.#plan
    const { selected } = this.#session
    if (record.modSeq <= selected.modSeq) return
    if (marked || (tellsFlags && (tellsModSeq || !this.#condstore))) {
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
      }
    } catch (error) {
      if (error instanceof ConnectionGone) throw error
      this.#session.log.error({ err: error }, 'literal cut short')
      throw new ConnectionGone()
    }
    if (sent === content.bytes) return
    this.#session.log.error({ sent, announced: content.bytes }, 'literal of another length')
    throw new ConnectionGone()
  }
}

type Contents = readonly (Content | undefined)[]

type Answer = {
  readonly record: MessageRecord
  /** This command has set its \Seen flag. */
  readonly marked: boolean
  readonly index: EncodedIndex | undefined
  /** By the position of their items. */
  readonly contents: Contents
}

function writeContent(to: ResponseWriter, content: Content | undefined): 'written' | 'streamed' {
  to.raw(' ')
  switch (content?.kind) {
    case undefined:
    case 'nil':
      to.nil()
      return 'written'
    case 'number':
      to.number(content.value)
      return 'written'
    case 'string':
      to.string(content.text)
      return 'written'
    case 'pieces':
      to.literalHeader(content.bytes, content)
      for (const piece of content.pieces) to.verbatim(piece)
      return 'written'
    case 'stream':
      to.literalHeader(content.bytes, content)
      return 'streamed'
  }
}

const none: Promise<readonly (Blob | undefined)[]> = Promise.resolve([])
