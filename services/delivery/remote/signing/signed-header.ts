// A header as signatures see it: its fields in their order, and each in the relaxed form (RFC 6376 §3.4.2).

import { forEachField } from '#shared/mail/header-field.ts'
import type { ByteString } from '#shared/mail/message-index.ts'

export type SignedField = {
  /** In small letters. */
  readonly name: string
  /** Behind the colon, folds and the line end included. */
  readonly body: ByteString
}

export function signedFields(header: ByteString): readonly SignedField[] {
  const fields: SignedField[] = []
  forEachField(header, (name, body) => fields.push({ name: name.toLowerCase(), body }))
  return fields
}

/** With its line end. */
export const relaxed = ({ name, body }: SignedField): ByteString =>
  `${name}:${relaxedValue(body)}\r\n`

/** Unfolded, each run of white space one space, none at the ends. */
export function relaxedValue(body: ByteString): ByteString {
  const text = body.replace(/\r?\n/g, '').replace(/[ \t]+/g, ' ')
  const start = text.startsWith(' ') ? 1 : 0
  return text.endsWith(' ')
    ? text.slice(start, Math.max(start, text.length - 1))
    : text.slice(start)
}

/** RFC 5322 §3.6: what a message has once at most. Another one would be shown in place of the one that was signed. */
const onceNames: ReadonlySet<string> = new Set(
  'from sender reply-to to cc subject date message-id in-reply-to references mime-version content-type content-transfer-encoding content-disposition content-id content-description list-id list-unsubscribe list-unsubscribe-post'.split(
    ' ',
  ),
)
/** Absent, they are added by those who pass a message on. */
const addedByLists = /^(?:list-|sender$)/

/** What changes on the way, or is nobody's business (RFC 6376 §5.4.1, RFC 8601 §5). */
const neverNames: ReadonlySet<string> = new Set(
  'return-path received comments keywords bcc resent-bcc dkim-signature authentication-results arc-seal arc-message-signature arc-authentication-results'.split(
    ' ',
  ),
)

/** Fields of one name that are signed, from the last; nobody has more. */
const SAME_NAME_MAX = 20

export type SignedNames = {
  readonly dkimOversignHeaders: readonly string[]
  readonly dkimSignHeaders: readonly string[]
}

/** `h=` (RFC 6376 §3.5, §5.4.2): each name as often as it is signed. */
export function namesToSign(fields: readonly SignedField[], names: SignedNames): readonly string[] {
  const counts = countsOf(fields)
  const oversigned = new Set(['from', ...names.dkimOversignHeaders])
  const all = new Set([...oversigned, ...names.dkimSignHeaders])
  return [...all].flatMap((name) => {
    if (neverNames.has(name)) return []
    const count = counts.get(name) ?? 0
    const isMissing = count === 0 && addedByLists.test(name)
    const more = oversigned.has(name) ? !isMissing : count > 0 && onceNames.has(name)
    return Array<string>(Math.min(count, SAME_NAME_MAX) + (more ? 1 : 0)).fill(name)
  })
}

/** Of these names, each as often as it is there. */
export function presentNames(
  fields: readonly SignedField[],
  names: readonly string[],
): readonly string[] {
  const counts = countsOf(fields)
  return names.flatMap((name) =>
    Array<string>(Math.min(counts.get(name) ?? 0, SAME_NAME_MAX)).fill(name),
  )
}

function countsOf(fields: readonly SignedField[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { name } of fields) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

/** The signed fields in the order of `h=`: of each name from the last upwards, and nothing where there is no more (RFC 6376 §5.4.2). */
export function canonicalFields(
  fields: readonly SignedField[],
  names: readonly string[],
): ByteString {
  const byName = new Map<string, SignedField[]>()
  for (const field of fields) {
    const same = byName.get(field.name)
    if (same === undefined) byName.set(field.name, [field])
    else same.push(field)
  }
  let text = ''
  for (const name of names) {
    const field = byName.get(name)?.pop()
    if (field !== undefined) text += relaxed(field)
  }
  return text
}
