// An exported mailbox of WorkMail as a source of mail. Folders come from the paths, what a file is from its first bytes. Flags are not known to
// survive an export, so all is as read. A message is known again by its bytes, whatever it is called in a later export.

import { createHash } from 'node:crypto'
import { turns } from '#shared/runtime/turns.ts'
import {
  type MailSource,
  type OpenSource,
  SourceFailure,
  type SourceFolder,
  type SourceItem,
  type SourceMessage,
  type SourceNote,
} from '../../mailboxes/source.ts'
import { type Archive, type ArchiveEntry, DamagedEntry, openArchive } from './archive.ts'
import type { ByteRanges } from './byte-ranges.ts'
import { type Counted, differences, type ExportLog } from './export-log.ts'
import { type ExportedItem, exportedItem, HEAD_BYTES } from './exported-item.ts'
import { folderNames, rootDepth, segmentsOf } from './folder-names.ts'

export type ExportSourceOptions = {
  /** The same for every export of this mailbox: the id that WorkMail gives its owner. */
  readonly mailbox: string
  /** Where it does not lie in the archive. */
  readonly log?: ExportLog | undefined
}

type Content = { readonly folder: SourceFolder; readonly entries: readonly ArchiveEntry[] }

/** Kept; all are counted. */
export const NOTES_MAX = 1_000

export async function openExport(
  ranges: ByteRanges,
  { mailbox, log: given }: ExportSourceOptions,
): Promise<MailSource> {
  const archive = await openArchive(ranges)
  const contents = contentsOf(archive.entries)
  const notes: SourceNote[] = []
  const counts = { mail: 0, calendar: 0, contacts: 0, unknown: 0, faulty: 0 }
  const counted = new Set<ArchiveEntry>()
  let log = given

  /** What is no mail. */
  const items = new Map<ArchiveEntry, SourceItem['kind']>()
  let areKept = false

  const note = (about: string, reason: string, isLost?: boolean) => {
    if (notes.length < NOTES_MAX) notes.push({ about, reason, isLost })
  }

  /** Once each, however often it is looked at. */
  function count(entry: ArchiveEntry, kind: keyof Counted, reason?: string): void {
    if (counted.has(entry)) return
    counted.add(entry)
    counts[kind]++
    if (reason !== undefined) note(entry.path, reason, kind === 'faulty')
  }

  async function look(entry: ArchiveEntry): Promise<ExportedItem | undefined> {
    if (entry.fault !== undefined) {
      count(entry, 'faulty', entry.fault)
      return undefined
    }
    try {
      const item = exportedItem(await headOf(archive, entry))
      switch (item.kind) {
        case 'mail':
          count(entry, 'mail')
          break
        case 'log':
          log = item.log
          break
        case 'calendar':
        case 'contact':
          count(entry, item.kind === 'contact' ? 'contacts' : 'calendar')
          items.set(entry, item.kind)
          break
        case 'unknown':
          count(entry, 'unknown', 'it is neither mail nor of a calendar')
          items.set(entry, 'other')
      }
      return item
    } catch (error) {
      if (!(error instanceof DamagedEntry)) throw error
      count(entry, 'faulty', error.message)
      return undefined
    }
  }

  async function hasMail({ entries }: Content): Promise<boolean> {
    // A folder without anything is one of mail as likely as not.
    if (entries.length === 0) return true
    for (const entry of entries) {
      await turns.step()
      if ((await look(entry))?.kind === 'mail') return true
    }
    return false
  }

  async function* messagesOf(
    { entries }: Content,
    entryOf: Map<string, ArchiveEntry>,
  ): AsyncGenerator<SourceMessage> {
    const copies = new Map<string, number>()
    for (const entry of entries) {
      await turns.step()
      const item = await look(entry)
      if (item?.kind !== 'mail') continue
      const alike = keyOf(entry, item.messageId)
      const copy = (copies.get(alike) ?? 0) + 1
      copies.set(alike, copy)
      // Of several that are the same to the byte each has its own.
      const key = copy === 1 ? alike : `${alike}.${copy}`
      entryOf.set(key, entry)
      yield {
        key,
        ...{ uid: undefined, saveDateMs: undefined, popId: undefined },
        flags: ['\\Seen'],
        internalDateMs: item.receivedMs ?? entry.modifiedMs,
        bytes: entry.size,
      }
    }
  }

  /** Held as a whole, so that nobody is given the beginning of what is damaged further on. */
  async function wholeOf(entry: ArchiveEntry): Promise<readonly Uint8Array[] | undefined> {
    try {
      return await Array.fromAsync(archive.read(entry))
    } catch (error) {
      if (!(error instanceof DamagedEntry)) throw error
      const kind = countedAs(items.get(entry))
      counts[kind]--
      counts.faulty++
      // Of a message it is counted where it was to come.
      note(entry.path, error.message, kind !== 'mail')
      return undefined
    }
  }

  async function* itemsOf({ folder, entries }: Content): AsyncGenerator<SourceItem> {
    for (const entry of entries) {
      const kind = items.get(entry)
      const bytes = kind && (await wholeOf(entry))
      if (kind === undefined || bytes === undefined) continue
      yield { kind, folder: folder.names, name: segmentsOf(entry.path).at(-1) ?? '', bytes }
    }
  }

  return {
    identity: `workmail ${mailbox}`,

    async folders() {
      const found: SourceFolder[] = []
      for (const content of contents) {
        if (await hasMail(content)) found.push(content.folder)
        else
          note(content.folder.names.join('/'), 'nothing in it is mail, so there is no such folder')
      }
      return found
    },

    async open(folder): Promise<OpenSource> {
      const content = contents.find((one) => one.folder === folder)
      if (content === undefined) throw new SourceFailure('the archive has no such folder')
      const entryOf = new Map<string, ArchiveEntry>()
      return {
        numbers: undefined,
        count: content.entries.length,
        messages: () => messagesOf(content, entryOf),
        async *read(messages) {
          for (const message of messages) {
            const entry = entryOf.get(message.key)
            const chunks = entry && (await wholeOf(entry))
            if (chunks !== undefined) yield { message, bytes: inOrder(chunks) }
          }
        },
        close: async () => undefined,
      }
    },

    subscriptions: async () => undefined,
    scripts: async () => [],

    async *items() {
      areKept = true
      for (const content of contents) yield* itemsOf(content)
    },

    notes() {
      const { calendar, contacts } = counts
      const behind = [
        ...(areKept
          ? []
          : [
              ...stays(calendar, 'item of a calendar', 'items of calendars'),
              ...stays(contacts, 'contact', 'contacts'),
            ]),
        ...(log === undefined ? [] : differences(log, counts)),
      ]
      return [...notes, ...behind.map((reason) => ({ about: 'export', reason }))]
    },

    close: () => archive.close(),
  }
}

function countedAs(kind: SourceItem['kind'] | undefined): keyof Counted {
  switch (kind) {
    case undefined:
      return 'mail'
    case 'contact':
      return 'contacts'
    case 'calendar':
      return 'calendar'
    case 'other':
      return 'unknown'
  }
}

function stays(count: number, one: string, many: string): readonly string[] {
  if (count === 0) return []
  return [count === 1 ? `1 ${one} stays in the archive` : `${count} ${many} stay in the archive`]
}

/** Folders in the order in which they come first. */
function contentsOf(entries: readonly ArchiveEntry[]): readonly Content[] {
  const placed = entries.map((entry) => {
    const segments = segmentsOf(entry.path)
    return { entry, folder: entry.isFolder ? segments : segments.slice(0, -1) }
  })
  // A log or a list beside the folders lies in none.
  const inFolders = placed.filter(({ folder }) => folder.length > 0)
  const depth = rootDepth(inFolders.map(({ folder }) => folder))
  const byName = new Map<string, { names: readonly string[]; entries: ArchiveEntry[] }>()
  for (const { entry, folder } of placed) {
    // What stands before all folders is none.
    if (entry.isFolder && folder.length <= depth) continue
    const names = folderNames(folder, depth)
    const key = names.join('\0')
    const found = byName.get(key) ?? { names, entries: [] }
    byName.set(key, found)
    if (!entry.isFolder) found.entries.push(entry)
  }
  return [...byName.values()].map(({ names, entries }) => ({
    folder: { names, uses: [], selectable: true },
    entries,
  }))
}

async function headOf(archive: Archive, entry: ArchiveEntry): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of archive.read(entry)) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= HEAD_BYTES) break
  }
  return Buffer.concat(chunks).subarray(0, HEAD_BYTES)
}

async function* inOrder(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

/** The same bytes have it in each export. The checksum alone would be another's by chance; the Message-ID alone is anybody's to choose. */
function keyOf({ crc32, size }: ArchiveEntry, messageId: string): string {
  const id = createHash('sha256').update(messageId, 'latin1').digest('hex').slice(0, ID_CHARACTERS)
  return `${crc32.toString(16).padStart(8, '0')}-${size}-${id}`
}
const ID_CHARACTERS = 16
