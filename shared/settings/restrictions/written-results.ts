// Results of tables that are written in the list itself (`inline:`, `static:`): they are known before a server starts.

import { type Action, parseAction } from './action.ts'
import type { ListEntry } from './grammar.ts'
import { resultFault } from './result-fault.ts'
import { parseTableRef, type TableRef } from './table-ref.ts'
import { wordFacts } from './words.ts'

/** What is wrong with the first that nobody could follow. Those of tables in the directory are judged when they are set. */
export function writtenResultFault(
  entries: readonly ListEntry[],
  isClass: (name: string) => boolean,
): string | undefined {
  for (const entry of entries) {
    for (const { key, result } of writtenResults(entry)) {
      // Nothing means OK.
      const reason = result === '' ? undefined : resultFault(result, isClass)
      if (reason !== undefined)
        return `${entry.kind === 'word' ? entry.word : entry.name}, what it says of ${key}: ${reason}`
    }
  }
  return undefined
}

/** What a table says of whoever it is asked about. */
export function staticAction(entry: ListEntry): Action | undefined {
  const table = tableOf(entry)
  return table?.kind === 'static' ? parseAction(table.result) : undefined
}

function writtenResults(
  entry: ListEntry,
): readonly { readonly key: string; readonly result: string }[] {
  const table = tableOf(entry)
  if (table?.kind === 'inline') return table.entries
  return table?.kind === 'static' ? [{ key: 'static', result: table.result }] : []
}

function tableOf(entry: ListEntry): TableRef | undefined {
  if (entry.kind !== 'word' || wordFacts(entry.word).argument !== 'table') return undefined
  const table = parseTableRef(entry.argument)
  return typeof table === 'string' ? undefined : table
}
