// The reason of `vacation :mime` (RFC 5230 §4.6, §5): a whole MIME entity as its owner wrote it. Of its header what tells of the content
// is taken, and nothing else: an answer has one From.

import { isAscii } from '#shared/mail/dsn/foreign-text.ts'
import { type Entity, encodedEntity, hasShortLines, isEightBit, lines } from './message.ts'

/** Undefined for what is none: without a header, or with other than ASCII characters in it (RFC 5230 §5). */
export function readMimeEntity(reason: string): Entity | undefined {
  const text = lines(begins.test(reason) ? reason.trimStart() : reason)
  // RFC 2045 §3: a header may be empty.
  const end = text.startsWith('\r\n') ? -2 : text.indexOf('\r\n\r\n')
  const header = end === -1 ? text : text.slice(0, Math.max(0, end + 2))
  const content = Buffer.from(end === -1 ? '' : text.slice(end + 4))
  const fields = fieldsIn(header)
  if (fields === undefined) return undefined
  const kept = fields.filter((field) => /^content-/i.test(field))
  const encoding = kept.find((field) => /^content-transfer-encoding:/i.test(field))
  const others = kept.filter((field) => field !== encoding)
  if (!others.some((field) => /^content-type:/i.test(field))) {
    others.unshift('Content-Type: text/plain; charset=utf-8\r\n')
  }
  if (encoding !== undefined && !(isEightBit(content) && /:\s*7bit/i.test(encoding))) {
    return { fields: [...others, encoding].join(''), content }
  }
  const isMultipart = others.some((field) =>
    /^content-type:\s*(?:multipart|message)\//i.test(field),
  )
  // RFC 2045 §6.4: what has parts is not encoded itself.
  if (!isMultipart) return encodedEntity(others.join(''), content)
  if (!hasShortLines(content)) return undefined
  const eightBit = isEightBit(content) ? ['Content-Transfer-Encoding: 8bit\r\n'] : []
  return { fields: [...others, ...eightBit].join(''), content }
}

/** Blank lines before a header are its writer's. */
const begins = /^[ \t\r\n]*(?:content-|mime-version:)/i

/** Folded ones whole, each ended by CRLF. */
function fieldsIn(header: string): readonly string[] | undefined {
  if (!isAscii(header)) return undefined
  const fields: string[] = []
  for (const line of header.split('\r\n').slice(0, -1)) {
    const last = fields.length - 1
    if (line.length > LINE_CHARACTERS_MAX) return undefined
    if (/^[ \t]/.test(line) && last >= 0) fields[last] += `${line}\r\n`
    else if (/^[!-9;-~]+:/.test(line)) fields.push(`${line}\r\n`)
    else return undefined
  }
  return fields
}

const LINE_CHARACTERS_MAX = 998
