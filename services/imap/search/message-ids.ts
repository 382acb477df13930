// Message ids of References, In-Reply-To and Message-ID as RFC 5256 §3 compares them: spellings of the same id are made the same.

import type { ByteString } from '#shared/mail/message-index.ts'

/** Ids kept of one message's references: the nearest ancestors, which are last. */
export const REFERENCES_MAX = 1_000

/** Every valid id in a field body, in order, without angle brackets. */
export function messageIds(body: ByteString): string[] {
  const ids: string[] = []
  for (const [, inside = ''] of body.matchAll(bracketed)) {
    const id = normalised(inside)
    if (id !== undefined) ids.push(id)
  }
  return ids
}

/** References in the order of the field; else the first id of In-Reply-To (RFC 5256 §3 step 1.A). */
export function referencesOf(references: ByteString, inReplyTo: ByteString | null): string[] {
  const ids = messageIds(references)
  if (ids.length > 0) return ids.slice(-REFERENCES_MAX)
  return messageIds(inReplyTo ?? '').slice(0, 1)
}

/** Body of the References field of a header, '' for none. */
export function referencesField(header: ByteString): ByteString {
  const match = field.exec(header)
  return match?.[1] ?? ''
}

const bracketed = /<([^<>]*)>/g
const field = /^references[ \t]*:(.*(?:\r?\n[ \t].*)*)/im

/** id-left "@" id-right, where a quoted id-left is the same as one without quotes. */
function normalised(id: ByteString): string | undefined {
  const bare = id.replace(/[ \t\r\n]+/g, '')
  const at = bare.lastIndexOf('@')
  if (at <= 0 || at === bare.length - 1) return undefined
  const left = bare.slice(0, at)
  if (!left.includes('"')) return bare
  return left.replace(/\\(.)|"/g, '$1') + bare.slice(at)
}
