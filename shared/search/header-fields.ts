// The fields of one header, some at a time: however many or long they are, little of them is in memory at once.

import { decodeHeaderText, headerTextPieces } from '#shared/mail/encoded-words.ts'
import { emptyLineBytes, fieldEnd, forEachField, unfold } from '#shared/mail/header-field.ts'
import type { ByteString } from '#shared/mail/message-index.ts'

/** Of fields looked at together, but for a single one that is longer. */
const BLOCK_BYTES = 4_096

/** A header, byte string, cut between its fields. */
export function* fieldBlocks(header: ByteString): Generator<ByteString> {
  for (let start = 0; start < header.length; ) {
    let end = start
    while (end - start < BLOCK_BYTES && end < header.length && emptyLineBytes(header, end) === 0) {
      end = fieldEnd(header, end)
    }
    if (end === start) return
    yield header.slice(start, end)
    start = end
  }
}

/** The whole header as one text, a line for each field: what TEXT looks into. */
export function* headerLines(header: ByteString): Generator<string> {
  for (const block of fieldBlocks(header)) {
    let text = ''
    let long: ByteString | undefined
    forEachField(block, (name, body) => {
      const value = unfold(body)
      text += `${name}: `
      // A long one ends its block.
      if (value.length >= BLOCK_BYTES) long = value
      else text += `${decodeHeaderText(value)}\n`
    })
    yield text
    if (long === undefined) continue
    yield* headerTextPieces(long)
    yield '\n'
  }
}
