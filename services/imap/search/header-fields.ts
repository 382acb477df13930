// The fields of one header, decoded, one after the other: however many or long they are, little of them is in memory.

import { headerTextPieces } from '#shared/mail/encoded-words.ts'
import { emptyLineBytes, fieldEnd, forEachField, unfold } from '#shared/mail/header-field.ts'
import type { ByteString } from '#shared/mail/message-index.ts'

export type DecodedField = {
  /** Lower-case. */
  readonly name: string
  /** As sent. */
  readonly spelledName: string
  readonly pieces: Iterable<string>
}

/** Of a header, byte string. */
export function* decodedFields(header: ByteString): Generator<DecodedField> {
  for (let start = 0; start < header.length; ) {
    // Split by the block, for it is the one grammar of fields that looks at each.
    let end = start
    while (end - start < BLOCK_BYTES && end < header.length && emptyLineBytes(header, end) === 0) {
      end = fieldEnd(header, end)
    }
    if (end === start) return
    const fields: DecodedField[] = []
    forEachField(header.slice(start, end), (spelledName, body) => {
      const value = unfold(body)
      const pieces = { [Symbol.iterator]: () => headerTextPieces(value) }
      fields.push({ name: spelledName.toLowerCase(), spelledName, pieces })
    })
    yield* fields
    start = end
  }
}

/** Of fields looked at together, but for a single one that is longer. */
const BLOCK_BYTES = 4_096

/** The whole header as one text, a line for each field: what TEXT looks into. */
export function* headerLines(header: ByteString): Generator<string> {
  for (const { spelledName, pieces } of decodedFields(header)) {
    yield `${spelledName}: `
    yield* pieces
    yield '\n'
  }
}
