// Mboxes that were written compared with the mailbox: read as our import reads them, with the quoting of mboxrd taken away. What an mbox cannot hold
// (mbox-message.ts tells what that is of a message) is not held against it.

import type { Message } from '#shared/contracts/mailbox.ts'
import { digestOf } from '../mailboxes/digest.ts'
import { openMboxFile } from '../mailboxes/mbox/mbox-messages.ts'
import type { OpenSource, SourceMessage } from '../mailboxes/source.ts'
import { wireForm } from '../mailboxes/wire-form.ts'
import { asReadBack, measure } from './mbox-message.ts'
import { type MboxPlace, mboxPlaces, staleMboxes } from './mbox-names.ts'
import { bytesOf, type OwnMailbox, ownFolders, ownMessages } from './own-mailbox.ts'
import { readAgain } from './read-again.ts'
import type { ExportStep } from './report.ts'
import { writtenSummary } from './summary.ts'
import type { WrittenFiles } from './target.ts'
import {
  type ExportDifference,
  type ExportVerdict,
  sameFlags,
  sameSecond,
  Verdict,
} from './verdict.ts'

export async function* verifyMbox(
  own: OwnMailbox,
  files: WrittenFiles,
  isWanted: (path: string) => boolean = () => true,
): AsyncGenerator<ExportStep, readonly ExportVerdict[]> {
  const summary = await writtenSummary(files, { account: own.account, format: 'mbox' })
  const verdicts: ExportVerdict[] = []
  const places = mboxPlaces(await ownFolders(own))
  for (const place of places) {
    if (isWanted(place.from.path)) verdicts.push(yield* verifyFolder(own, place, files))
  }
  for (const file of staleMboxes(summary, places)) {
    await using opened = await openWritten(files, file)
    const others = opened === undefined ? 0 : (await Array.fromAsync(opened.messages())).length
    if (others > 0) verdicts.push(new Verdict().of(file, others))
  }
  return verdicts
}

async function* verifyFolder(
  own: OwnMailbox,
  { from, file }: MboxPlace,
  files: WrittenFiles,
): AsyncGenerator<ExportStep, ExportVerdict> {
  const messages = (await ownMessages(own, from))?.messages ?? []
  const verdict = new Verdict()
  await using opened = await openWritten(files, file)
  const written = opened === undefined ? [] : await Array.fromAsync(opened.messages())
  const hasUids = opened?.numbers?.uidValidity === from.folder.uidValidity
  const pairs = paired(messages, hasUids ? written : written.map(withoutUid))
  const found = new Set(pairs.map(({ message }) => message.uid))
  for (const { uid } of messages) if (!found.has(uid)) verdict.add(uid, 'missing')
  const byThere = new Map(pairs.map((pair) => [pair.there.key, pair]))
  for await (const { message: there, bytes } of opened?.read(pairs.map((pair) => pair.there)) ??
    []) {
    const { sha256, bytes: read } = await digestOf(wireForm(bytes))
    const message = byThere.get(there.key)?.message
    if (message === undefined) continue
    verdict.add(message.uid, await compare(own, message, there, sha256))
    yield { messages: 1, bytes: read }
  }
  return verdict.of(from.path, written.length - pairs.length)
}

const withoutUid = (message: SourceMessage): SourceMessage => ({ ...message, uid: undefined })

type Pair = { readonly message: Message; readonly there: SourceMessage }

/** By uid; those whose header is too large to have one in it, in the order that both have. */
function paired(messages: readonly Message[], written: readonly SourceMessage[]): readonly Pair[] {
  const byUid = new Map(written.map((there) => [there.uid, there]))
  const others = written.filter(({ uid }) => uid === undefined).values()
  return messages.flatMap((message) => {
    const there = byUid.get(message.uid) ?? others.next().value
    return there === undefined ? [] : [{ message, there }]
  })
}

async function compare(
  own: OwnMailbox,
  message: Message,
  there: SourceMessage,
  sha256: string,
): Promise<ExportDifference['what'] | 'equal'> {
  const [first, second] = [await bytesOf(own, message), await bytesOf(own, message)]
  if (first === undefined || second === undefined) return 'lost'
  const measured = await measure(first)
  const { digest, losses } = measured
  const expected =
    losses.length === 0 ? digest : await digestOf(wireForm(asReadBack(second, measured)))
  if (sha256 !== expected.sha256) return 'bytes'
  if (!sameSecond(there.internalDateMs, message.internalDateMs)) return 'date'
  if (measured.hasStatus) {
    if (there.uid !== message.uid) return 'uid'
    if (!sameFlags(there.flags, message.flags)) return 'flags'
  }
  return 'equal'
}

/** Undefined: there is no such file. */
async function openWritten(
  files: WrittenFiles,
  path: string,
): Promise<(OpenSource & AsyncDisposable) | undefined> {
  const slash = path.lastIndexOf('/')
  const sizes = await files.list(path.slice(0, Math.max(0, slash)))
  const size = sizes.get(path.slice(slash + 1))
  if (size === undefined) return undefined
  const file = readAgain(path, size, () => files.read(path))
  const opened = await openMboxFile(file, { zone: utc, unquote: true })
  return { ...opened, [Symbol.asyncDispose]: () => opened.close() }
}

/** As it was written. */
const utc = () => 0
