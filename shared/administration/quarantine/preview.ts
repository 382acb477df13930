// A message that may be dangerous, as something that is not: a few fields of its header, the beginning of its text and the names of what is
// attached, all of it plain text without what controls a screen. Nothing is rendered, fetched or followed.

import { decodeText } from '#shared/mail/charset.ts'
import { decodeHeaderText } from '#shared/mail/encoded-words.ts'
import { decodeEnvelope, decodeIndex } from '#shared/mail/index-codec.ts'
import type { EnvelopeAddress, Part } from '#shared/mail/message-index.ts'
import { parameterValue } from '#shared/mail/mime-parameters.ts'
import { transferDecoder } from '#shared/mail/transfer-decoding.ts'
import { htmlText } from '#shared/message/html-text.ts'
import { previewPart } from '#shared/message/preview.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'

export type Preview = {
  readonly from: string
  readonly to: string
  readonly subject: string
  readonly date: string
  readonly text: string
  /** There is more of it. */
  readonly isCut: boolean
  readonly attachments: readonly PreviewedAttachment[]
  readonly moreAttachments: number
}

export type PreviewedAttachment = {
  readonly name: string
  readonly type: string
  /** As they are in the message, encoded. */
  readonly bytes: number
}

export const PREVIEW_TEXT_CHARACTERS_MAX = 4_000
/** Encoded bytes that are looked at: HTML often begins with a long style sheet. */
export const PREVIEW_READ_BYTES_MAX = 64 * 1024
export const PREVIEW_ATTACHMENTS_MAX = 20
const FIELD_CHARACTERS_MAX = 300
const ADDRESSES_MAX = 10
/** Encoded words are decoded in fields of this length at most. */
const FIELD_BYTES_MAX = 2_000

type Objects = Pick<ObjectStore, 'stream'>

export const previewOf = { header, message }

function header({ index }: Pick<QueuedMessage, 'index'>) {
  if (index.length === 0) return { from: '', to: '', subject: '', date: '' }
  const envelope = decodeEnvelope(index)
  return {
    from: addresses(envelope.from),
    to: addresses(envelope.to),
    subject: field(envelope.subject),
    date: field(envelope.date),
  }
}

async function message(
  objects: Objects,
  { index, object }: Pick<QueuedMessage, 'index' | 'object'>,
): Promise<Preview> {
  const fields = header({ index })
  if (index.length === 0) {
    return { ...fields, text: '', isCut: false, attachments: [], moreAttachments: 0 }
  }
  const { structure } = decodeIndex(index)
  const part = previewPart(structure)
  const text = part === undefined ? { text: '', isCut: false } : await textOf(objects, object, part)
  const attachments = [...attached(structure, part)]
  return {
    ...fields,
    ...text,
    attachments: attachments.slice(0, PREVIEW_ATTACHMENTS_MAX),
    moreAttachments: Math.max(0, attachments.length - PREVIEW_ATTACHMENTS_MAX),
  }
}

async function textOf(
  objects: Objects,
  { key, length: objectBytes }: QueuedMessage['object'],
  part: Part,
): Promise<{ readonly text: string; readonly isCut: boolean }> {
  const decoder = transferDecoder(part.encoding)
  if (decoder === undefined) return { text: '', isCut: false }
  const [offset, bytes] = part.body
  const length = Math.min(bytes, PREVIEW_READ_BYTES_MAX, Math.max(0, objectBytes - offset))
  const stream = await objects.stream(key, { offset, length })
  const encoded = Buffer.concat(stream === undefined ? [] : await Array.fromAsync(stream))
  const decoded = Buffer.concat([decoder.push(encoded), decoder.finish()])
  const all = decodeText(decoded, parameterValue(part.parameters, 'charset'))
  const readable = plain(part.subtype === 'html' ? htmlText(all) : all)
  const text = cut(readable, PREVIEW_TEXT_CHARACTERS_MAX)
  return { text, isCut: text.length < readable.length || length < bytes }
}

/** Leaves that are not what is shown. */
function* attached(part: Part, shown: Part | undefined): Generator<PreviewedAttachment> {
  if (part.kind === 'multipart') {
    for (const child of part.parts) yield* attached(child, shown)
    return
  }
  const isAlternative = part.type === 'text' && part.disposition === null
  if (part === shown || (isAlternative && shown !== undefined)) return
  const named =
    parameterValue(part.disposition?.parameters ?? [], 'filename') ??
    parameterValue(part.parameters, 'name')
  yield {
    name: field(named),
    type: cut(plain(`${part.type}/${part.subtype}`), FIELD_CHARACTERS_MAX),
    bytes: part.body[1],
  }
}

function addresses(all: readonly EnvelopeAddress[] | null): string {
  const some = (all ?? []).slice(0, ADDRESSES_MAX).map(({ name, mailbox, host }) => {
    const address = host === null ? (mailbox ?? '') : `${mailbox ?? ''}@${host}`
    return name === null ? field(address) : `${field(name)} <${field(address)}>`
  })
  return cut(some.join(', '), FIELD_CHARACTERS_MAX)
}

const field = (text: string | null) =>
  text === null
    ? ''
    : cut(
        plain(decodeHeaderText(text.slice(0, FIELD_BYTES_MAX)))
          .replace(/\s+/g, ' ')
          .trim(),
        FIELD_CHARACTERS_MAX,
      )

/** Lines stay lines. What is invisible, controls a screen or turns the direction of what follows is left out. */
const plain = (text: string) =>
  text
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\n\t]|[\p{Cf}--[\u200c\u200d]]/gv, '')
    .replace(/\n{3,}/g, '\n\n')

/** No character is cut in two. */
function cut(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text
  const end = /[\ud800-\udbff]/.test(text.charAt(charactersMax - 1))
    ? charactersMax - 1
    : charactersMax
  return text.slice(0, end)
}
