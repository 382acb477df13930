// Arguments of STORE after the message set: RFC 9051 §6.4.6, UNCHANGEDSINCE RFC 7162 §3.1.3.

import type { Cursor } from './cursor.ts'

export type StoreArguments = {
  readonly unchangedSince: number | null
  readonly mode: 'replace' | 'add' | 'remove'
  readonly silent: boolean
  readonly flags: readonly string[]
}

// store = "STORE" SP sequence-set SP [store-modifiers SP] store-att-flags
// store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))
export function parseStoreArguments(cursor: Cursor): StoreArguments {
  let unchangedSince: number | null = null
  if (cursor.sees('(')) {
    cursor.list(() => {
      if (cursor.keyword() !== 'UNCHANGEDSINCE') cursor.fail('unknown store modifier')
      if (unchangedSince !== null) cursor.fail('UNCHANGEDSINCE given twice')
      cursor.space()
      unchangedSince = cursor.modSequence()
    })
    cursor.space()
  }
  const mode = cursor.takes('+') ? 'add' : cursor.takes('-') ? 'remove' : 'replace'
  const name = cursor.keyword()
  if (name !== 'FLAGS' && name !== 'FLAGS.SILENT') cursor.fail('unknown data item')
  cursor.space()
  const flags = cursor.sees('(') ? cursor.flagList() : bareFlags(cursor)
  return { unchangedSince, mode, silent: name === 'FLAGS.SILENT', flags }
}

function bareFlags(cursor: Cursor): readonly string[] {
  const flags = [cursor.flag()]
  while (cursor.takesSpace()) {
    if (cursor.atEnd()) break
    flags.push(cursor.flag())
  }
  return flags
}
