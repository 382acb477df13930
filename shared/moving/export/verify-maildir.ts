// A Maildir that was written compared with the mailbox message by message: everything is read on both sides, the lists of Dovecot too.

import type { Message } from '#shared/contracts/mailbox.ts'
import { chunks } from '#shared/runtime/chunks.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import { digestOf } from '../mailboxes/digest.ts'
import { flagsOf, parseFileName } from '../mailboxes/maildir/file-name.ts'
import { parseKeywords } from '../mailboxes/maildir/folder-files.ts'
import { parseUidList } from '../mailboxes/maildir/uid-list.ts'
import { DamagedEntry } from '../workmail/export/archive.ts'
import { baseOf, folderDirectory, folderGuid, letteredKeywords, ownBase } from './maildir-names.ts'
import { MANIFEST_FILE, type ManifestLine, readManifest } from './manifest.ts'
import { bytesOf, type OwnFolder, type OwnMailbox, ownFolders, ownMessages } from './own-mailbox.ts'
import type { ExportStep } from './report.ts'
import { ownFiles, staleFolders } from './stale-folders.ts'
import { writtenSummary } from './summary.ts'
import type { WrittenFiles } from './target.ts'
import {
  type ExportDifference,
  type ExportVerdict,
  sameFlags,
  sameSecond,
  Verdict,
} from './verdict.ts'

const TOLD_EACH = 64
/** Each reads a message here and there. */
const PARALLEL = 8
/** Lists beside the messages. */
const LIST_BYTES_MAX = 256 * 1024 ** 2

export async function* verifyMaildir(
  own: OwnMailbox,
  files: WrittenFiles,
  isWanted: (path: string) => boolean = () => true,
): AsyncGenerator<ExportStep, readonly ExportVerdict[]> {
  const summary = await writtenSummary(files, { account: own.account, format: 'maildir' })
  const verdicts: ExportVerdict[] = []
  const folders = await ownFolders(own)
  for (const folder of folders) {
    if (isWanted(folder.path)) verdicts.push(yield* verifyFolder(own, folder, files))
  }
  for (const place of staleFolders(summary, folders)) {
    const others = (await ownFiles(files, place)).length
    if (others > 0) verdicts.push(new Verdict().of(place, others))
  }
  return verdicts
}

async function* verifyFolder(
  own: OwnMailbox,
  from: OwnFolder,
  files: WrittenFiles,
): AsyncGenerator<ExportStep, ExportVerdict> {
  const messages = (await ownMessages(own, from))?.messages ?? []
  const written = await readFolder(from, messages, files)
  const verdict = new Verdict()
  for (const some of chunks(messages, TOLD_EACH)) {
    let bytes = 0
    const found = await concurrently(some, PARALLEL, async (message) => {
      const { what, read } = await compare(own, message, written, files)
      bytes += read
      return what
    })
    for (const [i, message] of some.entries()) verdict.add(message.uid, found[i] ?? 'missing')
    yield { messages: some.length, bytes }
  }
  return verdict.of(from.path, written.names.size)
}

/** A folder as it was written. */
type Written = {
  /** Below the root. */
  readonly cur: string
  /** Files that were not compared yet, by base. */
  readonly names: Map<string, string>
  readonly lines: ReadonlyMap<string, ManifestLine>
  readonly uidOf: (name: string) => number | undefined
  readonly flagsOf: (name: string) => readonly string[]
  /** As far as there are letters. */
  readonly expectedFlags: (message: Message) => readonly string[]
  readonly baseOf: (message: Message) => string
}

async function readFolder(
  { names: path, folder }: OwnFolder,
  messages: readonly Message[],
  files: WrittenFiles,
): Promise<Written> {
  const { directory } = folderDirectory(path)
  const place = directory === '' ? '' : `${directory}/`
  const noted = await readManifest(files, place + MANIFEST_FILE)
  const names = new Map<string, string>()
  for (const file of (await files.list(`${place}cur`)).keys()) {
    const base = ownBase(file)
    if (base !== undefined) names.set(base, file)
  }
  const keywords = parseKeywords(await textOf(files, `${place}dovecot-keywords`))
  const list = parseUidList(await textOf(files, `${place}dovecot-uidlist`))
  const uids = list?.uidValidity === folder.uidValidity ? list.records : undefined
  const left = new Set(letteredKeywords(messages).left)
  const guid = folderGuid(folder)
  return {
    cur: `${place}cur/`,
    names,
    lines: new Map([...noted.values()].map((line) => [ownBase(line.name) ?? line.name, line])),
    uidOf: (name) => uids?.get(parseFileName(name).base)?.uid,
    flagsOf: (name) => flagsOf(parseFileName(name).flags, keywords),
    expectedFlags: ({ flags }) => flags.filter((flag) => !left.has(flag)),
    baseOf: (message) => baseOf(guid, message),
  }
}

async function textOf(files: WrittenFiles, path: string): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of (await files.read(path)) ?? []) {
    bytes += chunk.length
    if (bytes > LIST_BYTES_MAX) return ''
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('latin1')
}

type Compared = { readonly what: ExportDifference['what'] | 'equal'; readonly read: number }

async function compare(
  own: OwnMailbox,
  message: Message,
  written: Written,
  files: WrittenFiles,
): Promise<Compared> {
  const base = written.baseOf(message)
  const name = written.names.get(base)
  const line = written.lines.get(base)
  written.names.delete(base)
  if (name === undefined || line === undefined) return { what: 'missing', read: 0 }
  const there = await digestThere(files, written.cur + name)
  if (there === undefined) return { what: 'bytes', read: 0 }
  const { sha256, bytes: read } = there
  const stored = await bytesOf(own, message)
  if (stored === undefined) return { what: 'lost', read }
  const here = await digestOf(stored)
  if (sha256 !== here.sha256 || sha256 !== line.sha256) return { what: 'bytes', read }
  if (written.uidOf(name) !== message.uid || line.uid !== message.uid) return { what: 'uid', read }
  const areSame =
    sameFlags(line.flags, message.flags) &&
    sameFlags(written.flagsOf(name), written.expectedFlags(message))
  if (!areSame) return { what: 'flags', read }
  const changedMs = await files.changedMs(written.cur + name)
  const isSame =
    Date.parse(line.internalDate) === message.internalDateMs &&
    changedMs !== undefined &&
    sameSecond(changedMs, message.internalDateMs)
  return { what: isSame ? 'equal' : 'date', read }
}

/** Undefined: it is not what the archive says of it, or has gone. */
async function digestThere(files: WrittenFiles, path: string) {
  const bytes = await files.read(path)
  if (bytes === undefined) return undefined
  return await digestOf(bytes).catch((error: unknown) => {
    if (error instanceof DamagedEntry) return undefined
    throw error
  })
}
