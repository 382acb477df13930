// One folder of a source brought into one folder here: what was not brought before, and what has changed there since. Interrupted anywhere it
// goes on where it was: messages are brought in batches, each a transaction that also says where they came from.

import type { FolderRef, Uid } from '#shared/contracts/mailbox.ts'
import { blobBytesOf, TOGETHER_BYTES_MAX } from '#shared/mailbox/append.ts'
import { BRING_IN_MAX } from '#shared/mailbox/bring-in.ts'
import { type FlagSet, flagList, sameFlags } from '#shared/mailbox/flags.ts'
import type { Brought, ReceivedMessage } from '#shared/mailbox/port.ts'
import { chunks } from '#shared/runtime/chunks.ts'
import { turns } from '#shared/runtime/turns.ts'
import type { Contents } from './contents.ts'
import { type Known, Ledger } from './ledger.ts'
import type { MailboxForImports } from './mailbox-for-imports.ts'
import { readable, Unreadable, unlessUnreadable } from './readable.ts'
import type { FolderReport } from './report.ts'
import {
  type OpenSource,
  SOURCE_KEY_BYTES_MAX,
  type SourceBytes,
  SourceFailure,
  type SourceMessage,
} from './source.ts'
import { keptFlags } from './source-flags.ts'
import type { WireForm } from './wire-form.ts'

export type CopyTerms = {
  /** Nothing is written; what would be brought is counted. */
  readonly dryRun: boolean
  /** Messages that are gone at the source go here too, where nobody changed them meanwhile. */
  readonly deletions: 'follow' | 'keep'
  /** Under this signal a batch that is under way ends, and no more are begun. */
  readonly signal: AbortSignal | undefined
}

/** What one step of a copy did. */
export type Progress = { readonly messages: number; readonly bytes: number }

/** Of the source's messages that may go at once without being asked about: more looks like a mailbox that was emptied or moved. */
export const DELETIONS_SHARE_MAX = 0.5
export const DELETIONS_FREE = 20

/** Bytes of messages that are held while a batch is gathered, the large ones are in the store already. */
const HELD_BYTES_MAX = 16 * 1024 ** 2
/** Messages asked of the source at once. */
const READ_AT_ONCE = 4 * BRING_IN_MAX

type Deps = { readonly mailbox: MailboxForImports; readonly contents: Contents }

export async function* copyFolder(
  deps: Deps,
  from: OpenSource,
  to: { readonly folder: FolderRef; readonly source: string },
  terms: CopyTerms,
  report: FolderReport,
): AsyncGenerator<Progress> {
  const { mailbox } = deps
  const noted = from.state && (await mailbox.foreign.sourceState(to.folder, to.source))
  if (noted !== undefined && noted === from.state) {
    report.sameAsBefore(from.count ?? 0, from.numbers !== undefined)
    return
  }
  const ledger = await Ledger.read(mailbox, to.folder, to.source)
  await keepNumbers(deps, from, to.folder, terms, report)
  const seen = new Set<string>()
  const changed: { readonly known: Known; readonly flags: FlagSet }[] = []
  let missing: SourceMessage[] = []
  /** Before what has no uid there: it gets none that a message had which is gone. */
  let isRaised = false
  for await (const message of from.messages()) {
    if (!isKey(message.key) || seen.has(message.key)) {
      report.note(message.key.slice(0, 200), 'its name at the source is not of its own')
      report.unread++
      continue
    }
    seen.add(message.key)
    report.found(message)
    const [as, known] = await ledger.lookUp(message)
    // Its key may be another one since.
    seen.add(as)
    if (known !== undefined) {
      report.already++
      deps.contents.note(message, to.folder, known.uid)
      const { kept } = keptFlags(message.flags)
      if (!sameFlags(kept, known.flags)) changed.push({ known, flags: kept })
    } else {
      if (message.uid === undefined && !isRaised) {
        isRaised = true
        yield* bring(deps, from, missing, to, ledger, terms, report)
        missing = []
        await raiseUidNext(deps, from, to.folder, terms, report)
      }
      missing.push(message)
    }
    if (missing.length >= READ_AT_ONCE) {
      yield* bring(deps, from, missing, to, ledger, terms, report)
      missing = []
    }
    if (terms.signal?.aborted) return
    const wait = turns.step()
    if (wait) await wait
  }
  yield* bring(deps, from, missing, to, ledger, terms, report)
  if (terms.signal?.aborted) return
  await followFlags(deps, to, changed, terms, report)
  await followDeletions(deps, to, ledger, seen, terms, report)
  await raiseUidNext(deps, from, to.folder, terms, report)
  if (from.state !== undefined && report.unread === 0 && !terms.dryRun) {
    await mailbox.foreign.noteSourceState(to.folder, to.source, from.state)
  }
}

const isKey = (key: string) => key !== '' && Buffer.byteLength(key) <= SOURCE_KEY_BYTES_MAX

async function keepNumbers(
  { mailbox }: Deps,
  { numbers }: OpenSource,
  folder: FolderRef,
  { dryRun }: CopyTerms,
  report: FolderReport,
): Promise<void> {
  if (numbers === undefined) return
  if (dryRun) {
    report.uids = 'kept'
    return
  }
  const { uidValidity, highestModSeq } = numbers
  const { kind } = await mailbox.foreign.adopt(folder, { uidValidity, highestModSeq })
  report.uids = kind === 'adopted' ? 'kept' : 'new'
}

async function raiseUidNext(
  { mailbox }: Deps,
  { numbers }: OpenSource,
  folder: FolderRef,
  { dryRun }: CopyTerms,
  report: FolderReport,
): Promise<void> {
  const uidNext = numbers?.uidNext
  if (report.uids === 'kept' && uidNext !== undefined && !dryRun) {
    await mailbox.foreign.raiseUidNext(folder, uidNext)
  }
}

async function* bring(
  { mailbox, contents }: Deps,
  from: OpenSource,
  messages: readonly SourceMessage[],
  to: { readonly folder: FolderRef },
  ledger: Ledger,
  terms: CopyTerms,
  report: FolderReport,
): AsyncGenerator<Progress> {
  if (messages.length === 0) return
  if (terms.dryRun) {
    yield report.wouldBring(messages)
    return
  }
  let batch: Arrived[] = []
  let held = 0
  let indexBytes = 0
  const unread = new Set(messages.map(({ key }) => key))
  let writing: Promise<Progress> | undefined
  /** The next batch is read while this one is written. */
  const write = (arrived: readonly Arrived[]) => {
    const progress = writeBatch({ mailbox, contents }, to.folder, ledger, arrived, report)
    // Awaited below; a rejection meanwhile is nobody's yet.
    progress.catch(() => undefined)
    return progress
  }
  try {
    for await (const read of withCopies(from, messages, contents)) {
      const { message } = read
      let form: WireForm | undefined
      const received =
        'copy' in read
          ? read.copy
          : await mailbox
              .receive(readable(read.bytes, (told) => (form = told)))
              .catch(unlessUnreadable)
      if (received instanceof Unreadable) {
        if (received.isGone) unread.delete(message.key)
        else report.note(message.key, `cannot be read: ${received.message}`)
        continue
      }
      unread.delete(message.key)
      if (form !== undefined && form.nuls > 0) report.mended(message, `${form.nuls} NUL bytes`)
      batch.push(arrivedOf(message, received, report))
      held += Math.min(received.blob.object.length, HELD_EACH_MAX)
      indexBytes += blobBytesOf(received)
      const isFull =
        batch.length === BRING_IN_MAX ||
        held > HELD_BYTES_MAX / 2 ||
        indexBytes > TOGETHER_BYTES_MAX - INDEX_BYTES_MAX
      if (!isFull) continue
      if (writing) yield await writing
      writing = write(batch)
      ;[batch, held, indexBytes] = [[], 0, 0]
      if (terms.signal?.aborted) break
    }
  } catch (error) {
    for (const { received } of batch) await received.discard()
    if (writing) yield await writing
    throw error
  }
  if (writing) yield await writing
  if (batch.length > 0) yield await write(batch)
  if (terms.signal?.aborted) return
  report.unread += unread.size
}

/** More of a message is not held in any driver but written as it comes. */
const HELD_EACH_MAX = 64 * 1024
/** The index of one message at its largest. */
const INDEX_BYTES_MAX = 300_000

type Received = Pick<ReceivedMessage, 'blob' | 'endsLine' | 'commit' | 'discard'>
type Arrived = {
  readonly message: SourceMessage
  readonly received: Received
  readonly brought: Brought
}
type Read = SourceBytes | { readonly message: SourceMessage; readonly copy: Received }

/** In their order, which uids need: those that are here already in another folder, between those that are read. */
async function* withCopies(
  from: OpenSource,
  messages: readonly SourceMessage[],
  contents: Contents,
): AsyncGenerator<Read> {
  const copies = await contents.find(messages)
  if (copies.size === 0) return yield* from.read(messages)
  const reading = from.read(messages.filter(({ key }) => !copies.has(key)))[Symbol.asyncIterator]()
  try {
    let next: IteratorResult<SourceBytes> | undefined
    for (const message of messages) {
      const record = copies.get(message.key)
      const blob = record && (await contents.blob(record))
      if (record !== undefined && blob !== undefined) {
        yield { message, copy: { blob, endsLine: !record.unended, ...nothingToStore } }
        continue
      }
      next ??= await reading.next()
      if (next.done || next.value.message.key !== message.key) continue
      yield next.value
      next = undefined
    }
  } finally {
    await reading.return?.()
  }
}

/** Its bytes are in the store. */
const nothingToStore = { commit: async () => undefined, discard: async () => undefined }

function arrivedOf(message: SourceMessage, received: Received, report: FolderReport): Arrived {
  const { key, uid, internalDateMs, saveDateMs, popId, popOrder } = message
  const { kept, dropped } = keptFlags(message.flags)
  for (const flag of dropped) report.droppedFlag(flag)
  report.fits(kept.keywords)
  const { blob, endsLine } = received
  return {
    message,
    received,
    brought: {
      key,
      blob,
      flags: kept,
      internalDateMs,
      saveDateMs,
      uid: report.uids === 'kept' ? uid : undefined,
      unended: !endsLine,
      popId,
      popOrder,
    },
  }
}

async function writeBatch(
  { mailbox, contents }: Deps,
  folder: FolderRef,
  ledger: Ledger,
  batch: readonly Arrived[],
  report: FolderReport,
): Promise<Progress> {
  const origin = { source: ledger.source, batch: ledger.take() }
  const messages = batch.map(({ brought }) => brought)
  // Bytes first: a message that is noted as brought is never brought again. What a crash leaves in between the collector finds.
  await Promise.all(batch.map(({ received }) => received.commit()))
  const written = await mailbox.foreign.bringIn(folder, origin, messages)
  switch (written.kind) {
    case 'brought':
      for (const [i, { message }] of batch.entries()) {
        const uid = written.uids[i]
        if (uid !== undefined) contents.note(message, folder, uid)
      }
      return report.broughtIn(messages, written.uids)
    case 'others-bring-in':
      throw new SourceFailure('another import of the same mailbox is at work')
    case 'no-such-folder':
      throw new SourceFailure('the folder was removed here meanwhile')
  }
}

/** What changed at the source since it was last looked at is changed here, and nothing else: whatever users did here stays. */
async function followFlags(
  { mailbox }: Pick<Deps, 'mailbox'>,
  { folder, source }: { readonly folder: FolderRef; readonly source: string },
  changed: readonly { readonly known: Known; readonly flags: FlagSet }[],
  { dryRun }: CopyTerms,
  report: FolderReport,
): Promise<void> {
  report.flagsChanged += changed.length
  if (dryRun || changed.length === 0) return
  const alike = Map.groupBy(changed, ({ known, flags }) => differenceText(known.flags, flags))
  for (const some of alike.values()) {
    const first = some[0]
    if (first === undefined) continue
    const uids = some.map(({ known }) => known.uid).sort((a, b) => a - b)
    const { added, removed } = difference(first.known.flags, first.flags)
    if (added.length > 0) await mailbox.storeFlags(folder, uids, { mode: 'add', flags: added })
    if (removed.length > 0) {
      await mailbox.storeFlags(folder, uids, { mode: 'remove', flags: removed })
    }
  }
  await noteThere({ mailbox }, { folder, source }, changed)
}

/** How messages are at the source now; `flags` null: gone. */
async function noteThere(
  { mailbox }: Pick<Deps, 'mailbox'>,
  { folder, source }: { readonly folder: FolderRef; readonly source: string },
  changed: readonly { readonly known: Known; readonly flags: FlagSet | null }[],
): Promise<void> {
  const byBatch = Map.groupBy(changed, ({ known }) => known.batch)
  for await (const { batch, ...there } of mailbox.foreign.origins(folder, source)) {
    const some = byBatch.get(batch)
    if (some === undefined) continue
    const keys = [...there.keys]
    const flags = [...there.flags]
    for (const { known, flags: now } of some) {
      if (now === null) keys[known.position] = ''
      else flags[known.position] = now
    }
    await mailbox.foreign.noteBatch(folder, { source, batch }, { keys, flags })
  }
}

function difference(before: FlagSet, after: FlagSet) {
  const [old, now] = [flagList(before), flagList(after)]
  const has = (flags: readonly string[], flag: string) =>
    flags.some((one) => one.toLowerCase() === flag.toLowerCase())
  return {
    added: now.filter((flag) => !has(old, flag)),
    removed: old.filter((flag) => !has(now, flag)),
  }
}

const differenceText = (before: FlagSet, after: FlagSet) => {
  const { added, removed } = difference(before, after)
  return `${added.join(' ')}\n${removed.join(' ')}`
}

async function followDeletions(
  { mailbox }: Pick<Deps, 'mailbox'>,
  { folder, source }: { readonly folder: FolderRef; readonly source: string },
  ledger: Ledger,
  seen: ReadonlySet<string>,
  { dryRun, deletions }: CopyTerms,
  report: FolderReport,
): Promise<void> {
  const gone = new Map<Uid, Known>()
  for (const [key, known] of ledger.entries()) if (!seen.has(key)) gone.set(known.uid, known)
  if (gone.size === 0) return
  const uids = [...gone.keys()].sort((a, b) => a - b)
  const untouched: Known[] = []
  for (const chunk of chunks(uids, 1_000)) {
    for (const { uid, flags } of await mailbox.readMessages(folder, chunk)) {
      const known = gone.get(uid)
      if (known !== undefined && sameFlags(known.flags, flags)) untouched.push(known)
      else report.keptGone++
    }
  }
  if (untouched.length === 0) return
  const isMany =
    untouched.length > DELETIONS_FREE && untouched.length > ledger.size * DELETIONS_SHARE_MAX
  if (deletions === 'keep' || isMany) {
    report.keptGone += untouched.length
    if (isMany && deletions === 'follow') {
      report.note('', `${untouched.length} messages are gone at the source: so many are kept here`)
    }
    return
  }
  report.removed += untouched.length
  if (dryRun) return
  await mailbox.expunge(
    folder,
    untouched.map(({ uid }) => uid),
  )
  await noteThere(
    { mailbox },
    { folder, source },
    untouched.map((known) => ({ known, flags: null })),
  )
}
