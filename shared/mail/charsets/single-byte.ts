// A character set of one byte a character, by its table.

import { isAscii } from 'node:buffer'
import { asBuffer } from '#shared/runtime/bytes.ts'
import { codePages } from './code-pages.ts'
import type { CharsetDecoder } from './decoder.ts'

export type CodePage = keyof typeof codePages

/** Pieces need no memory of each other. */
export class SingleByteDecoder implements CharsetDecoder {
  readonly #characters: Uint16Array

  constructor(page: CodePage) {
    this.#characters = charactersOf(page)
  }

  push(bytes: Uint8Array): string {
    if (isAscii(bytes)) return asBuffer(bytes).toString('latin1')
    const units = new Uint16Array(bytes.length)
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0
      units[at] = byte < 0x80 ? byte : (this.#characters[byte - 0x80] ?? 0)
    }
    return utf16Text(units)
  }

  finish(): string {
    return ''
  }
}

/** Units of UTF-16 as text. */
export function utf16Text(units: Uint16Array): string {
  return Buffer.from(units.buffer, units.byteOffset, units.byteLength).toString('utf16le')
}

function charactersOf(page: CodePage): Uint16Array {
  let characters = tables.get(page)
  if (characters === undefined) {
    const text = codePages[page]
    characters = Uint16Array.from({ length: text.length }, (_, at) => text.charCodeAt(at))
    tables.set(page, characters)
  }
  return characters
}

/** Of the pages that were needed. */
const tables = new Map<CodePage, Uint16Array>()
