// Finds the messages of a folder that match a search key, and reads no more than it must: flags, sizes and dates of all messages
// in one pass over the columns; for those still undecided the stored index, many at once; then header and text, message by
// message, a few at the same time.

import type { BlobId, Uid } from '#shared/contracts/mailbox.ts'
import { decodeIndex } from '#shared/mail/index-codec.ts'
import type { MessageColumns, UidList } from '#shared/mailbox/message-columns.ts'
import type { Blob, MessageRecord } from '#shared/mailbox/records.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'
import type { Wire } from '../wire.ts'
import { Candidate } from './candidate.ts'
import { FoldedHeader } from './header-fields.ts'
import { RowFacts } from './message-facts.ts'
import type { Pace } from './pace.ts'
import { type Compiled, costs, type Verdict } from './predicate.ts'
import { BATCH_MESSAGES, inParallel } from './read-blobs.ts'
import { HEADER_SEARCHED_BYTES_MAX, scanText } from './text-scan.ts'

/** Where messages are looked for. */
export type Field = {
  /** Ascending; of these only. */
  readonly uids: UidList
  readonly messages: MessageColumns
}

/** What reading a message takes. */
export type Reading = {
  readonly blobs: (ids: readonly BlobId[]) => Promise<readonly (Blob | undefined)[]>
  readonly objects: ObjectStore
  readonly pace: Pace
  readonly wire: Wire
}

/** Rows looked at before others may run; they move when somebody else expunges meanwhile. */
const SLICE_MESSAGES = 1_024

/** Ascending uids. */
export async function findMessages(
  field: Field,
  compiled: Compiled,
  reading: Reading,
): Promise<Uid[]> {
  const { matches, undecided } = await fromFacts(field, compiled, reading.pace)
  reading.pace.begin(undecided.length)
  for (let start = 0; start < undecided.length; start += BATCH_MESSAGES) {
    await reading.pace.step()
    const batch = undecided.slice(start, start + BATCH_MESSAGES)
    const found = await fromIndexes(batch, compiled, reading)
    matches.push(...found)
  }
  return undecided.length === 0 ? matches : matches.sort((a, b) => a - b)
}

async function fromFacts({ uids, messages }: Field, { predicate }: Compiled, pace: Pace) {
  const matches: Uid[] = []
  const undecided: MessageRecord[] = []
  const facts = new RowFacts(messages)
  let row = 0
  for (let position = 0; position < uids.length; position++) {
    const uid = uids[position] ?? 0
    if (position % SLICE_MESSAGES === 0) {
      await pace.step()
      row = messages.rowAtOrAfter(uid)
    }
    while (row < messages.length && messages.uidAt(row) < uid) row++
    if (row === messages.length) break
    if (messages.uidAt(row) !== uid) continue
    facts.row = row
    const verdict = predicate.test(facts, undefined)
    if (verdict === true) matches.push(facts.uid)
    else if (verdict === undefined) undecided.push(messages.recordAt(row))
  }
  return { matches, undecided }
}

async function fromIndexes(
  batch: readonly MessageRecord[],
  compiled: Compiled,
  reading: Reading,
): Promise<Uid[]> {
  const { predicate } = compiled
  const blobs = await reading.blobs(batch.map(({ blobId }) => blobId))
  const matches: Uid[] = []
  const undecided: Candidate[] = []
  for (const [at, message] of batch.entries()) {
    const blob = blobs[at]
    // Removed meanwhile, and its blob with it.
    if (blob === undefined) continue
    const candidate = new Candidate(message, blob)
    const verdict = predicate.cost < costs.index ? undefined : predicate.test(message, candidate)
    if (verdict === true) matches.push(message.uid)
    else if (verdict === undefined) undecided.push(candidate)
  }
  reading.pace.done(batch.length - undecided.length)
  await inParallel(undecided, async (candidate) => {
    await reading.pace.step()
    if (await fromContents(candidate, compiled, reading)) matches.push(candidate.message.uid)
    reading.pace.done()
  })
  return matches
}

/** The header first where a key asks for it: it is less to read than the text. */
async function fromContents(
  candidate: Candidate,
  { predicate, needles, readsHeader }: Compiled,
  { objects }: Reading,
): Promise<boolean> {
  const { message, blob, added } = candidate
  let verdict: Verdict
  if (readsHeader) {
    candidate.header = await readHeader(candidate, objects)
    verdict = predicate.test(message, candidate)
  }
  if (verdict === undefined && needles.length > 0) {
    const { structure } = decodeIndex(blob.index)
    candidate.found = await scanText({ objects, blob, added, structure, needles })
    verdict = predicate.test(message, candidate)
  }
  if (verdict === undefined && candidate.header === undefined) {
    candidate.header = await readHeader(candidate, objects)
    verdict = predicate.test(message, candidate)
  }
  return verdict ?? false
}

async function readHeader({ blob, added }: Candidate, objects: ObjectStore): Promise<FoldedHeader> {
  const { key, offset } = blob.object
  const length = Math.min(blob.headerBytes, HEADER_SEARCHED_BYTES_MAX)
  const header = (await objects.read(key, { offset, length })) ?? new Uint8Array(0)
  return new FoldedHeader(
    added === '' ? header : Buffer.concat([Buffer.from(added, 'latin1'), header]),
  )
}
