// Google Takeout writes all mail into one mbox; where a message was, the labels in it say (`X-Gmail-Labels`), in the language of the account. Each message comes once:
// into the folder of the label that decides most.

import { decodeHeaderText } from '#shared/mail/encoded-words.ts'

/** By label in lower case, in English and in German: where such a message is, whatever else it is called. The first that fits decides. */
const places: readonly (readonly [labels: readonly string[], names: readonly string[]])[] = [
  [['trash', 'bin', 'papierkorb'], ['Trash']],
  [['spam'], ['Spam']],
  [['drafts', 'draft', 'entwürfe', 'entwurf'], ['Drafts']],
  [['sent', 'gesendet'], ['Sent']],
  [['inbox', 'posteingang'], ['INBOX']],
]

/** What Gmail knows of a message without its being anywhere. */
const states = [
  ...['unread', 'opened', 'starred', 'important', 'archived', 'chat', 'chats'],
  ...['ungelesen', 'geöffnet', 'markiert', 'wichtig', 'archiviert'],
]
const stateBeginnings = ['category ', 'kategorie ', 'imap_']

const ARCHIVE = ['Archive']
/** Of one message; there are not more in Gmail than there may be folders. */
const LABELS_MAX = 500

/** Of the field as it stands in the message. */
export function parseLabels(value: string): readonly string[] {
  return decodeHeaderText(value)
    .split(',', LABELS_MAX)
    .map((label) => label.trim())
    .filter((label) => label !== '')
}

/** The names of the folder that a message goes to; `others`: labels of people that it leaves behind. */
export function placeOf(labels: readonly string[]): {
  readonly names: readonly string[]
  readonly others: readonly string[]
} {
  const lower = labels.map((label) => label.toLowerCase())
  const known = places.find(([some]) => some.some((label) => lower.includes(label)))
  const own = labels.filter((label) => !isKnown(label.toLowerCase()))
  if (known !== undefined) return { names: known[1], others: own }
  const [first, ...others] = own
  if (first === undefined) return { names: ARCHIVE, others }
  // A label below another one has a slash.
  const names = first.split('/').filter((name) => name !== '')
  return { names: names.length === 0 ? ARCHIVE : names, others }
}

const isKnown = (label: string) =>
  states.includes(label) ||
  places.some(([labels]) => labels.includes(label)) ||
  stateBeginnings.some((beginning) => label.startsWith(beginning))

const unread = ['unread', 'ungelesen']
const starred = ['starred', 'markiert']

/** Takeout says nothing else of what was read. */
export function flagsOfLabels(labels: readonly string[]): readonly string[] {
  const lower = labels.map((label) => label.toLowerCase())
  const has = (some: readonly string[]) => some.some((label) => lower.includes(label))
  return [...(has(unread) ? [] : ['\\Seen']), ...(has(starred) ? ['\\Flagged'] : [])]
}
