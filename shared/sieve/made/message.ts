// A message that a script makes, put together: header fields, and a text or a MIME entity of its owner's. Bytes from values, nothing else.

import { formatDate } from '#shared/mail/date.ts'
import { isAscii } from '#shared/mail/dsn/foreign-text.ts'
import { addressField, folded, type NamedAddress, textField } from '#shared/mail/header-text.ts'
import { messageIds } from '#shared/mail/message-ids.ts'
import { QuotedPrintableEncoder } from '#shared/mail/quoted-printable.ts'
import type { Header } from '../message.ts'

export type MadeMessage = {
  readonly bytes: Uint8Array
  readonly eightBit: boolean
  /** Its own header needs it (RFC 6531 §3.2). */
  readonly smtpUtf8: boolean
}

/** Header fields and content of one part. */
export type Entity = { readonly fields: string; readonly content: Uint8Array }

export type MadeHeader = {
  readonly atMs: number
  /** Without angle brackets. */
  readonly messageId: string
  readonly from: readonly NamedAddress[]
  readonly to: readonly NamedAddress[]
  readonly cc?: readonly NamedAddress[]
  readonly subject: string
  /** The value of the field (RFC 3834 §5). */
  readonly autoSubmitted: string
  /** Of the message that it answers, or tells of. */
  readonly of?: Header
  readonly isReply: boolean
  /** Other fields, each ended by CRLF. */
  readonly more?: readonly string[]
}

export function makeMessage(given: MadeHeader, entity: Entity): MadeMessage {
  const { atMs, messageId, from, to, cc, subject, autoSubmitted } = given
  const header = [
    // RFC 5436 §2.7.1: a trace field, above all others.
    `Auto-Submitted: ${autoSubmitted}\r\n`,
    `Date: ${formatDate(atMs)}\r\n`,
    addressField('From', from),
    ...(to.length === 0 ? [] : [addressField('To', to)]),
    ...(cc === undefined || cc.length === 0 ? [] : [addressField('Cc', cc)]),
    textField('Subject', subject),
    `Message-ID: <${messageId}>\r\n`,
    ...(given.of === undefined ? [] : threadFields(given.of, given.isReply)),
    ...(given.more ?? []),
    'MIME-Version: 1.0\r\n',
    entity.fields,
  ].join('')
  const bytes = Buffer.concat([Buffer.from(`${header}\r\n`), entity.content])
  return { bytes, eightBit: isEightBit(bytes), smtpUtf8: !isAscii(header) }
}

/** text/plain, in 7 bits for whoever takes no more. */
export function textEntity(text: string): Entity {
  return encodedEntity('Content-Type: text/plain; charset=utf-8\r\n', Buffer.from(lines(text)))
}

/** With the field that tells how it is transferred. Content has CRLF between lines. */
export function encodedEntity(fields: string, content: Uint8Array): Entity {
  if (!isEightBit(content) && hasShortLines(content)) return { fields, content }
  const encoder = new QuotedPrintableEncoder()
  return {
    fields: `${fields}Content-Transfer-Encoding: quoted-printable\r\n`,
    content: Buffer.concat([encoder.push(content), encoder.finish()]),
  }
}

/** Each ended by CRLF. */
export function lines(text: string): string {
  const all = text
    .toWellFormed()
    .replaceAll('\0', '')
    .replace(/\r\n?|\n/g, '\r\n')
  return all === '' || all.endsWith('\r\n') ? all : `${all}\r\n`
}

export const isEightBit = (bytes: Uint8Array): boolean => bytes.some((byte) => byte > 0x7f)

/** RFC 5322 §2.1.1. */
export const LINE_BYTES_MAX = 998

export function hasShortLines(bytes: Uint8Array): boolean {
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(LF, start)
    if ((end < 0 ? bytes.length : end) - start > LINE_BYTES_MAX) return false
    start = end < 0 ? bytes.length : end + 1
  }
  return true
}

const LF = 0x0a

/** RFC 5322 §3.6.4: a thread of its message ids, and the message that it belongs to. */
function threadFields(of: Header, isReply: boolean): readonly string[] {
  const own = idsIn(of, 'message-id').slice(0, 1)
  if (own.length === 0) return []
  const references = idsIn(of, 'references')
  const replied = idsIn(of, 'in-reply-to')
  const before = references.length > 0 ? references : replied.length === 1 ? replied : []
  const all = [...before.filter((id) => !own.includes(id)), ...own]
  const kept = all.length > THREAD_IDS_MAX ? [...all.slice(0, 1), ...all.slice(-KEPT_LAST)] : all
  return [...(isReply ? [folded('In-Reply-To', own)] : []), folded('References', kept)]
}

/** Of the messages before; the first and the last ones tell the thread. */
const THREAD_IDS_MAX = 20
const KEPT_LAST = THREAD_IDS_MAX - 1

/** As a field may have them: on a line, plain. */
export function idsIn(header: Header, name: string): readonly string[] {
  const [value = ''] = header.values(name)
  return messageIds(value.slice(-ID_FIELD_BYTES_MAX))
    .filter((id) => id.length <= ID_CHARACTERS_MAX && plainId.test(id))
    .map((id) => `<${id}>`)
}

const plainId = /^[\x21-\x3b\x3d\x3f-\x7e]+$/
const ID_CHARACTERS_MAX = 500
const ID_FIELD_BYTES_MAX = 20_000
