// A Maildir as Dovecot, Courier and qmail write it, read only and while their server runs: a file may get another name (its flags) or go at any
// moment.

import type { Stats } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { Readable } from 'node:stream'
import { chunks } from '#shared/runtime/chunks.ts'
import { MANIFEST_FILE, readManifest } from '../../export/manifest.ts'
import { RIGHTS_MAX } from '../folder-extras.ts'
import { type OwnFiles, ownFiles } from '../own-files.ts'
import { rightInFile } from '../rights-there.ts'
import {
  goneBytes,
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
/** Times that a file is looked for in a new list, when it had another name than in the one before. */
const LOOKED_AGAIN_MAX = 3
const NOTES_MAX = 1_000

export async function openMaildir(
  root: string,
  { popIdFormat, live = false }: MaildirOptions = {},
): Promise<MailSource> {
  const popIds = popIdsBy(popIdFormat ?? DOVECOT_FORMAT)
  if (popIds === undefined) {
    throw new SourceFailure(`names by ${JSON.stringify(popIdFormat)} only Dovecot can work out`)
  }
  const own = ownFiles(root)
  const { kind, folders, notes: found } = await readLayout(root)
  const notes: SourceNote[] = [...found]
  const note = (about: string, reason: string) => {
    if (notes.length < NOTES_MAX) notes.push({ about, reason })
    return undefined
  }
  const byNames = new Map(folders.map((folder) => [folder.names.join('\0'), folder]))
  const delimiter = kind === 'fs' ? '/' : '.'
  return {
    identity: `maildir:${root}`,
    folders: async () => folders,
    async open({ names }) {
      const folder = byNames.get(names.join('\0'))
      if (folder === undefined) throw new SourceFailure(`no folder ${names.join('/')}`)
      return openFolder(folder, { own, popIds, popIdFormat, live, note })
    },
    async subscriptions() {
      const text = await sideFile(own, Buffer.from(root), 'subscriptions').catch(
        (error: SourceFailure) => note('subscriptions', error.message),
      )
      if (text === undefined) return undefined
      const named = parseSubscriptions(text, delimiter)
      // INBOX need not be among them: everybody sees it.
      return [['INBOX'], ...named]
    },
    scripts: () => readScripts(homesOf(root), note),
    async rights({ names }) {
      const folder = byNames.get(names.join('\0'))
      const text =
        folder &&
        (await sideFile(own, folder.directory, 'dovecot-acl').catch((error: SourceFailure) =>
          note(names.join('/'), error.message),
        ))
      return (text ?? '').split('\n', RIGHTS_MAX).flatMap((line) => rightInFile(line) ?? [])
    },
    notes: () => notes,
    close: async () => undefined,
  }
}

/** Where scripts may lie: beside the messages, or in the home that a folder `Maildir` is in. */
const homesOf = (root: string) =>
  /^(maildir|mail|\.maildir)$/i.test(basename(root)) ? [root, dirname(root)] : [root]

/** One that cannot be read is not taken for none: uids would be lost. */
const sideFile = (own: OwnFiles, directory: Buffer, name: string) =>
  own.text(pathIn(directory, name), SIDE_FILE_BYTES_MAX)

/** To be given why a path cannot be read: what is not there may be missing, all else concerns the folder. */
function unlessThere(path: Buffer): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (error.code === 'ENOENT') return undefined
    throw new SourceFailure(`cannot read ${path}: ${error.message}`)
  }
}

type Note = (about: string, reason: string) => undefined

type FolderTerms = {
  readonly own: OwnFiles
  readonly popIds: PopIds
  readonly popIdFormat: string | undefined
  readonly live: boolean
  readonly note: Note
}

type Gone = { readonly kind: 'gone' }

/** `place`: below the folder, with a character for each byte. */
type Listed = { readonly base: string; readonly letters: string; readonly place: string }

async function openFolder(folder: MaildirFolder, terms: FolderTerms): Promise<OpenSource> {
  const { directory, names } = folder
  const { own } = terms
  // The list before the files: what comes in between has no record yet, and no file is taken for gone.
  const uids = await readUids(own, directory)
  const keywords = parseKeywords((await sideFile(own, directory, 'dovecot-keywords')) ?? '')
  let files = await listFiles(directory)
  /** Listed, and gone before anybody looked at it. */
  const vanished = new Set<string>()
  const dates = await exportedDates(own, directory)
  const isInbox = names.length === 1 && names[0] === 'INBOX'
  const popIds = popIdsOf(uids, isInbox, terms)
  const pathOf = ({ place }: Listed) => pathIn(directory, place)
  const statsAt = async (listed: Listed | undefined) => listed && statsOf(pathOf(listed))
  const openListed = async (listed: Listed): Promise<Exclude<MessageFile, Gone> | undefined> => {
    const file = await openMessage(own, pathOf(listed))
    return file.kind === 'gone' ? undefined : file
  }

  /** Whose flags changed is called otherwise now. Undefined: it is gone, or changes faster than anybody can look. */
  async function lookAgain<T>(
    base: string,
    look: (listed: Listed) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    for (let times = 0; times <= LOOKED_AGAIN_MAX; times++) {
      const listed = files.get(base)
      const found = listed && (await look(listed))
      // What is in no list any more needs no new one, so that many which are gone cost one.
      if (listed === undefined || found !== undefined) return found
      files = await listFiles(directory)
    }
    return undefined
  }

  return {
    numbers: uids && {
      uidValidity: uids.uidValidity,
      uidNext: uids.uidNext,
      highestModSeq: undefined,
    },
    count: files.size,
    async *messages() {
      const sorted = [...files.values()].sort((a, b) => compare(a, b, uids))
      const untold = sorted.filter(({ base }) => !dates.has(base))
      const areLost = await areDatesLost(untold, (one) => statsOf(pathOf(one)))
      if (areLost) {
        terms.note(
          names.join('/'),
          'its files have the times of a copy: dates are those of Received lines, or of names',
        )
      }
      for (const some of chunks(sorted, LOOKED_AT_ONCE)) {
        const found = await Promise.all(some.map(({ base }) => statsAt(files.get(base))))
        for (const [i, { base, letters }] of some.entries()) {
          const record = uids?.records.get(base)
          if (terms.live && uids !== undefined && record === undefined) continue
          const stats = found[i] ?? (await lookAgain(base, statsAt))
          if (stats !== undefined && !isMessage(stats)) continue
          // It may be there all the same: what was brought of it stays, and the next time tells.
          if (stats === undefined) vanished.add(base)
          const listed = files.get(base)
          yield {
            key: base,
            uid: record?.uid,
            flags: flagsOf(listed?.letters ?? letters, keywords),
            bytes: stats?.size,
            internalDateMs:
              dates.get(base) ??
              (stats === undefined || listed === undefined
                ? 0
                : areLost
                  ? await dateOf(own, { base, path: pathOf(listed) }, stats)
                  : Math.floor(stats.mtimeMs)),
            saveDateMs: undefined,
            popId: popIds(base, record),
            popOrder: isInbox ? record?.popOrder : undefined,
          } satisfies SourceMessage
        }
      }
    },
    async *read(messages) {
      const opening = new Map<string, ReturnType<typeof openListed>>()
      for (const [i, message] of messages.entries()) {
        for (const { key, bytes = 0 } of messages.slice(i, i + READ_AHEAD)) {
          const listed = files.get(key)
          if (listed === undefined || opening.has(key) || bytes > READ_WHOLE_BYTES) continue
          opening.set(key, openListed(listed))
        }
        const ahead = await opening.get(message.key)
        opening.delete(message.key)
        const file = vanished.has(message.key)
          ? undefined
          : (ahead ?? (await lookAgain(message.key, openListed)))
        if (file === undefined) yield { message, bytes: goneBytes() }
        else if (file.kind === 'bytes') yield { message, bytes: file.bytes }
        else {
          terms.note(`${names.join('/')}: ${message.key}`, file.reason)
        }
      }
    },
    close: async () => undefined,
  }
}

/** By base name, as an export of ours noted them: files that came by way of a bucket have other times. */
async function exportedDates(
  own: OwnFiles,
  directory: Buffer,
): Promise<ReadonlyMap<string, number>> {
  const dates = new Map<string, number>()
  const text = await sideFile(own, directory, MANIFEST_FILE)
  if (text === undefined) return dates
  const whole = { read: async () => Readable.from([Buffer.from(text, 'latin1')]) }
  const lines = await readManifest(whole, MANIFEST_FILE)
  for (const { name, internalDate } of lines.values()) {
    const ms = Date.parse(internalDate)
    if (!Number.isNaN(ms)) dates.set(name, ms)
  }
  return dates
}

async function readUids(own: OwnFiles, directory: Buffer): Promise<UidList | undefined> {
  for (const name of ['dovecot-uidlist', 'courierimapuiddb']) {
    const text = await sideFile(own, directory, name)
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

/**
 * By base name; some hundred bytes for each. `new` first: a file that moves from there to `cur` meanwhile is seen once or twice, and not never.
 * Twice, because a system may pass over a name that changes while its folder is listed, and what is not listed is taken for gone.
 */
async function listFiles(directory: Buffer): Promise<ReadonlyMap<string, Listed>> {
  const files = new Map<string, Listed>()
  let read = 0
  for (const name of ['new', 'cur', 'new', 'cur']) {
    const below = pathIn(directory, name)
    const entries = await readdir(below, { encoding: 'latin1' }).catch(unlessThere(below))
    if (entries !== undefined) read++
    for (const entry of entries ?? []) {
      if (entry.startsWith('.')) continue
      const { base, flags } = parseFileName(entry)
      files.set(base, { base, letters: flags, place: `${name}/${entry}` })
    }
  }
  // Removed, or called otherwise, since the folders were listed; its messages are not.
  if (read === 0) throw new SourceFailure(`${directory} is gone`)
  return files
}

/** Undefined: it is gone. */
const statsOf = (path: Buffer): Promise<Stats | undefined> => lstat(path).catch(unlessThere(path))

/** A link is told when it is read. */
const isMessage = (stats: Stats) => stats.isFile() || stats.isSymbolicLink()

/** By uid; behind them, as Dovecot would number them, by the time in the name. */
function compare(a: Listed, b: Listed, uids: UidList | undefined): number {
  const [uidA, uidB] = [uids?.records.get(a.base)?.uid, uids?.records.get(b.base)?.uid]
  if (uidA !== undefined && uidB !== undefined) return uidA - uidB
  if (uidA !== undefined) return -1
  if (uidB !== undefined) return 1
  const seconds = (secondsIn(a.base) ?? 0) - (secondsIn(b.base) ?? 0)
  return seconds || (a.base < b.base ? -1 : a.base > b.base ? 1 : 0)
}
