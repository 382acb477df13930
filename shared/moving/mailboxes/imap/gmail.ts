// Gmail by IMAP (its extension X-GM-EXT-1): labels are folders, and a message is in the folder of each of its labels and in \\All besides. Labels become
// folders here too, with a copy in each; or keywords, with each message once, where Takeout would have it too (../mbox/labels.ts).
//
// https://developers.google.com/workspace/gmail/imap/imap-extensions

import {
  flagsByImap,
  keywordOf,
  type LabelsByImap,
  labelsByImap,
  placeThatDecides,
} from '../mbox/labels.ts'
import type { SourceNote } from '../source.ts'
import type { ImapFolder } from './folders.ts'

export type LabelsAs = 'folders' | 'keywords'

export const GMAIL = 'X-GM-EXT-1'

export type GmailFolders = {
  readonly folders: readonly ImapFolder[]
  /** Flags of a message there besides its own; undefined where it comes from another folder. */
  flagsIn(folder: ImapFolder, labels: Iterable<string>): readonly string[] | undefined
}

export function gmailFolders(
  all: readonly ImapFolder[],
  as: LabelsAs,
  note: (note: SourceNote) => void,
): GmailFolders {
  const everything = all.find(({ uses }) => uses.includes('\\All'))
  if (everything === undefined) {
    const reason =
      'is not shown by IMAP: mail without any label does not come (show it in the settings of Gmail, under Labels)'
    note({ about: 'All Mail', reason })
  }
  // Stars and importance are flags of messages that are elsewhere; in \\All is what was archived.
  const isView = ({ uses }: ImapFolder) =>
    uses.includes('\\Flagged') || uses.includes('\\Important')
  const archive = everything && { ...everything, uses: ['\\Archive'] }
  const kept = all
    .filter((folder) => everything === undefined || !isView(folder))
    .map((folder) => (folder === everything && archive ? archive : folder))
  const own = kept.filter((folder) => folder !== archive && placeName(folder) === undefined)
  const listed = new Set(own.map(({ names }) => names.join('/')))
  const isElsewhere = (labels: LabelsByImap) =>
    placeThatDecides(labels.known) !== undefined || labels.own.some((label) => listed.has(label))
  if (as === 'folders') {
    return {
      folders: kept,
      flagsIn(folder, told) {
        const labels = labelsByImap(told)
        return folder === archive && isElsewhere(labels) ? undefined : flagsByImap(labels)
      },
    }
  }
  return {
    folders: everything === undefined ? kept : kept.filter((folder) => !own.includes(folder)),
    flagsIn(folder, told) {
      const labels = labelsByImap(told)
      // Of the folder that is open its label is not told.
      const here = placeName(folder)
      const decides = placeThatDecides([...labels.known, ...(here === undefined ? [] : [here])])
      const isHere = decides === (here === undefined ? undefined : placeThatDecides([here]))
      return isHere ? [...flagsByImap(labels), ...labels.own.map(keywordOf)] : undefined
    },
  }
}

/** As labels.ts calls it; undefined for a label of somebody, and for \\All. */
function placeName({ names, uses }: ImapFolder): string | undefined {
  if (names.length === 1 && names[0] === 'INBOX') return 'inbox'
  const byUse = { '\\Sent': 'sent', '\\Drafts': 'drafts', '\\Junk': 'spam', '\\Trash': 'trash' }
  return Object.entries(byUse).find(([use]) => uses.includes(use))?.[1]
}
