// Labels of Gmail. Google Takeout writes all mail into one mbox; where a message was, the labels in it say (`X-Gmail-Labels`), in the language of the account. Each
// message comes once: into the folder of the label that decides most. By IMAP (`X-GM-LABELS`, ../imap/gmail.ts) they have names of the protocol.

import { decodeModifiedUtf7, encodeModifiedUtf7 } from '#shared/imap/modified-utf7.ts'
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
  const known = placeThatDecides(labels.map((label) => label.toLowerCase()))
  const own = labels.filter((label) => !isKnown(label.toLowerCase()))
  if (known !== undefined) return { names: known, others: own }
  const [first, ...others] = own
  if (first === undefined) return { names: ARCHIVE, others }
  // A label below another one has a slash.
  const names = first.split('/').filter((name) => name !== '')
  return { names: names.length === 0 ? ARCHIVE : names, others }
}

/** Of what Gmail knows itself, in lower case; undefined: it is nowhere but under labels of people. */
export const placeThatDecides = (labels: readonly string[]): readonly string[] | undefined =>
  places.find(([some]) => some.some((label) => labels.includes(label)))?.[1]

const isKnown = (label: string) =>
  states.includes(label) ||
  places.some(([labels]) => labels.includes(label)) ||
  stateBeginnings.some((beginning) => label.startsWith(beginning))

const unread = ['unread', 'ungelesen']
const starred = ['starred', 'markiert']
const important = ['important', 'wichtig']

/** Takeout says nothing else of what was read. */
export function flagsOfLabels(labels: readonly string[]): readonly string[] {
  const lower = labels.map((label) => label.toLowerCase())
  const has = (some: readonly string[]) => some.some((label) => lower.includes(label))
  return [
    ...(has(unread) ? [] : ['\\Seen']),
    ...(has(starred) ? ['\\Flagged'] : []),
    // RFC 8457
    ...(has(important) ? ['$Important'] : []),
  ]
}

/** What Gmail knows itself, as IMAP names it in every language (its documentation spells one of them in two ways): in English. */
const namesByImap: { readonly [label: string]: string } = {
  '\\inbox': 'inbox',
  '\\sent': 'sent',
  '\\draft': 'drafts',
  '\\drafts': 'drafts',
  '\\junk': 'spam',
  '\\spam': 'spam',
  '\\trash': 'trash',
  '\\starred': 'starred',
  '\\important': 'important',
}

export type LabelsByImap = {
  /** Of Gmail itself, in English and lower case. */
  readonly known: readonly string[]
  /** Of people, decoded; below each other with a slash. */
  readonly own: readonly string[]
}

export function labelsByImap(labels: Iterable<string>): LabelsByImap {
  const all = [...labels].slice(0, LABELS_MAX)
  const isOwn = (label: string) => !label.startsWith('\\')
  return {
    known: all.flatMap((label) => namesByImap[label.toLowerCase()] ?? []),
    own: all.filter(isOwn).map((label) => decodeModifiedUtf7(label) ?? label),
  }
}

/** What was read, IMAP says itself. */
export const flagsByImap = ({ known }: LabelsByImap): readonly string[] =>
  flagsOfLabels([...known, 'unread'])

/** As Thunderbird makes the keyword of a tag, so that it shows the label's name: modified UTF-7, and `_` for what no atom has. */
export const keywordOf = (label: string): string =>
  encodeModifiedUtf7(label.normalize('NFC')).replace(/[\x00-\x20\x7f(){%*"\\\]]/g, '_')
