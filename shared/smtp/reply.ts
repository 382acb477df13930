// Replies (RFC 5321 §4.2, RFC 2034): how one is written on the wire.

import type { EnhancedStatus } from '#shared/contracts/policy.ts'

export type Reply = {
  readonly code: number
  /** Null where RFC 2034 §3 has none: the greeting, HELO, EHLO and 3xx. */
  readonly status: EnhancedStatus | null
  /** Several are a multi-line reply. */
  readonly text: string | readonly string[]
}

/** A refusal for good as one to come back from (Postfix's soft_bounce). */
export function softened({ code, status, text }: Reply): Reply {
  if (code < 500) return { code, status, text }
  const soft = status && (status.replace(/^5/, '4') as EnhancedStatus)
  return { code: code - 100, status: soft, text }
}

/** RFC 5321 §4.5.3.1.5, CRLF included. */
export const REPLY_LINE_BYTES_MAX = 512

/** With its CRLF. A text from elsewhere may have any content: what could be taken for another line becomes a space. */
export function formatReply({ code, status, text }: Reply): string {
  if (typeof text === 'string') return formatLine(`${code} `, status, text)
  const last = text.length - 1
  return text
    .map((line, index) => formatLine(index === last ? `${code} ` : `${code}-`, status, line))
    .join('')
}

function formatLine(code: string, status: EnhancedStatus | null, text: string): string {
  const line = status === null ? `${code}${text}` : `${code}${status} ${text}`
  return `${clip(line.replace(/[\x00-\x1f\x7f-\x9f]/g, ' '))}\r\n`
}

function clip(line: string): string {
  // A character takes four bytes at most.
  if (line.length * 4 <= REPLY_LINE_BYTES_MAX - 2) return line
  const bytes = Buffer.from(line)
  if (bytes.length <= REPLY_LINE_BYTES_MAX - 2) return line
  return bytes.toString('utf8', 0, REPLY_LINE_BYTES_MAX - 2).replace(/\ufffd$/, '')
}
