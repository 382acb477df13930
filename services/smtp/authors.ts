// Whom a message's header names as its author and sender: policy holds whoever logged in to its own
// addresses. All fields of these names count, not only the first, which ENVELOPE shows, and of each all that looks like an address,
// also in the name of another: readers differ in what they show.

import { ADDRESS_CHARACTERS_MAX } from '#shared/mail/address.ts'
import { addressesAnywhere, parseAddressList } from '#shared/mail/address-list.ts'
import { forEachField, unfold } from '#shared/mail/header-field.ts'
import {
  type ByteString,
  ENVELOPE_ADDRESSES_MAX,
  type EnvelopeAddress,
} from '#shared/mail/message-index.ts'

export type Authors = { readonly from: readonly string[]; readonly sender: readonly string[] }

export const noAuthors: Authors = { from: [], sender: [] }

/** From and Sender fields that are read of a message, which has one of each (RFC 5322 §3.6); with more it is nobody's. */
const FIELDS_MAX = 20

/** Of a whole header (shared/mail/header-reader.ts). */
export function authorsIn(header: ByteString): Authors {
  const from: string[] = []
  const sender: string[] = []
  let fields = 0
  forEachField(header, (name, body) => {
    const lower = name.toLowerCase()
    if (lower !== 'from' && lower !== 'sender') return
    fields += 1
    if (fields > FIELDS_MAX) return
    const value = unfold(body)
    if (lower === 'from') from.push(...addresses(value))
    // An empty one is as good as none (RFC 9051 §7.5.2).
    if (lower === 'sender' && value !== '') sender.push(...addresses(value))
  })
  return fields > FIELDS_MAX
    ? { from: [`${fields} From and Sender fields`], sender }
    : { from, sender }
}

/** Of what is no address so much is shown in replies and the log. */
const SHOWN_CHARACTERS_MAX = 100

/** A field that names nobody, or more than anybody reads, counts as its text, which is nobody's address. */
function addresses(value: string): readonly string[] {
  const entries = parseAddressList(value)
  const named = entries.filter(({ mailbox, host }) => mailbox !== null && host !== null)
  const anywhere = addressesAnywhere(value)
  const isWhole = anywhere !== undefined && entries.length < ENVELOPE_ADDRESSES_MAX
  if (named.length === 0 || !isWhole) return [shown(utf8(value))]
  return [...new Set([...named, ...anywhere].map(formatAuthor).map(shown))]
}

/** Still no address: too long for a local part, and what stands at its end is in no domain. */
function shown(text: string): string {
  return text.length > ADDRESS_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text
}

/** As SMTP writes it: a local part that had to be quoted is quoted again. */
function formatAuthor({ mailbox, host }: EnvelopeAddress): string {
  const local = utf8(mailbox ?? '')
  const bare = !/[^A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.\u{a0}-\u{10ffff}]/u.test(local)
  const name = bare ? local : `"${local.replace(/["\\]/g, '\\$&')}"`
  return host ? `${name}@${utf8(host)}` : name
}

/** Header fields are UTF-8 where they are not ASCII (RFC 6532 §3.1). */
function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
