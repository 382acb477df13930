// Mail in mboxes, as Dovecot, Thunderbird, mail programs of Unix and Google Takeout write them, read only.

import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { decodedName } from '../maildir/folder-files.ts'
import { DOVECOT_FORMAT, type PopIds, popIdsBy } from '../maildir/pop-ids.ts'
import {
  type MailSource,
  type OpenSource,
  SourceFailure,
  type SourceMessage,
  type SourceNote,
} from '../source.ts'
import { type utcMs, zoneOf } from './from-line.ts'
import { placeOf } from './labels.ts'
import { MBOX_FOLDERS_MAX, type MboxFolder, openFile, readMboxes } from './layout.ts'
import { HEADER_BYTES_MAX, type MboxEntry, mboxEntries, type ReadableFile } from './mbox-file.ts'
import { requoted } from './quoting.ts'
import { shownHeader } from './status-header.ts'

export type MboxOptions = {
  /** Where INBOX is, if not among the others. */
  readonly inbox?: string | undefined
  /** Of the times in its From lines, which say none: `+0100`, or a name as `Europe/Berlin`. */
  readonly timezone?: string | undefined
  /** Lines `>From ` were quoted as mboxrd has it, and lose a `>`. Without this they stay: a wrong guess breaks signatures. */
  readonly unquote?: boolean | undefined
  /** Of Google Takeout: folders are the labels in the messages, and not the files. */
  readonly labels?: boolean | undefined
  /** `pop3_uidl_format` of the server that gave the uids; undefined: Dovecot's own. */
  readonly popIdFormat?: string | undefined
}

const SUBSCRIPTIONS_BYTES_MAX = 16 * 1024 ** 2

export async function openMbox(
  root: string,
  { inbox, timezone = 'UTC', unquote = false, labels = false, popIdFormat }: MboxOptions = {},
): Promise<MailSource> {
  const popIds = popIdsBy(popIdFormat ?? DOVECOT_FORMAT)
  if (popIds === undefined) {
    throw new SourceFailure(`names by ${JSON.stringify(popIdFormat)} only Dovecot can work out`)
  }
  const zone = zoneOf(timezone)
  if (zone === undefined) throw new SourceFailure(`${timezone} is no time zone`)
  const found = await readMboxes(root, inbox)
  const { folders, notes } = labels ? await byLabels(found, zone) : found
  const byNames = new Map(folders.map((folder) => [folder.names.join('\0'), folder]))
  return {
    identity: `mbox:${root}`,
    folders: async () => folders,
    async open({ names }) {
      const folder = byNames.get(names.join('\0'))
      if (folder === undefined) throw new SourceFailure(`no folder ${names.join('/')}`)
      return openFolder(folder, { zone, unquote, popIds })
    },
    async subscriptions() {
      const path = join(root, '.subscriptions')
      const stats = await stat(path).catch(() => undefined)
      if (!stats?.isFile() || stats.size > SUBSCRIPTIONS_BYTES_MAX) return undefined
      const lines = (await readFile(path, 'latin1')).split('\n').filter((line) => line !== '')
      return [['INBOX'], ...lines.map((line) => line.split('/').map(decodedName))]
    },
    scripts: async () => [],
    notes: () => notes,
    close: async () => undefined,
  }
}

type Zone = Parameters<typeof utcMs>[1]

type Folder = MboxFolder & {
  /** Undefined: all of the file. */
  readonly entries?: readonly MboxEntry[]
}

/** A file in which messages have no labels stays a folder. Memory: some hundred bytes for each message. */
async function byLabels(
  found: Awaited<ReturnType<typeof readMboxes>>,
  zone: Zone,
): Promise<{ readonly folders: readonly Folder[]; readonly notes: readonly SourceNote[] }> {
  const folders = new Map<string, Folder & { readonly entries: MboxEntry[] }>()
  let left = 0
  for (const folder of found.folders) {
    await using file = await openFile(folder.file)
    for await (const entry of mboxEntries(file, zone)) {
      const { labels } = entry.status
      const { names, others } =
        labels === undefined ? { names: folder.names, others: [] } : placeOf(labels)
      left += others.length
      // Of one file: another one may have the same label, and then its name is behind it.
      const isOthers = (at: string) => (folders.get(at)?.file ?? folder.file) !== folder.file
      const plain = names.join('\0')
      const key = isOthers(plain) ? `${plain} (${basename(folder.file)})` : plain
      const one = folders.get(key) ?? {
        ...folder,
        names: key.split('\0'),
        entries: [],
      }
      one.entries.push(entry)
      folders.set(key, one)
      if (folders.size > MBOX_FOLDERS_MAX) {
        throw new SourceFailure(`more than ${MBOX_FOLDERS_MAX} labels`)
      }
    }
  }
  const notes = [...found.notes]
  if (left > 0) {
    const reason = `each message comes once: ${left} more labels of messages do not`
    notes.push({ about: 'labels', reason })
  }
  return { folders: [...folders.values()], notes }
}

async function openFolder(
  { file: path, entries: known, names }: Folder,
  {
    zone,
    unquote,
    popIds,
  }: { readonly zone: Zone; readonly unquote: boolean; readonly popIds: PopIds },
): Promise<OpenSource> {
  const file = await openFile(path).catch((error: Error) => {
    throw new SourceFailure(`cannot read ${path}: ${error.message}`)
  })
  const { ctimeMs } = await file.stat()
  const entries = known ?? (await Array.fromAsync(mboxEntries(file, zone)))
  const base = entries[0]?.status.base
  const byKey = new Map<string, MboxEntry>()
  const isInbox = names.length === 1 && names[0] === 'INBOX'
  const popIdOf = (uid: number, { uidValidity }: NonNullable<typeof base>) =>
    popIds('', { uid, popId: undefined, popOrder: undefined, guid: undefined }, uidValidity)

  const bytesOf = (entry: MboxEntry): AsyncIterable<Uint8Array> => {
    const stored = untouched(messageBytes(file, entry))
    return unquote ? requoted(stored, -1) : stored
  }

  /** A server that removes a message moves all that stands behind it, and what is read is half of one and half of another. */
  async function* untouched(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    yield* bytes
    const now = await file.stat()
    if (now.ctimeMs === ctimeMs) return
    throw new SourceFailure(`${path} was written to while it was read; the same command goes on`)
  }

  /** By its bytes; of those that are alike by which one it is. Its place in the file changes when one before it goes. */
  async function keyOf(entry: MboxEntry, seen: Map<string, number>): Promise<string> {
    const hash = createHash('sha256')
    for await (const chunk of messageBytes(file, entry)) hash.update(chunk)
    const digest = hash.digest('hex').slice(0, 40)
    const n = (seen.get(digest) ?? 0) + 1
    seen.set(digest, n)
    return `${digest}.${n}`
  }

  return {
    numbers: base && {
      uidValidity: base.uidValidity,
      uidNext: base.lastUid + 1,
      highestModSeq: undefined,
    },
    count: undefined,
    async *messages() {
      const seen = new Map<string, number>()
      for (const { entry, uid } of numbered(entries, base?.lastUid ?? 0)) {
        const key =
          uid === undefined || base === undefined
            ? await keyOf(entry, seen)
            : `${base.uidValidity}.${uid}`
        byKey.set(key, entry)
        yield {
          key,
          ...(uid !== undefined && { formerKey: () => keyOf(entry, seen) }),
          uid,
          flags: entry.status.flags,
          bytes: entry.end - entry.start,
          internalDateMs: entry.dateMs,
          saveDateMs: undefined,
          popId:
            isInbox && uid !== undefined && base !== undefined ? popIdOf(uid, base) : undefined,
        } satisfies SourceMessage
      }
    },
    async *read(messages) {
      for (const message of messages) {
        const entry = byKey.get(message.key)
        if (entry !== undefined) yield { message, bytes: bytesOf(entry) }
      }
    },
    async close() {
      byKey.clear()
      await file.close()
    },
  }
}

/**
 * With the uids that the server gave: no higher than the last one that it says to have given, and ascending. What a stranger wrote into a message that
 * no server has seen yet is no uid. Those without one come behind.
 */
function numbered(
  entries: readonly MboxEntry[],
  lastUid: number,
): { readonly entry: MboxEntry; readonly uid: number | undefined }[] {
  let last = 0
  const all = entries
    .filter(({ status }) => !status.pseudo)
    .map((entry) => {
      const { uid } = entry.status
      if (uid === undefined || uid <= last || uid > lastUid) return { entry, uid: undefined }
      last = uid
      return { entry, uid }
    })
  return [
    ...all.filter(({ uid }) => uid !== undefined),
    ...all.filter(({ uid }) => uid === undefined),
  ]
}

/** Without the lines that speak of it. A header that is too large to be one stays as it is. */
async function* messageBytes(
  file: ReadableFile,
  { start, body, end }: MboxEntry,
): AsyncGenerator<Uint8Array> {
  const hasHeader = body - start <= HEADER_BYTES_MAX
  if (hasHeader) {
    const header: Uint8Array[] = []
    for await (const piece of span(file, start, body)) header.push(piece)
    const shown = shownHeader(Buffer.concat(header).toString('latin1'))
    if (shown !== '') yield Buffer.from(shown, 'latin1')
  }
  yield* span(file, hasHeader ? body : start, end)
}

const READ_BYTES = 256 * 1024

async function* span(file: ReadableFile, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; ) {
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, end - at))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
    if (bytesRead === 0) throw new SourceFailure('the file got shorter while it was read')
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}
