// Writes a report as a message: multipart/report (RFC 6522) of a text for people, the fields of RFC 3464, and what is sent back of the
// message.

import { formatDate } from '../date.ts'
import { asciiLine, isAscii, oneLine } from './foreign-text.ts'
import type { NoticeText } from './notice-text.ts'
import type { Report, Returned } from './report.ts'
import { isGlobal, statusPart } from './status-part.ts'

export type Composed = {
  readonly bytes: Uint8Array
  readonly eightBit: boolean
  /** Its own header needs it (RFC 6531 §3.2); what is within the parts does not. */
  readonly smtpUtf8: boolean
}

export function composeReport(report: Report, text: NoticeText): Composed {
  const { message } = report
  const header = headerOf(report, text)
  const parts = [
    part('Notification', `text/plain; charset=${text.charset}`, Buffer.from(text.body)),
    part('Delivery report', statusType(report), Buffer.from(statusPart(report))),
    ...(message.returned === null ? [] : [returnedPart(report, message.returned)]),
  ]
  const separator = `--${report.boundary}`
  const bytes = Buffer.concat([
    Buffer.from(`${header}\r\n${multipartPreamble}\r\n`),
    ...parts.flatMap((one) => [Buffer.from(`${separator}\r\n`), one, Buffer.from('\r\n')]),
    Buffer.from(`${separator}--\r\n`),
  ])
  return { bytes, eightBit: isEightBit(bytes), smtpUtf8: !isAscii(header) }
}

const multipartPreamble = 'This is a MIME-encapsulated message.\r\n'

function headerOf(report: Report, { subject, from, languages }: NoticeText): string {
  const { reader, message, atMs, messageId, boundary, to } = report
  // RFC 3834 §5: a reply to the message itself; to others it is news.
  const submitted = reader === 'sender' ? 'auto-replied' : 'auto-generated'
  const original = message.messageId
  const fields = [
    `Date: ${formatDate(atMs)}`,
    `From: ${from}`,
    `Subject: ${subject}`,
    `To: ${oneLine(to)}`,
    `Message-ID: <${messageId}>`,
    ...(original === null ? [] : [`In-Reply-To: ${original}`, `References: ${original}`]),
    `Auto-Submitted: ${submitted}`,
    'MIME-Version: 1.0',
    ...(languages.length === 0 ? [] : [`Content-Language: ${languages.join(', ')}`]),
    `Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="${boundary}"`,
  ]
  return `${fields.join('\r\n')}\r\n`
}

/** One of a multipart/report. */
export function part(description: string, type: string, body: Uint8Array): Buffer {
  const encoding = isEightBit(body) ? 'Content-Transfer-Encoding: 8bit\r\n' : ''
  const header = `Content-Description: ${description}\r\nContent-Type: ${type}\r\n${encoding}\r\n`
  return Buffer.concat([Buffer.from(header), body])
}

const statusType = (report: Report) =>
  isGlobal(report) ? 'message/global-delivery-status' : 'message/delivery-status'

/** What is sent back, with the return path that it came with, as it would have in a mailbox. */
function returnedPart({ kind, message }: Report, returned: Returned): Buffer {
  const what = returned.kind === 'full' ? 'Message' : 'Message Headers'
  const description = kind === 'success' || kind === 'verify' ? what : `${kindWord[kind]} ${what}`
  return partOfReturned(description, message.sender, returned)
}

export function partOfReturned(description: string, sender: string, returned: Returned): Buffer {
  const path = Buffer.from(`Return-Path: <${oneLine(sender)}>\r\n`)
  return part(
    description,
    returned.kind === 'full' ? fullType(sender, returned) : headersType(sender, returned),
    Buffer.concat([path, returned.bytes]),
  )
}

const kindWord = { failure: 'Undelivered', delay: 'Undelivered', problem: 'Undelivered' } as const

/** RFC 6533 §4: with other than ASCII characters in its header it is none of RFC 822's. */
const isInternational = (sender: string, returned: Returned) =>
  returned.isInternational || !isAscii(sender)
const fullType = (sender: string, returned: Returned) =>
  isInternational(sender, returned) ? 'message/global' : 'message/rfc822'
const headersType = (sender: string, returned: Returned) =>
  isInternational(sender, returned) ? 'message/global-headers' : 'text/rfc822-headers'

function isEightBit(bytes: Uint8Array): boolean {
  return bytes.some((byte) => byte > 0x7f)
}

/** As a field may have it: short, ASCII, in angle brackets; null for what is no such thing. */
export function soundMessageId(text: string | null): string | null {
  if (text === null || text.length > MESSAGE_ID_CHARACTERS_MAX) return null
  return /^<[\x21-\x3b\x3d\x3f-\x7e]+>$/.test(text) ? asciiLine(text) : null
}

const MESSAGE_ID_CHARACTERS_MAX = 500
