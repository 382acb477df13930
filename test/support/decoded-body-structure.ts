// BODY and BODYSTRUCTURE from a decoded index: RFC 9051 §7.5.2 and §9. BODY is the same without extension data. What the product writes
// from the encoded index has to be the same byte for byte.

import {
  ENCODED_MESSAGE,
  ENCODED_MESSAGE_EXTENSION,
  type MessageForm,
} from '#shared/imap/message-form.ts'
import { writeParameters } from '#shared/imap/parameters.ts'
import type { ResponseWriter } from '#shared/imap/response-writer.ts'
import type { ByteString, Part } from '#shared/mail/message-index.ts'
import { writeEnvelope } from './decoded-envelope.ts'

// body = "(" (body-type-1part / body-type-mpart) ")"
export function writeBodyStructure(to: ResponseWriter, part: Part, form: MessageForm): void {
  writePart(to, part, { extended: true, form })
}

export function writeBody(to: ResponseWriter, part: Part, form: MessageForm): void {
  writePart(to, part, { extended: false, form })
}

type Style = { readonly extended: boolean; readonly form: MessageForm }

function writePart(to: ResponseWriter, part: Part, style: Style): void {
  const { extended } = style
  to.raw('(')
  if (part.kind === 'multipart') {
    // body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]
    // body-ext-mpart = body-fld-param [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc]]]
    for (const child of part.parts) writePart(to, child, style)
    to.raw(' ')
    to.string(part.subtype)
    if (extended) {
      to.raw(' ')
      writeParameters(to, part.parameters)
      writeExtension(to, part)
    }
  } else {
    writeFields(to, part)
    const isMessage = isToldAsMessage(part, style.form)
    // body-type-msg = media-message SP body-fields SP envelope SP body SP body-fld-lines
    if (isMessage && part.kind === 'message') {
      to.raw(' ')
      writeEnvelope(to, part.envelope)
      to.raw(' ')
      writePart(to, part.message, style)
    } else if (isMessage) {
      to.raw(`${ENCODED_MESSAGE}${extended ? ENCODED_MESSAGE_EXTENSION : ''})`)
    }
    // body-type-text = media-text SP body-fields SP body-fld-lines
    if (isMessage || part.type === 'text') to.raw(` ${part.lines}`)
    if (extended) {
      // body-ext-1part = body-fld-md5 [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc]]]
      to.raw(' ')
      to.nstring(part.md5)
      writeExtension(to, part)
    }
  }
  to.raw(')')
}

function isToldAsMessage({ kind, type, subtype }: Part, form: MessageForm): boolean {
  if (subtype === 'global' && form === 'rfc822') return false
  return kind === 'message' || (type === 'message' && ['rfc822', 'global'].includes(subtype))
}

// media-basic SP body-fields; body-fields = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP body-fld-octets
function writeFields(to: ResponseWriter, part: Part): void {
  to.string(part.type)
  to.raw(' ')
  to.string(part.subtype)
  to.raw(' ')
  writeParameters(to, part.parameters)
  to.raw(' ')
  to.nstring(part.id)
  to.raw(' ')
  to.nstring(part.description)
  to.raw(' ')
  to.string(part.encoding)
  to.raw(` ${part.body[1]}`)
}

// body-fld-dsp = "(" string SP body-fld-param ")" / nil        body-fld-lang = nstring / "(" string *(SP string) ")"
function writeExtension(to: ResponseWriter, part: Part): void {
  if (part.disposition === null) to.raw(' NIL ')
  else {
    to.raw(' (')
    to.string(part.disposition.type)
    to.raw(' ')
    writeParameters(to, part.disposition.parameters)
    to.raw(') ')
  }
  writeLanguages(to, part.language)
  to.raw(' ')
  to.nstring(part.location)
}

function writeLanguages(to: ResponseWriter, languages: readonly ByteString[] | null): void {
  if (languages === null || languages.length === 0) {
    to.nil()
    return
  }
  let before = '('
  for (const language of languages) {
    to.raw(before)
    to.string(language)
    before = ' '
  }
  to.raw(')')
}
