// The folders of another IMAP server: names split before they are decoded, without the prefix that some servers have for all of an account.

import type { ListResponse } from 'imapflow'
import { decodeModifiedUtf7 } from '#shared/imap/modified-utf7.ts'
import { specialUses } from '#shared/mailbox/special-use.ts'
import type { SourceFolder, SourceNote } from '../source.ts'

export type ImapFolder = SourceFolder & {
  /** As the server calls it, decoded. */
  readonly path: string
  /** As it is on the wire. */
  readonly listed: string
  readonly isSubscribed: boolean
}

/** Of one account; more is no mailbox. */
export const IMAP_FOLDERS_MAX = 20_000

/** Folders of Exchange and WorkMail that hold no mail, by their name at the top. */
const noMail = new Set(
  [
    'Calendar',
    'Contacts',
    'Tasks',
    'Notes',
    'Journal',
    'Outbox',
    'Sync Issues',
    'Suggested Contacts',
  ]
    .concat([
      'Kalender',
      'Kontakte',
      'Aufgaben',
      'Notizen',
      'Postausgang',
      'RSS Feeds',
      'Conversation History',
    ])
    .map((name) => name.toLowerCase()),
)

export type ServerWays = {
  /** Of the account's own folders (RFC 2342): `INBOX.` of Courier and Cyrus. */
  readonly prefix: string
  /** Of folders of others, and of nobody. */
  readonly foreign: readonly string[]
  /** Exchange and the like, whose calendars are folders. */
  readonly isGroupware: boolean
}

export function imapFolders(
  listed: readonly ListResponse[],
  { prefix, foreign, isGroupware }: ServerWays,
  note: (note: SourceNote) => void,
): readonly ImapFolder[] {
  const folders: ImapFolder[] = []
  for (const entry of listed.slice(0, IMAP_FOLDERS_MAX)) {
    const names = namesOf(entry, prefix)
    if (names.length === 0 || names.includes('')) {
      note({ about: entry.path, reason: 'has no name that can be one here' })
      continue
    }
    if (isGroupware && noMail.has(names[0]?.toLowerCase() ?? '')) {
      note({ about: entry.path, reason: 'holds no mail, and mail programs do not read it by IMAP' })
      continue
    }
    folders.push({
      names,
      uses: usesOf(entry),
      selectable: !entry.flags.has('\\Noselect') && !entry.flags.has('\\NonExistent'),
      path: entry.path,
      listed: entry.pathAsListed || entry.path,
      isForeign: foreign.some((prefix) => isBelow(entry, prefix)),
      isSubscribed: entry.subscribed,
    })
  }
  const others = folders.filter(({ isForeign }) => isForeign).length
  if (others > 0) {
    const reason = `${others} folders of others come with their mailboxes, or with --folder`
    note({ about: foreign.join(' '), reason })
  }
  if (listed.length > IMAP_FOLDERS_MAX) {
    note({ about: '', reason: `of ${listed.length} folders only ${IMAP_FOLDERS_MAX} are brought` })
  }
  return folders
}

/** A prefix need not end with the delimiter. */
function isBelow({ pathAsListed, path, delimiter }: ListResponse, prefix: string): boolean {
  const listed = pathAsListed || path
  const ends = prefix.endsWith(delimiter) || listed.slice(prefix.length).startsWith(delimiter)
  return listed.startsWith(prefix) && ends
}

function namesOf({ pathAsListed, path, delimiter }: ListResponse, prefix: string): string[] {
  const listed = pathAsListed || path
  if (listed.toUpperCase() === 'INBOX') return ['INBOX']
  const bare = prefix !== '' && listed.startsWith(prefix) ? listed.slice(prefix.length) : listed
  const names = delimiter === '' ? [bare] : bare.split(delimiter)
  const decoded = names.map((name) => decodeModifiedUtf7(name) ?? name)
  return decoded[0]?.toUpperCase() === 'INBOX' ? ['INBOX', ...decoded.slice(1)] : decoded
}

/** As Gmail called them before RFC 6154 (XLIST). */
const usesOfXlist = new Map([
  ['\\allmail', '\\All'],
  ['\\spam', '\\Junk'],
  ['\\starred', '\\Flagged'],
])

/** Only what the server says, which need not announce that it does; what a name may mean is decided elsewhere. */
function usesOf({ flags }: ListResponse): readonly string[] {
  return [...flags].flatMap((flag) => {
    const lower = flag.toLowerCase()
    return usesOfXlist.get(lower) ?? specialUses.find((use) => use.toLowerCase() === lower) ?? []
  })
}
