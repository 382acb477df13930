// Tables that restrictions ask: one of the directory for each, whose keys and results mean something here; the others are told.

import { parseAccessKey } from '#shared/directory/access-key.ts'
import { resultFault } from '#shared/settings/restrictions/result-fault.ts'
import { formatTableRef, INLINE_ENTRIES_MAX } from '#shared/settings/restrictions/table-ref.ts'
import type { Place, PlannedEntry } from '../../plan.ts'
import type { PostfixContext } from '../context.ts'
import type { TableNames } from '../table-names.ts'
import type { ReadTable } from '../tables/table.ts'

/** What stands behind a word of a list. */
export type Translated =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'fault'; readonly reason: string }

export type AccessOf = (text: string, from: Place) => Translated

export function createAccess(
  context: PostfixContext,
  names: TableNames,
  classNames: ReadonlySet<string>,
): AccessOf {
  const known = new Map<string, Translated>()
  const isClass = (name: string) => classNames.has(name)
  return (text, from) => {
    const before = known.get(text)
    if (before !== undefined) return before
    const found = access(context.table(text, from), text, from)
    known.set(text, found)
    return found
  }

  function access(table: ReadTable, text: string, from: Place): Translated {
    switch (table.kind) {
      case 'refused':
        return { kind: 'fault', reason: table.reason }
      case 'patterns':
        return {
          kind: 'fault',
          reason: `its ${table.rules.length} patterns are not asked about hosts and addresses here`,
        }
      case 'constant':
        return { kind: 'text', text: formatTableRef({ kind: 'static', result: table.value }) }
      case 'rows':
      case 'networks': {
        const name = names.nameOf(text, 'access')
        const entries = table.rows.flatMap((row): PlannedEntry[] => {
          const key = parseAccessKey(row.key)
          const reason =
            'fault' in key
              ? `no key of an access table: ${key.fault}`
              : resultFault(row.value, isClass)
          if (reason === undefined) return [{ key: row.key, result: row.value, from: row.from }]
          context.collect.note(
            'not-supported',
            `${name}: ${row.key} ${row.value}`,
            reason,
            row.from,
          )
          return []
        })
        if (/^inline:/i.test(text) && entries.length <= INLINE_ENTRIES_MAX) {
          return { kind: 'text', text: formatTableRef({ kind: 'inline', entries }) }
        }
        const place = entries[0]?.from ?? from
        context.collect.add({
          kind: 'table',
          table: name,
          use: 'access',
          entries,
          from: { ...place, line: 0 },
        })
        return { kind: 'text', text: `table:${name}` }
      }
    }
  }
}
