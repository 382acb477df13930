// Results of tables that are written in the list itself (`inline:`, `static:`): they are known before a server starts.

import { parseAction } from './action.ts'
import type { ListEntry } from './grammar.ts'
import { resultFault } from './result-fault.ts'
import { parseTableRef } from './table-ref.ts'
import { wordFacts } from './words.ts'

/** What is wrong with one of them. */
export function writtenResultFault(
  entry: ListEntry,
  isClass: (name: string) => boolean,
): string | undefined {
  const table = tableOf(entry)
  if (entry.kind !== 'word' || table === undefined || table.kind === 'table') return undefined
  const results = table.kind === 'inline' ? table.entries : [{ key: 'static', ...table }]
  for (const { key, result } of results) {
    // Nothing means OK.
    const reason = result === '' ? undefined : resultFault(result, isClass)
    if (reason !== undefined) return `${entry.word}, what it says of ${key}: ${reason}`
  }
  return undefined
}

/** `static:OK` and its like. */
export function permitsWhoever(entry: ListEntry): boolean {
  const table = tableOf(entry)
  return table?.kind === 'static' && parseAction(table.result).kind === 'permit'
}

function tableOf(entry: ListEntry) {
  if (entry.kind !== 'word' || wordFacts(entry.word).argument !== 'table') return undefined
  const table = parseTableRef(entry.argument)
  return typeof table === 'string' ? undefined : table
}
