// A Maildir as Dovecot, Courier and qmail write it, read only and while their server runs: a file may get another name (its flags) or go at any
// moment.

import type { Stats } from 'node:fs'
import { lstat, readdir, readFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { chunks } from '#shared/runtime/chunks.ts'
import { RIGHTS_MAX } from '../folder-extras.ts'
import { rightInFile } from '../rights-there.ts'
import {
  type MailSource,
  type OpenSource,
  SourceFailure,
  type SourceMessage,
  type SourceNote,
} from '../source.ts'
import { flagsOf, parseFileName, secondsIn } from './file-name.ts'
import { parseKeywords, parseSubscriptions } from './folder-files.ts'
import { type MaildirFolder, pathIn, readLayout } from './layout.ts'
import { areDatesLost, dateOf } from './lost-dates.ts'
import { type MessageFile, openMessage, READ_WHOLE_BYTES } from './message-file.ts'
import { DOVECOT_FORMAT, type PopIds, popIdsBy } from './pop-ids.ts'
import { readScripts } from './scripts.ts'
import { parseUidList, type UidList } from './uid-list.ts'

export type MaildirOptions = {
  /** `pop3_uidl_format` of its Dovecot; undefined: Dovecot's own, or Courier's where that wrote the uids. */
  readonly popIdFormat?: string | undefined
  /** The server runs: files that it has not numbered yet are left for later. */
  readonly live?: boolean | undefined
}

/** Files looked at in one go. */
const LOOKED_AT_ONCE = 64
/** Small ones, while those before them are stored: opening one takes longer than reading it. */
const READ_AHEAD = 16
/** Small files beside the messages. */
const SIDE_FILE_BYTES_MAX = 256 * 1024 ** 2
const NOTES_MAX = 1_000

export async function openMaildir(
  root: string,
  { popIdFormat, live = false }: MaildirOptions = {},
): Promise<MailSource> {
  const popIds = popIdsBy(popIdFormat ?? DOVECOT_FORMAT)
  if (popIds === undefined) {
    throw new SourceFailure(`names by ${JSON.stringify(popIdFormat)} only Dovecot can work out`)
  }
  const { kind, folders, notes: found } = await readLayout(root)
  const notes: SourceNote[] = [...found]
  const note = (about: string, reason: string) => {
    if (notes.length < NOTES_MAX) notes.push({ about, reason })
  }
  const byNames = new Map(folders.map((folder) => [folder.names.join('\0'), folder]))
  const delimiter = kind === 'fs' ? '/' : '.'
  return {
    identity: `maildir:${root}`,
    folders: async () => folders,
    async open({ names }) {
      const folder = byNames.get(names.join('\0'))
      if (folder === undefined) throw new SourceFailure(`no folder ${names.join('/')}`)
      return openFolder(folder, { popIds, popIdFormat, live, note })
    },
    async subscriptions() {
      const text = await sideFile(Buffer.from(root), 'subscriptions')
      if (text === undefined) return undefined
      const named = parseSubscriptions(text, delimiter)
      // INBOX need not be among them: everybody sees it.
      return [['INBOX'], ...named]
    },
    scripts: () => readScripts(homesOf(root), note),
    async rights({ names }) {
      const folder = byNames.get(names.join('\0'))
      const text = folder && (await sideFile(folder.directory, 'dovecot-acl'))
      return (text ?? '').split('\n', RIGHTS_MAX).flatMap((line) => rightInFile(line) ?? [])
    },
    notes: () => notes,
    close: async () => undefined,
  }
}

/** Where scripts may lie: beside the messages, or in the home that a folder `Maildir` is in. */
const homesOf = (root: string) =>
  /^(maildir|mail|\.maildir)$/i.test(basename(root)) ? [root, dirname(root)] : [root]

/** The text with a character for each byte; undefined where there is none. */
async function sideFile(directory: Buffer, name: string): Promise<string | undefined> {
  const path = pathIn(directory, name)
  const stats = await lstat(path).catch(() => undefined)
  if (stats === undefined || !stats.isFile() || stats.size > SIDE_FILE_BYTES_MAX) return undefined
  return await readFile(path, 'latin1').catch(() => undefined)
}

type Note = (about: string, reason: string) => void

type FolderTerms = {
  readonly popIds: PopIds
  readonly popIdFormat: string | undefined
  readonly live: boolean
  readonly note: Note
}

/** `place`: below the folder, with a character for each byte. */
type Listed = { readonly base: string; readonly letters: string; readonly place: string }

async function openFolder(folder: MaildirFolder, terms: FolderTerms): Promise<OpenSource> {
  const { directory, names } = folder
  // The list before the files: what comes in between has no record yet, and no file is taken for gone.
  const uids = await readUids(directory)
  const keywords = parseKeywords((await sideFile(directory, 'dovecot-keywords')) ?? '')
  const files = await listFiles(directory)
  const isInbox = names.length === 1 && names[0] === 'INBOX'
  const popIds = popIdsOf(uids, isInbox, terms)
  const pathOf = ({ place }: Listed) => pathIn(directory, place)
  const openListed = (listed: Listed | undefined): Promise<MessageFile> =>
    listed === undefined ? Promise.resolve({ kind: 'gone' }) : openMessage(pathOf(listed))
  return {
    numbers: uids && {
      uidValidity: uids.uidValidity,
      uidNext: uids.uidNext,
      highestModSeq: undefined,
    },
    count: files.size,
    async *messages() {
      const sorted = [...files.values()].sort((a, b) => compare(a, b, uids))
      const areLost = await areDatesLost(sorted, (one) => statsOf(pathOf(one)))
      if (areLost) {
        terms.note(
          names.join('/'),
          'its files have the times of a copy: dates are those of Received lines, or of names',
        )
      }
      for (const some of chunks(sorted, LOOKED_AT_ONCE)) {
        const found = await Promise.all(some.map((one) => statsOf(pathOf(one))))
        for (const [i, listed] of some.entries()) {
          const { base, letters } = listed
          const stats = found[i]
          const record = uids?.records.get(base)
          if (stats === undefined || (terms.live && uids !== undefined && record === undefined))
            continue
          yield {
            key: base,
            uid: record?.uid,
            flags: flagsOf(letters, keywords),
            bytes: stats.size,
            internalDateMs: areLost
              ? await dateOf({ base, path: pathOf(listed) }, stats)
              : Math.floor(stats.mtimeMs),
            saveDateMs: undefined,
            popId: popIds(base, record),
          } satisfies SourceMessage
        }
      }
    },
    async *read(messages) {
      let again: ReadonlyMap<string, Listed> | undefined
      const opening = new Map<string, Promise<MessageFile>>()
      for (const [i, message] of messages.entries()) {
        for (const next of messages.slice(i, i + READ_AHEAD)) {
          if (opening.has(next.key) || (next.bytes ?? 0) > READ_WHOLE_BYTES) continue
          opening.set(next.key, openListed(files.get(next.key)))
        }
        let file = await (opening.get(message.key) ?? openListed(files.get(message.key)))
        opening.delete(message.key)
        if (file.kind === 'gone') {
          // Its flags changed, and with them its name.
          again ??= await listFiles(directory)
          file = await openListed(again.get(message.key))
        }
        if (file.kind === 'bytes') yield { message, bytes: file.bytes }
        else if (file.kind === 'unreadable') {
          terms.note(`${names.join('/')}: ${message.key}`, file.reason)
        }
      }
    },
    close: async () => undefined,
  }
}

async function readUids(directory: Buffer): Promise<UidList | undefined> {
  for (const name of ['dovecot-uidlist', 'courierimapuiddb']) {
    const text = await sideFile(directory, name)
    const list = text === undefined ? undefined : parseUidList(text)
    if (list !== undefined) return list
  }
  return undefined
}

function popIdsOf(
  uids: UidList | undefined,
  isInbox: boolean,
  { popIds, popIdFormat }: FolderTerms,
): (base: string, record: ReturnType<UidList['records']['get']>) => string | undefined {
  if (!isInbox) return () => undefined
  // Without uids it was qmail's or Courier's, which call a message by its file.
  if (uids === undefined) return (base) => (isPopId(base) ? base : undefined)
  return (base, record) =>
    record === undefined || (popIdFormat === undefined && uids.records.size === 0)
      ? undefined
      : popIds(base, record, uids.uidValidity)
}

const isPopId = (text: string) => /^[\x21-\x7e]{1,70}$/.test(text)

/** By base name; some hundred bytes for each. */
async function listFiles(directory: Buffer): Promise<ReadonlyMap<string, Listed>> {
  const files = new Map<string, Listed>()
  // `new` first: a file that moves from there to `cur` meanwhile is seen once or twice, and not never.
  for (const name of ['new', 'cur']) {
    const below = pathIn(directory, name)
    const entries = await readdir(below, { encoding: 'latin1' }).catch(() => [])
    for (const entry of entries) {
      if (entry.startsWith('.')) continue
      const { base, flags } = parseFileName(entry)
      if (!files.has(base)) files.set(base, { base, letters: flags, place: `${name}/${entry}` })
    }
  }
  return files
}

/** Undefined: it is gone, or no file. A link is told when it is read. */
async function statsOf(path: Buffer): Promise<Stats | undefined> {
  const stats = await lstat(path).catch(() => undefined)
  return stats?.isFile() || stats?.isSymbolicLink() ? stats : undefined
}

/** By uid; behind them, as Dovecot would number them, by the time in the name. */
function compare(a: Listed, b: Listed, uids: UidList | undefined): number {
  const [uidA, uidB] = [uids?.records.get(a.base)?.uid, uids?.records.get(b.base)?.uid]
  if (uidA !== undefined && uidB !== undefined) return uidA - uidB
  if (uidA !== undefined) return -1
  if (uidB !== undefined) return 1
  const seconds = (secondsIn(a.base) ?? 0) - (secondsIn(b.base) ?? 0)
  return seconds || (a.base < b.base ? -1 : a.base > b.base ? 1 : 0)
}
