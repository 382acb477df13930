// Mail as MH and its kin (nmh, Claws, Sylpheed) keep it: a file for each message, called by its number in a folder, and `.mh_sequences` beside them, which
// says of numbers what others say by flags.

import { createHash } from 'node:crypto'
import { lstat, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { distinctFolders } from '../distinct-folders.ts'
import { decodedName } from '../maildir/folder-files.ts'
import { openMessage } from '../maildir/message-file.ts'
import { type OwnFiles, ownFiles } from '../own-files.ts'
import {
  type MailSource,
  type OpenSource,
  SourceFailure,
  type SourceFolder,
  type SourceNote,
} from '../source.ts'

type MhFolder = SourceFolder & { readonly directory: string }

const DEPTH_MAX = 40
const FOLDERS_MAX = 20_000
const SEQUENCES_BYTES_MAX = 16 * 1024 ** 2
const NOTES_MAX = 1_000

export async function openMh(root: string): Promise<MailSource> {
  const notes: SourceNote[] = []
  const note = (about: string, reason: string, isLost?: boolean) => {
    if (notes.length < NOTES_MAX) notes.push({ about, reason, isLost })
  }
  const own = ownFiles(root)
  const all = await foldersIn(root, [], note).catch((error: Error) => {
    throw new SourceFailure(`cannot read ${root}: ${error.message}`)
  })
  const folders = distinctFolders(all, ({ directory }) => basename(directory))
  if (!folders.some(({ selectable }) => selectable)) {
    throw new SourceFailure(`${root} is no tree of MH: no folder in it has files called by numbers`)
  }
  const byNames = new Map(folders.map((folder) => [folder.names.join('\0'), folder]))
  return {
    identity: `mh:${root}`,
    folders: async () => folders,
    async open({ names }) {
      const folder = byNames.get(names.join('\0'))
      if (folder === undefined) throw new SourceFailure(`no folder ${names.join('/')}`)
      return openFolder(own, folder, note)
    },
    subscriptions: async () => undefined,
    scripts: async () => [],
    notes: () => notes,
    close: async () => undefined,
  }
}

type Note = (about: string, reason: string, isLost?: boolean) => void

const isNumber = (name: string) => /^[1-9]\d{0,9}$/.test(name)

async function foldersIn(
  directory: string,
  names: readonly string[],
  note: Note,
): Promise<MhFolder[]> {
  const folders: MhFolder[] = []
  const entries = await readdir(directory, { withFileTypes: true })
  if (names.length > 0) {
    const selectable = entries.some((entry) => entry.isFile() && isNumber(entry.name))
    folders.push({ names, uses: [], selectable, directory })
  }
  if (names.length >= DEPTH_MAX) note(directory, `more than ${DEPTH_MAX} folders in each other`)
  else {
    const below = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
    for (const name of below.sort()) {
      if (name.startsWith('.')) continue
      const isInbox = names.length === 0 && name.toLowerCase() === 'inbox'
      const own = isInbox ? 'INBOX' : decodedName(Buffer.from(name).toString('latin1'))
      folders.push(...(await foldersIn(join(directory, name), [...names, own], note)))
      if (folders.length > FOLDERS_MAX) throw new Error(`more than ${FOLDERS_MAX} folders`)
    }
  }
  return folders
}

async function openFolder(
  own: OwnFiles,
  { directory, names }: MhFolder,
  note: Note,
): Promise<OpenSource> {
  const numbers = (await readdir(directory))
    .filter(isNumber)
    .map(Number)
    .sort((a, b) => a - b)
  const sequences = parseSequences(
    (await own.text(join(directory, '.mh_sequences'), SEQUENCES_BYTES_MAX)) ?? '',
  )
  const byKey = new Map<string, string>()
  return {
    numbers: undefined,
    count: numbers.length,
    async *messages() {
      const seen = new Map<string, number>()
      for (const number of numbers) {
        const path = join(directory, String(number))
        const stats = await lstat(path).catch(() => undefined)
        if (!stats?.isFile()) continue
        // A number is another message's when the folder was packed.
        const digest = await digestOf(own, path)
        if (digest === undefined) {
          note(`${names.join('/')}: ${number}`, 'cannot be read', true)
          continue
        }
        const n = (seen.get(digest) ?? 0) + 1
        seen.set(digest, n)
        const key = `${digest}.${n}`
        byKey.set(key, path)
        yield {
          key,
          uid: undefined,
          flags: flagsOf(number, sequences),
          bytes: stats.size,
          internalDateMs: Math.floor(stats.mtimeMs),
          saveDateMs: undefined,
          popId: undefined,
        }
      }
    },
    async *read(messages) {
      for (const message of messages) {
        const path = byKey.get(message.key)
        const file = path === undefined ? undefined : await openMessage(own, Buffer.from(path))
        if (file?.kind === 'bytes') yield { message, bytes: file.bytes }
      }
    },
    close: async () => byKey.clear(),
  }
}

async function digestOf(own: OwnFiles, path: string): Promise<string | undefined> {
  const file = await openMessage(own, Buffer.from(path))
  if (file.kind !== 'bytes') return undefined
  const hash = createHash('sha256')
  try {
    for await (const chunk of file.bytes) hash.update(chunk)
  } catch {
    return undefined
  }
  return hash.digest('hex').slice(0, 40)
}

export type Sequences = ReadonlyMap<string, readonly (readonly [from: number, to: number])[]>

/** Lines `unseen: 1-5 9 12`. */
export function parseSequences(text: string): Sequences {
  const sequences = new Map<string, readonly (readonly [number, number])[]>()
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    if (colon <= 0) continue
    const ranges = line
      .slice(colon + 1)
      .split(' ')
      .flatMap((word) => {
        const [, from, to] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(word.trim()) ?? []
        return from === undefined ? [] : [[Number(from), Number(to ?? from)] as const]
      })
    sequences.set(
      line.slice(0, colon).trim(),
      ranges.toSorted(([a], [b]) => a - b),
    )
  }
  return sequences
}

const flagOfSequence: readonly (readonly [sequence: string, flag: string])[] = [
  ['replied', '\\Answered'],
  ['answered', '\\Answered'],
  ['flagged', '\\Flagged'],
  ['ticked', '\\Flagged'],
  ['forwarded', '$Forwarded'],
]

/** What is not unseen was seen. */
function flagsOf(number: number, sequences: Sequences): readonly string[] {
  const has = (name: string) => isIn(number, sequences.get(name) ?? [])
  const flags = flagOfSequence.flatMap(([name, flag]) => (has(name) ? [flag] : []))
  return [...new Set([...(has('unseen') ? [] : ['\\Seen']), ...flags])]
}

/** Ranges may lie in each other where somebody wrote them by hand; those that begin behind the number are not looked at. */
function isIn(number: number, ranges: readonly (readonly [number, number])[]): boolean {
  for (const [from, to] of ranges) {
    if (from > number) return false
    if (number <= to) return true
  }
  return false
}
