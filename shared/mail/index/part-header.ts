// What the MIME fields of a header say about its part (RFC 2045, 2183, 3282, 2557), defaults filled in.

import { trimWhiteSpace } from '../header-field.ts'
import type { ByteString, Part } from '../message-index.ts'
import {
  type ContentType,
  parameterValue,
  parseContentType,
  parseDisposition,
  parseLanguages,
  parseToken,
} from '../mime-parameters.ts'
import type { IndexedFields } from './indexed-fields.ts'
import { BOUNDARY_BYTES_MAX } from './open-boundaries.ts'
import type { TextBudget } from './text-budget.ts'

/** The fields of a part that come from its header. */
export type PartHeader = Omit<Extract<Part, { kind: 'leaf' }>, 'kind' | 'header' | 'body' | 'lines'>

export type DefaultType = 'text/plain' | 'message/rfc822'

/** RFC 2045 §5.2: the type of what has no valid Content-Type; RFC 2046 §5.1.5: another one inside a digest. */
const defaultTypes = {
  'text/plain': { type: 'text', subtype: 'plain', parameters: [['charset', 'us-ascii']] },
  'message/rfc822': { type: 'message', subtype: 'rfc822', parameters: [] },
} as const satisfies Record<DefaultType, ContentType>

/** Of a part that is kept unread: RFC 2045 §6.4 and RFC 2049 §2 (5) let what cannot be processed be treated as this. */
export const OPAQUE_TYPE = { type: 'application', subtype: 'octet-stream' } as const

/** Of a part without any field. */
export const plainTextHeader: PartHeader = {
  ...defaultTypes['text/plain'],
  id: null,
  description: null,
  encoding: '7bit',
  md5: null,
  disposition: null,
  language: null,
  location: null,
}

export type MimeFields = {
  readonly header: PartHeader
  /** Null when the part is no multipart or has no usable boundary. */
  readonly boundary: ByteString | null
}

export function mimeFieldsOf(
  fields: IndexedFields,
  defaultType: DefaultType,
  budget: TextBudget,
): MimeFields {
  const contentType =
    parseContentType(fields.first('content-type') ?? '') ?? defaultTypes[defaultType]
  const encoding = parseToken(fields.first('content-transfer-encoding') ?? '') ?? '7bit'
  for (const text of [contentType.type, contentType.subtype, encoding]) budget.spend(text)
  const header = {
    type: contentType.type,
    subtype: contentType.subtype,
    parameters: budget.keepParameters(contentType.parameters),
    id: budget.keep(fields.first('content-id')),
    description: budget.keep(fields.first('content-description')),
    encoding,
    md5: budget.keep(fields.first('content-md5')),
    disposition: dispositionOf(fields, budget),
    language: languageOf(fields, budget),
    location: budget.keep(fields.first('content-location')),
  }
  return { header, boundary: boundaryOf(contentType) }
}

/** boundary := 0*69<bchars> bcharsnospace (RFC 2046 §5.1.1); longer ones and other characters are taken too. */
function boundaryOf({ type, parameters }: ContentType): ByteString | null {
  if (type !== 'multipart') return null
  const boundary = trimWhiteSpace(parameterValue(parameters, 'boundary') ?? '')
  return boundary === '' || boundary.length > BOUNDARY_BYTES_MAX ? null : boundary
}

function dispositionOf(fields: IndexedFields, budget: TextBudget): PartHeader['disposition'] {
  const disposition = parseDisposition(fields.first('content-disposition') ?? '')
  if (disposition === null) return null
  budget.spend(disposition.type)
  return { type: disposition.type, parameters: budget.keepParameters(disposition.parameters) }
}

function languageOf(fields: IndexedFields, budget: TextBudget): readonly ByteString[] | null {
  const languages = budget.keepList(parseLanguages(fields.first('content-language') ?? ''))
  return languages.length === 0 ? null : languages
}
