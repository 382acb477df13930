// Parameters of ID: RFC 2971 §3.3 and §4. id-params-list = "(" [string SP nstring *(SP string SP nstring)] ")" / nil

import type { ByteString } from '#shared/mail/message-index.ts'
import type { Cursor } from './cursor.ts'

export type IdParameters = readonly {
  readonly field: ByteString
  readonly value: ByteString | null
}[]

/** RFC 2971 §3.3 */
export const ID_FIELDS_MAX = 30
export const ID_FIELD_BYTES_MAX = 30
export const ID_VALUE_BYTES_MAX = 1024

/** Null for NIL. Deliberately: longer values than the RFC allows are cut, for they are only logged. */
export function parseIdParameters(cursor: Cursor): IdParameters | null {
  if (cursor.takesKeyword('NIL')) return null
  const parameters = cursor.list(
    () => {
      const field = cursor.string().slice(0, ID_FIELD_BYTES_MAX)
      cursor.space()
      return { field, value: cursor.nstring()?.slice(0, ID_VALUE_BYTES_MAX) ?? null }
    },
    { emptyAllowed: true },
  )
  return parameters.slice(0, ID_FIELDS_MAX)
}
