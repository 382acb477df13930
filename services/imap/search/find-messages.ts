// Finds the messages of a folder that match a search key, and reads no more than it must: flags, sizes and dates of all messages
// in one pass over the columns; for those still undecided the stored index, many at once; then header and text, message by
// message, a few at the same time.

import type { Uid } from '#shared/contracts/mailbox.ts'
import { decodeIndex } from '#shared/mail/index-codec.ts'
import { ByteBudget, HeldBytes } from '#shared/runtime/byte-budget.ts'
import { asBuffer } from '#shared/runtime/bytes.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'
import { Candidate } from './candidate.ts'
import { RowFacts } from './message-facts.ts'
import type { Pace } from './pace.ts'
import { type Compiled, costs } from './predicate.ts'
import { batchesOf, inParallel } from './read-blobs.ts'
import type { Field, Reading } from './reading.ts'
import { HEADER_SEARCHED_BYTES_MAX, ObjectWindow, textsIn } from './text-scan.ts'

/** What one key costs the pace for each message, in bytes. */
const KEY_BYTES = 4
/** Memory of one message in the result, and of one undecided. */
const RESULT_BYTES = 10
const UNDECIDED_BYTES = 8

/** Ascending uids. */
export async function findMessages(
  field: Field,
  compiled: Compiled,
  reading: Reading,
): Promise<Uid[]> {
  const { uids, messages } = field
  const { pace, memory } = reading
  memory.hold(uids.length * RESULT_BYTES + compiled.bytes)
  /** By position in the uids. */
  const verdicts = await fromFacts(field, compiled, pace)
  const undecided: number[] = []
  for (let position = 0; position < uids.length; position++) {
    if (verdicts[position] === UNDECIDED) undecided.push(position)
  }
  memory.hold(undecided.length * UNDECIDED_BYTES)
  pace.begin(undecided.length)
  const rest = { uids: undecided.map((position) => uids[position] ?? 0), messages }
  for (const batch of batchesOf(rest)) {
    const blobs = await reading.blobs(batch.map(({ message }) => message.blobId))
    const unread: { readonly candidate: Candidate; readonly position: number }[] = []
    for (const [at, { message, position }] of batch.entries()) {
      const blob = blobs[at]
      // Removed meanwhile, and its blob with it.
      if (blob === undefined) continue
      const candidate = new Candidate(message, blob)
      const wait = candidate.lookIntoIndex(compiled.fields, pace)
      if (wait) await wait
      const { predicate } = compiled
      const verdict = predicate.cost < costs.index ? undefined : predicate.test(message, candidate)
      if (verdict === true) verdicts[undecided[position] ?? 0] = MATCHES
      else if (verdict === undefined) unread.push({ candidate, position })
      const turn = pace.spent(blob.index.length + KEY_BYTES * compiled.keyCount)
      if (turn) await turn
    }
    pace.done(batch.length - unread.length)
    await inParallel(unread, async ({ candidate, position }) => {
      if (await holdsContents(candidate, compiled, reading)) {
        verdicts[undecided[position] ?? 0] = MATCHES
      }
      pace.done()
    })
    await pace.step()
  }
  const found: Uid[] = []
  for (let position = 0; position < uids.length; position++) {
    if (verdicts[position] === MATCHES) found.push(uids[position] as Uid)
  }
  return found
}

/** Beginnings of messages that wait for their turn, of all searches of the process. Where there is no room a search reads one by one. */
export const WINDOWS_AHEAD_BYTES_MAX = 16 * 1024 * 1024
export const windowsAhead = new ByteBudget(WINDOWS_AHEAD_BYTES_MAX)

const MATCHES = 1
const UNDECIDED = 2

async function fromFacts(
  { uids, messages }: Field,
  { predicate, keyCount }: Compiled,
  pace: Pace,
): Promise<Uint8Array> {
  const verdicts = new Uint8Array(uids.length)
  const facts = new RowFacts(messages)
  let row = 0
  for (let position = 0; position < uids.length; position++) {
    const uid = uids[position] ?? 0
    const wait = pace.spent(KEY_BYTES * (1 + keyCount))
    if (wait) {
      await wait
      // Rows move when somebody else expunges meanwhile.
      row = messages.rowAtOrAfter(uid)
    }
    while (row < messages.length && messages.uidAt(row) < uid) row++
    if (row === messages.length) break
    if (messages.uidAt(row) !== uid) continue
    facts.row = row
    const verdict = predicate.test(facts, undefined)
    if (verdict !== false) verdicts[position] = verdict === true ? MATCHES : UNDECIDED
  }
  return verdicts
}

/** The header first where a key asks for it: it is less to read than the text. */
async function holdsContents(
  candidate: Candidate,
  { predicate, texts, fields, readsHeader, readsThread, keyCount }: Compiled,
  { objects, pace }: Reading,
): Promise<boolean> {
  const { message, blob, added } = candidate
  const lookIntoHeader = async () => {
    const header = await readHeader(candidate, objects)
    await pace.alone(async () => {
      if (readsThread) candidate.lookForThread(header)
      await candidate.lookIntoHeader(header, fields, pace)
    })
    return predicate.test(message, candidate)
  }
  let verdict = readsHeader ? await lookIntoHeader() : undefined
  if (verdict === undefined && texts.length > 0) {
    const source = new ObjectWindow(objects, blob)
    using ahead = new HeldBytes(windowsAhead)
    // Others are looked at meanwhile.
    const begun = ahead.take(source.firstBytes)
    if (begun) await source.begin()
    candidate.found = await pace.alone(async () => {
      if (!begun) await source.begin()
      const { structure } = decodeIndex(blob.index)
      return textsIn({ source, added, structure, needles: texts, pace })
    })
    verdict = predicate.test(message, candidate)
  }
  if (verdict === undefined && !readsHeader) verdict = await lookIntoHeader()
  const wait = pace.spent(KEY_BYTES * keyCount)
  if (wait) await wait
  return verdict ?? false
}

async function readHeader({ blob, added }: Candidate, objects: ObjectStore): Promise<string> {
  const { key, offset } = blob.object
  const length = Math.min(blob.headerBytes, HEADER_SEARCHED_BYTES_MAX)
  const header = await objects.read(key, { offset, length })
  return added + (header === undefined ? '' : asBuffer(header).toString('latin1'))
}
