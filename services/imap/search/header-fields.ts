// The header of one message as folded texts by field name, decoded when they are asked for.

import { foldCase } from '#shared/mail/casemap.ts'
import { decodeHeaderText } from '#shared/mail/encoded-words.ts'
import { type HeaderField, headerFields } from '#shared/mail/header-field.ts'

export class FoldedHeader {
  readonly #fields: readonly HeaderField[]

  constructor(header: Uint8Array) {
    this.#fields = headerFields(header)
  }

  /** Values of every field of this name (lower case). */
  values(name: string): readonly string[] {
    return this.#fields
      .filter((field) => field.name.toLowerCase() === name)
      .map(({ value }) => foldCase(decodeHeaderText(value)))
  }
}

/** The whole header as one folded text, a line for each field: what TEXT looks into. */
export function foldedHeaderText(header: Uint8Array): string {
  const lines = headerFields(header).map(
    ({ name, value }) => `${name}: ${decodeHeaderText(value)}\n`,
  )
  return foldCase(lines.join(''))
}
