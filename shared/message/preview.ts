// The beginning of a message's text as a person would read it: PREVIEW of IMAP (RFC 8970), `preview` of JMAP (RFC 8621 §4.1.4).

import { decodeText } from '#shared/mail/charset.ts'
import type { Part, Span } from '#shared/mail/message-index.ts'
import { parameterValue } from '#shared/mail/mime-parameters.ts'
import { transferDecoder } from '#shared/mail/transfer-decoding.ts'
import { htmlText } from './html-text.ts'
import { bodySpan } from './section-span.ts'
import type { StoredMessage } from './stored-message.ts'

/** RFC 8970 §3.3: 200 characters, 256 at most. */
export const PREVIEW_CHARACTERS_MAX = 200
/** Encoded bytes that are looked at: HTML often begins with a long style sheet. */
const PREVIEW_BYTES_MAX = 32 * 1024

/** Where the bytes of its preview are; undefined where there is nothing to show. */
export function previewSpan(message: StoredMessage): Span | undefined {
  const part = previewPart(message.structure())
  return part && beginningOf(message, part)
}

function beginningOf(message: StoredMessage, part: Part): Span {
  const [offset, length] = bodySpan(message, part)
  return [offset, Math.min(length, PREVIEW_BYTES_MAX)]
}

/** At most PREVIEW_CHARACTERS_MAX characters of the message's text, '' where there is nothing to show. Fails with MessageLost. */
export async function readPreview(message: StoredMessage): Promise<string> {
  const part = previewPart(message.structure())
  if (part === undefined) return ''
  return previewText(part, Buffer.concat(await message.pieces(beginningOf(message, part))))
}

/** The first text that is meant to be read: plain if there is one, else HTML. */
export function previewPart(root: Part): Part | undefined {
  let html: Part | undefined
  const find = (part: Part): Part | undefined => {
    // RFC 8970 §3.2: nothing of an encrypted message can be shown.
    if (part.kind === 'multipart' && part.subtype === 'encrypted') return undefined
    if (part.kind === 'multipart') {
      for (const child of part.parts) {
        const found = find(child)
        if (found !== undefined) return found
      }
      return undefined
    }
    if (part.kind !== 'leaf' || part.type !== 'text') return undefined
    if (part.disposition?.type.toLowerCase() === 'attachment') return undefined
    if (part.subtype === 'html') html ??= part
    return part.subtype === 'plain' ? part : undefined
  }
  return find(root) ?? html
}

export function previewText(part: Part, encoded: Uint8Array): string {
  const decoder = transferDecoder(part.encoding)
  if (decoder === undefined) return ''
  const bytes = Buffer.concat([decoder.push(encoded), decoder.finish()])
  const text = decodeText(bytes, parameterValue(part.parameters, 'charset'))
  return beginning(part.subtype === 'html' ? htmlText(text) : withoutQuotes(text))
}

/** Lines that quote another message say nothing new. */
function withoutQuotes(text: string): string {
  const own = text.replace(/^>.*$/gm, '')
  return own.trim() === '' ? text : own
}

/** White space joined, invisible padding left out, no character cut. */
function beginning(text: string): string {
  const joined = text
    .replace(invisible, '')
    .replace(/[\p{Cc}\p{Z}]+/gu, ' ')
    .trim()
  let end = 0
  let characters = 0
  for (const character of joined) {
    if (characters++ === PREVIEW_CHARACTERS_MAX) return joined.slice(0, end).trimEnd()
    end += character.length
  }
  return joined
}

/** Soft hyphens, marks of direction and the like; joiners stay, which are part of words and emoji. */
const invisible = /[\p{Cf}--[\u200c\u200d]]|\u034f/gv
