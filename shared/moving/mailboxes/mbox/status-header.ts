// What programs write into messages of an mbox about them: flags, keywords, uids. IMAP servers do not show these lines, and neither do we.
//
//   Status: RO            X-Status: AFTD        X-Keywords: $Label1 Work
//   X-UID: 12             X-IMAPbase: 1234567890 0000000012 $Label1 Work
//   Content-Length: 345   X-Mozilla-Status: 0001

import { fieldEnd } from '#shared/mail/header-field.ts'
import { flagsOfLabels, parseLabels } from './labels.ts'

export type StatusHeader = {
  readonly flags: readonly string[]
  readonly uid: number | undefined
  /** In the first message. */
  readonly base: { readonly uidValidity: number; readonly lastUid: number } | undefined
  readonly contentLength: number | undefined
  /** No message: what some programs keep in the place of the first one, or one that was removed. */
  readonly pseudo: boolean
  /** Of Gmail; undefined: the message has none. */
  readonly labels: readonly string[] | undefined
}

const hidden: readonly string[] = [
  'status',
  'x-status',
  'x-keywords',
  'x-uid',
  'x-imapbase',
  'x-imap',
  'content-length',
  'x-mozilla-status',
  'x-mozilla-status2',
  'x-mozilla-keys',
]

/** Of these names a line is taken for what an mbox says of the message. */
const isHidden = (name: string) => hidden.includes(name.toLowerCase())

const statusFlags: { readonly [letter: string]: string } = { R: '\\Seen' }
/** The draft and the deleted one are the other way round in a Maildir. */
const xStatusFlags: { readonly [letter: string]: string } = {
  A: '\\Answered',
  F: '\\Flagged',
  T: '\\Draft',
  D: '\\Deleted',
}

const mozillaFlags = [
  [1, '\\Seen'],
  [2, '\\Answered'],
  [4, '\\Flagged'],
] as const
const MOZILLA_EXPUNGED = 8

const UID_MAX = 2 ** 32 - 1
const uidOf = (digits: string | undefined) => {
  const uid = digits !== undefined && /^\d{1,10}$/.test(digits) ? Number(digits) : 0
  return uid >= 1 && uid <= UID_MAX ? uid : undefined
}

/** `header`: a character for each byte. */
export function parseStatus(header: string): StatusHeader {
  const flags: string[] = []
  let uid: number | undefined
  let base: StatusHeader['base']
  let contentLength: number | undefined
  let pseudo = false
  let labels: readonly string[] | undefined
  for (const { name, value } of fields(header)) {
    switch (name) {
      case 'status':
        flags.push(...lettered(value, statusFlags))
        break
      case 'x-status':
        flags.push(...lettered(value, xStatusFlags))
        break
      case 'x-keywords':
      case 'x-mozilla-keys':
        flags.push(...words(value))
        break
      case 'x-uid':
        uid = uidOf(words(value)[0])
        break
      case 'x-imap':
        pseudo = true
        base ??= baseOf(value)
        break
      case 'x-imapbase':
        base ??= baseOf(value)
        break
      case 'content-length':
        contentLength = /^\d{1,12}$/.test(value) ? Number(value) : undefined
        break
      case 'x-gmail-labels':
        labels = parseLabels(value)
        flags.push(...flagsOfLabels(labels))
        break
      case 'x-mozilla-status': {
        const bits = /^[0-9a-f]{4}$/i.test(value) ? Number.parseInt(value, 16) : 0
        flags.push(...mozillaFlags.flatMap(([bit, flag]) => (bits & bit ? [flag] : [])))
        pseudo ||= (bits & MOZILLA_EXPUNGED) !== 0
      }
    }
  }
  return { flags: [...new Set(flags)], uid, base, contentLength, pseudo, labels }
}

const words = (value: string) => value.split(' ').filter((word) => word !== '')

const lettered = (value: string, flags: { readonly [letter: string]: string }) =>
  [...value.slice(0, 20)].flatMap((letter) => flags[letter] ?? [])

function baseOf(value: string): StatusHeader['base'] {
  const [validity, last = ''] = words(value)
  const uidValidity = uidOf(validity)
  const lastUid = /^\d{1,10}$/.test(last) ? Number(last) : undefined
  return uidValidity === undefined || lastUid === undefined ? undefined : { uidValidity, lastUid }
}

type Field = { readonly name: string; readonly value: string }

function* fields(header: string): Generator<Field> {
  for (const [from, to] of fieldSpans(header)) {
    const text = header.slice(from, to)
    const colon = text.indexOf(':')
    if (colon <= 0) continue
    const value = text
      .slice(colon + 1)
      .replaceAll('\r', '')
      .replaceAll('\n', ' ')
      .trim()
    yield { name: text.slice(0, colon).trim().toLowerCase(), value }
  }
}

/** Where each field begins and ends, with the lines that belong to it. */
function* fieldSpans(header: string): Generator<readonly [from: number, to: number]> {
  for (let from = 0; from < header.length; ) {
    const to = fieldEnd(header, from)
    yield [from, to]
    from = to
  }
}

/** The header without the lines that speak of it; a character for each byte. */
export function shownHeader(header: string): string {
  let shown = ''
  for (const [from, to] of fieldSpans(header)) {
    const text = header.slice(from, to)
    const colon = text.indexOf(':')
    if (colon <= 0 || !isHidden(text.slice(0, colon).trim())) shown += text
  }
  return shown
}
