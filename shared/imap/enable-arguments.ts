// ENABLE: RFC 5161 §3.1. enable = "ENABLE" 1*(SP capability); capabilities we do not know are no error.

import type { Cursor } from './cursor.ts'

export const CAPABILITIES_MAX = 100

/** In capitals, from the first space on. */
export function parseCapabilities(cursor: Cursor): readonly string[] {
  const capabilities: string[] = []
  do {
    cursor.space()
    if (capabilities.length === CAPABILITIES_MAX) cursor.fail('too many capabilities')
    capabilities.push(cursor.atom().toUpperCase())
  } while (!cursor.endsAfterSpaces())
  return capabilities
}
