// Names in a Maildir that Dovecot reads as they are meant: folders beside each other (`.Work.2024`), flags as letters behind the name of a file.

import { createHash } from 'node:crypto'
import type { Message } from '#shared/contracts/mailbox.ts'
import { encodeModifiedUtf7 } from '#shared/imap/modified-utf7.ts'
import { INBOX } from '#shared/mailbox/folder-path.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'

/** Of a file in the file systems that there are. */
const NAME_BYTES_MAX = 255
const HASH_CHARACTERS = 8

/** The folder below the root, '' for INBOX; `whole` false: the name was too long, and is another one. */
export function folderDirectory(names: readonly string[]): {
  readonly directory: string
  readonly whole: boolean
} {
  if (names.length === 1 && names[0] === INBOX) return { directory: '', whole: true }
  const directory = names.map((name) => `.${escapedName(name)}`).join('')
  if (directory.length <= NAME_BYTES_MAX) return { directory, whole: true }
  const hash = createHash('sha256').update(directory).digest('hex').slice(0, HASH_CHARACTERS)
  // Not within an escape or a shifted run: what is left of one would be no name.
  const beginning = names.map((name) => `.${escapedName(name.replace(/[^\w -]/g, '_'))}`).join('')
  return {
    directory: `${beginning.slice(0, NAME_BYTES_MAX - HASH_CHARACTERS - 1)}~${hash}`,
    whole: false,
  }
}

/** As Dovecot's plugin listescape has it, for what cannot stand in a name: a backslash and two hex digits. */
export const escapedName = (name: string) =>
  encodeModifiedUtf7(name).replace(/[.\\]/g, escaped).replace(/^~/, escaped)

const escaped = (character: string) => `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`

/** 32 hex digits that stay with a folder as long as its uids do. */
export const folderGuid = ({ mailboxId, uidValidity }: FolderRecord) =>
  createHash('sha256').update(`${mailboxId}\0${uidValidity}`).digest('hex').slice(0, 32)

const OWN_MARK = '.postwolke'
const GUID_IN_NAME = 12

/** Names the message for good: what stands behind it in a file's name are sizes and flags. */
export const baseOf = (guid: string, { uid, internalDateMs }: Message) =>
  `${Math.max(0, Math.floor(internalDateMs / 1_000))}.${guid.slice(0, GUID_IN_NAME)}U${uid}${OWN_MARK}`

/** The base in the name of a file that an export wrote; undefined for others. */
export function ownBase(file: string): string | undefined {
  const at = file.indexOf(`${OWN_MARK},`)
  return at < 0 ? undefined : file.slice(0, at + OWN_MARK.length)
}

const systemLetters: { readonly [flag: string]: string } = {
  '\\Draft': 'D',
  '\\Flagged': 'F',
  '\\Answered': 'R',
  '\\Seen': 'S',
  '\\Deleted': 'T',
}

export const KEYWORD_LETTERS_MAX = 26
/** Dovecot takes no longer ones. */
export const KEYWORD_CHARACTERS_MAX = 50
const LETTER_A = 0x61

/** The keywords of a folder that get a letter: those that most messages have. */
export function letteredKeywords(messages: readonly Message[]): {
  readonly letters: ReadonlyMap<string, string>
  readonly left: readonly string[]
} {
  const counts = new Map<string, number>()
  for (const { flags } of messages) {
    for (const flag of flags) {
      if (!flag.startsWith('\\')) counts.set(flag, (counts.get(flag) ?? 0) + 1)
    }
  }
  const fits = (name: string) => name.length <= KEYWORD_CHARACTERS_MAX
  const byCount = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
  const names = byCount.map(([name]) => name)
  const taken = names.filter(fits).slice(0, KEYWORD_LETTERS_MAX)
  const letters = new Map(
    taken.toSorted().map((name, i) => [name, String.fromCharCode(LETTER_A + i)]),
  )
  return { letters, left: names.filter((name) => !letters.has(name)) }
}

/** In the order of their codes, as readers expect them. */
export const flagLetters = (flags: readonly string[], letters: ReadonlyMap<string, string>) =>
  flags
    .map((flag) => systemLetters[flag] ?? letters.get(flag) ?? '')
    .sort()
    .join('')
