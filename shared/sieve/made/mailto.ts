// A mailto URI as a way to notify (RFC 6068, RFC 5436 §2.1): strict, since what is wrong here is sent to nobody. One pass over it.

import { formatAddress, parseAddress } from '#shared/mail/address.ts'

export type Mailto = {
  readonly to: readonly string[]
  readonly cc: readonly string[]
  readonly bcc: readonly string[]
  readonly subject: string | null
  readonly body: string | null
  /** Other fields that a message may have of it, names as they are written. */
  readonly fields: readonly { readonly name: string; readonly value: string }[]
}

/** Of the whole URI. */
export const MAILTO_CHARACTERS_MAX = 8_192
/** A notification goes to somebody, and not to everybody; those of `cc` and `bcc` count. */
export const MAILTO_RECIPIENTS_MAX = 8
export const MAILTO_FIELDS_MAX = 20

/** A text says what is wrong. It may name nobody (RFC 6068 §2). */
export function parseMailto(uri: string): Mailto | string {
  if (uri.length > MAILTO_CHARACTERS_MAX) return 'it is too long'
  if (!/^mailto:/i.test(uri)) return 'its method is not known here: mailto: is'
  const rest = uri.slice('mailto:'.length)
  const bad = notInUri.exec(rest)
  if (bad) return `"${bad[0]}" may not stand in it`
  const question = rest.indexOf('?')
  const path = question < 0 ? rest : rest.slice(0, question)
  const found: Found = { to: [], cc: [], bcc: [], subject: null, body: null, fields: [] }
  const wrong =
    (path === '' ? undefined : addAddresses(found.to, path.split(',').map(decode))) ??
    (question < 0 ? undefined : addFields(found, rest.slice(question + 1)))
  if (wrong !== undefined) return wrong
  const recipients = found.to.length + found.cc.length + found.bcc.length
  if (recipients > MAILTO_RECIPIENTS_MAX) return tooMany
  return found
}

type Found = {
  to: string[]
  cc: string[]
  bcc: string[]
  subject: string | null
  body: string | null
  fields: { name: string; value: string }[]
}

/** RFC 3986 §2: what is none of these is written with a percent sign; RFC 6068 §2 takes no fragment. */
const notInUri = /[^!$%&'()*+,\-./0-9:;=?@A-Z_a-z~]/

/** RFC 6068 §2: to = addr-spec *("," addr-spec), each comma that belongs to an address encoded. */
function addAddresses(
  into: string[],
  decoded: readonly (string | undefined)[],
): string | undefined {
  for (const text of decoded) {
    const address = text === undefined ? undefined : parseAddress(text)
    if (address === undefined) return `"${text ?? ''}" is no address`
    const plain = formatAddress(address)
    if (!into.includes(plain)) into.push(plain)
    if (into.length > MAILTO_RECIPIENTS_MAX) return tooMany
  }
  return undefined
}

const tooMany = `it names more than ${MAILTO_RECIPIENTS_MAX}`

/** hfields = hfield *("&" hfield), hfield = hfname "=" hfvalue */
function addFields(found: Found, query: string): string | undefined {
  const all = query.split('&', MAILTO_FIELDS_MAX + 1)
  if (all.length > MAILTO_FIELDS_MAX) return `it has more than ${MAILTO_FIELDS_MAX} fields`
  for (const field of all) {
    const equals = field.indexOf('=')
    if (equals < 1) return `"${field}" is no field with a value`
    const name = decode(field.slice(0, equals))
    const written = field.slice(equals + 1)
    const value = decode(written)
    if (name === undefined || !fieldName.test(name)) return `"${field}" has no name of a field`
    if (value === undefined) return `the value of ${name} is not UTF-8, or not encoded as URIs are`
    const wrong = addField(found, name, value, written)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

function addField(found: Found, name: string, value: string, written: string): string | undefined {
  const key = name.toLowerCase()
  switch (key) {
    case 'to':
    case 'cc':
    case 'bcc':
      // Commas between addresses may be encoded here (RFC 6068 §5), and blanks stand behind them.
      return addAddresses(
        found[key],
        written.split(/,|%2c/i).map((each) => decode(each)?.trim()),
      )
    case 'subject':
      if (found.subject !== null) return 'it has two subjects'
      found.subject = value
      return undefined
    case 'body':
      if (found.body !== null) return 'it has two bodies'
      found.body = value
      return undefined
    default:
      if (!isIgnored(key)) found.fields.push({ name, value })
      return undefined
  }
}

const fieldName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}$/

/**
 * RFC 5436 §2.7: unsafe, or made anew for each message. What tells of the way of a message, of its form, or of another who sent it is
 * never a user's to say.
 */
function isIgnored(name: string): boolean {
  return ignored.has(name) || ignoredBeginnings.some((beginning) => name.startsWith(beginning))
}

const ignored: ReadonlySet<string> = new Set([
  'from',
  'sender',
  'reply-to',
  'date',
  'message-id',
  'in-reply-to',
  'references',
  'received',
  'return-path',
  'auto-submitted',
  'authentication-results',
  'delivered-to',
  'dkim-signature',
  'disposition-notification-to',
  'return-receipt-to',
  'precedence',
  'mime-version',
  'apparently-to',
  'errors-to',
])
const ignoredBeginnings = ['content-', 'resent-', 'list-', 'arc-', 'received-', 'dkim-']

/** Percent-encoded UTF-8; undefined for what is none. */
function decode(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text)
    return decoded.includes('\0') ? undefined : decoded
  } catch {
    return undefined
  }
}
