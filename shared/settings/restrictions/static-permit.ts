// `static:OK` and its like: a table that permits whoever it is asked about.

import { parseAction } from './action.ts'
import type { ListEntry } from './grammar.ts'
import { parseTableRef } from './table-ref.ts'
import { wordFacts } from './words.ts'

export function permitsWhoever(entry: ListEntry): boolean {
  if (entry.kind !== 'word' || wordFacts(entry.word).argument !== 'table') return false
  const table = parseTableRef(entry.argument)
  if (typeof table === 'string' || table.kind !== 'static') return false
  const { kind } = parseAction(table.result)
  // An empty result means OK.
  return kind === 'permit' || kind === 'empty'
}
