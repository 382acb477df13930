// One folder of an export as a Maildir: a file for each message, and the lists by which Dovecot knows uids, keywords and names of POP3.

import type { Message } from '#shared/contracts/mailbox.ts'
import { INBOX } from '#shared/mailbox/folder-path.ts'
import { chunks } from '#shared/runtime/chunks.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import { type Digest, digesting } from '../mailboxes/digest.ts'
import {
  baseOf,
  flagLetters,
  folderDirectory,
  folderGuid,
  letteredKeywords,
  ownBase,
} from './maildir-names.ts'
import { MANIFEST_FILE, manifestLine, readManifest, type Written } from './manifest.ts'
import { bytesOf, type OwnFolder, type OwnMailbox, ownMessages } from './own-mailbox.ts'
import { type ExportedFolder, type ExportStep, Notes } from './report.ts'
import { type ExportTarget, textFile } from './target.ts'

export const maildirParts = ['cur', 'new', 'tmp'] as const

/** Between two words of how far it is. */
const TOLD_EACH = 64

export async function* exportFolder(
  own: OwnMailbox,
  from: OwnFolder,
  target: ExportTarget,
  signal: AbortSignal | undefined,
): AsyncGenerator<ExportStep, ExportedFolder | undefined> {
  const found = await ownMessages(own, from)
  if (found === undefined) return undefined
  const { directory, whole } = folderDirectory(from.names)
  const notes = new Notes()
  if (!whole) notes.add('', `its name is too long for a file, and is ${directory} there`)
  for (const name of maildirParts) await target.makeFolder(inside(directory, name))
  if (directory !== '') await target.write(textFile(inside(directory, 'maildirfolder'), ''))
  const { letters, left } = letteredKeywords(found.messages)
  for (const name of left) notes.add(name, 'this keyword has no letter there, and stays here')
  const folder = new MaildirFolder(own, from, target, directory, letters, notes)
  await folder.look()
  for (const some of chunks(found.messages, TOLD_EACH)) {
    if (signal?.aborted) return undefined
    const before = folder.bytes
    await concurrently(some, target.parallel, (message) => folder.keep(message))
    yield { messages: some.length, bytes: folder.bytes - before }
  }
  const removed = await folder.removeOthers()
  await folder.writeLists(found)
  const { messages, bytes, written } = folder
  return {
    path: from.path,
    place: directory,
    uidValidity: from.folder.uidValidity,
    specialUses: from.folder.specialUses,
    messages,
    bytes,
    written,
    removed,
    notes: notes.kept,
    notesCount: notes.count,
  }
}

const inside = (directory: string, name: string) =>
  directory === '' ? name : `${directory}/${name}`

class MaildirFolder {
  messages = 0
  bytes = 0
  written = 0
  readonly #own: OwnMailbox
  readonly #from: OwnFolder
  readonly #target: ExportTarget
  readonly #directory: string
  readonly #letters: ReadonlyMap<string, string>
  readonly #notes: Notes
  readonly #guid: string
  /** Files of ours in `cur`, by their base. */
  readonly #there = new Map<string, string>()
  /** By what the manifest of an earlier run calls them: the name without flags. */
  #noted: Awaited<ReturnType<typeof readManifest>> = new Map()
  /** Of this run, by uid. */
  readonly #kept = new Map<number, { readonly message: Message; readonly written: Written }>()

  constructor(
    own: OwnMailbox,
    from: OwnFolder,
    target: ExportTarget,
    directory: string,
    letters: ReadonlyMap<string, string>,
    notes: Notes,
  ) {
    this.#own = own
    this.#from = from
    this.#target = target
    this.#directory = directory
    this.#letters = letters
    this.#notes = notes
    this.#guid = folderGuid(from.folder)
  }

  readonly #in = (name: string) => inside(this.#directory, name)

  /** What an earlier run left. A file that it has not noted may be of a run that was killed, and is written again. */
  async look(): Promise<void> {
    for (const file of (await this.#target.list(this.#in('tmp'))).keys()) {
      if (ownBase(file) !== undefined) await this.#target.remove(this.#in(`tmp/${file}`))
    }
    this.#noted = await readManifest(this.#target, this.#in(MANIFEST_FILE))
    for (const [file, bytes] of await this.#target.list(this.#in('cur'))) {
      const base = ownBase(file)
      if (base === undefined) continue
      const noted = this.#noted.get(bareName(file))
      // Two of one message are what a kill leaves where a name is not changed in one step.
      const isWhole = noted?.bytes === bytes && !this.#there.has(base)
      if (isWhole) this.#there.set(base, file)
      else await this.#target.remove(this.#in(`cur/${file}`))
    }
  }

  async keep(message: Message): Promise<void> {
    const base = baseOf(this.#guid, message)
    const info = `:2,${flagLetters(message.flags, this.#letters)}`
    const there = this.#there.get(base)
    const noted = there === undefined ? undefined : this.#noted.get(bareName(there))
    if (there !== undefined && noted !== undefined) {
      this.#there.delete(base)
      const { name, bytes, sha256 } = noted
      if (there !== name + info) {
        await this.#target.rename(this.#in(`cur/${there}`), this.#in(`cur/${name}${info}`))
      }
      return this.#count(message, { name, bytes, sha256 })
    }
    const bytes = await bytesOf(this.#own, message)
    if (bytes === undefined) {
      this.#notes.add(`uid ${message.uid}`, 'went meanwhile, or its bytes are lost')
      return
    }
    let digest: Digest | undefined
    let name = ''
    await this.#target.write({
      path: () => {
        name = base + sizes(message, digest)
        return this.#in(`cur/${name}${info}`)
      },
      bytes: digesting(bytes, (told) => (digest = told)),
      changedMs: message.internalDateMs,
    })
    if (digest === undefined) throw new Error('a file was written without its end')
    const written = { name, bytes: digest.bytes, sha256: digest.sha256 }
    await this.#target.note(this.#in(MANIFEST_FILE), manifestLine(message, written))
    this.written++
    this.#count(message, written)
  }

  #count(message: Message, written: Written): void {
    this.#kept.set(message.uid, { message, written })
    this.messages++
    this.bytes += written.bytes
  }

  /** Files of messages that are gone here: without a uid, Dovecot would take them for new ones. */
  async removeOthers(): Promise<number> {
    for (const file of this.#there.values()) await this.#target.remove(this.#in(`cur/${file}`))
    return this.#there.size
  }

  async writeLists({
    messages,
    uidNext,
    popIdOf,
    popOrders,
  }: NonNullable<Awaited<ReturnType<typeof ownMessages>>>): Promise<void> {
    const { path, folder } = this.#from
    const kept = messages.flatMap(({ uid }) => this.#kept.get(uid) ?? [])
    const records = kept.map(({ message: { uid, flags }, written: { name } }) => {
      const order = popOrders.get(uid)
      const place = order === undefined ? '' : ` O${order}`
      const pop = path === INBOX ? ` P${popIdOf(uid)}${place}` : ''
      return `${uid}${pop} :${name}:2,${flagLetters(flags, this.#letters)}\n`
    })
    const header = `3 V${folder.uidValidity} N${uidNext} G${this.#guid}\n`
    const keywords = [...this.#letters.keys()].map((name, i) => `${i} ${name}\n`)
    await this.#write('dovecot-uidlist', header + records.join(''))
    await this.#write('dovecot-keywords', keywords.join(''))
    const lines = kept.map(({ message, written }) => manifestLine(message, written))
    await this.#write(MANIFEST_FILE, lines.join(''))
  }

  #write(name: string, text: string): Promise<void> {
    return this.#target.write(textFile(this.#in(name), text))
  }
}

/** `W` is what IMAP calls its size, and is known when the bytes were read. */
const sizes = ({ size }: Message, digest: Digest | undefined) =>
  digest === undefined
    ? `,S=${size}`
    : `,S=${digest.bytes},W=${digest.bytes + digest.bareLineFeeds}`

const bareName = (file: string) => file.slice(0, Math.max(0, file.lastIndexOf(':2,')))
