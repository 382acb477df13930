// Message ids of References, In-Reply-To and Message-ID as RFC 5256 §3 compares them: spellings of the same id are made the same.

import { emptyLineBytes, fieldEnd } from '#shared/mail/header-field.ts'
import type { ByteString } from '#shared/mail/message-index.ts'

/** Ids kept of one message's references: the nearest ancestors, which are last. */
export const REFERENCES_MAX = 100
/** Bytes looked at for them, at the end of the field: a line of RFC 5322 §2.1.1 for each. */
export const REFERENCES_BYTES_MAX = 100_000
/** An id is on one line (RFC 5322 §2.1.1, §3.6.4); what is longer is none. */
export const ID_BYTES_MAX = 998

/** Every valid id in a field body, in order, without angle brackets. Linear in the body. */
export function messageIds(body: ByteString): string[] {
  const ids: string[] = []
  let open = -1
  // Brackets that nest or do not match hold nothing: an id reaches from a "<" to the bracket after it.
  for (let at = 0; at < body.length; at++) {
    const code = body.charCodeAt(at)
    if (code === LESS) open = at
    else if (code === GREATER && open >= 0) {
      const id = normalise(body.slice(open + 1, at))
      if (id !== undefined) ids.push(id)
      open = -1
    }
  }
  return ids
}

/** References in the order of the field; else the first id of In-Reply-To (RFC 5256 §3 step 1.A). */
export function referencesOf(references: ByteString, inReplyTo: ByteString | null): string[] {
  const ids = messageIds(references.slice(-REFERENCES_BYTES_MAX))
  if (ids.length > 0) return ids.slice(-REFERENCES_MAX)
  return messageIds((inReplyTo ?? '').slice(0, REFERENCES_BYTES_MAX)).slice(0, 1)
}

/** Body of the References field of a header, '' for none. Linear in the header. */
export function referencesField(header: ByteString): ByteString {
  for (let start = 0; start < header.length && emptyLineBytes(header, start) === 0; ) {
    const end = fieldEnd(header, start)
    if (begins.test(header.slice(start, start + BEGINNING_CHARACTERS_MAX))) {
      return header.slice(header.indexOf(':', start) + 1, end)
    }
    start = end
  }
  return ''
}

/** The name with some of the blanks that obsolete syntax allows behind it (RFC 5322 §4.5). */
const begins = /^references[ \t]*:/i
const BEGINNING_CHARACTERS_MAX = 40

/** id-left "@" id-right, where a quoted id-left is the same as one without quotes. */
function normalise(id: ByteString): string | undefined {
  if (id.length > ID_BYTES_MAX) return undefined
  const bare = id.replace(/[ \t\r\n]+/g, '')
  const at = bare.lastIndexOf('@')
  if (at <= 0 || at === bare.length - 1) return undefined
  const left = bare.slice(0, at)
  if (!left.includes('"')) return bare
  return left.replace(/\\(.)|"/g, '$1') + bare.slice(at)
}

const LESS = 0x3c
const GREATER = 0x3e
