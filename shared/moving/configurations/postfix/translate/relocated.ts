import { formatAddress } from '#shared/mail/address.ts'
import type { PlannedEntry } from '../../plan.ts'
import type { PostfixContext } from '../context.ts'

/** relocated_maps: here a table that is asked before all else about recipients. */
export function translateRelocated(context: PostfixContext): string | undefined {
  const { collect, tables } = context
  const entries: PlannedEntry[] = []
  for (const { text, table, from } of tables('relocated_maps')) {
    if (table.kind !== 'rows') {
      const reason = table.kind === 'refused' ? table.reason : 'has no addresses one by one'
      collect.note('not-supported', `relocated_maps ${text}`, reason, from)
      continue
    }
    for (const { key, value: where, from: row } of table.rows) {
      const result = `550 5.1.6 User has moved to ${where}`
      if (key.startsWith('@')) entries.push({ key: key.slice(1), result, from: row })
      else {
        const address = context.address(key)
        if (address === undefined) collect.note('faulty', key, 'no address', row)
        else entries.push({ key: formatAddress(address), result, from: row })
      }
    }
  }
  if (entries.length === 0) return undefined
  const from = { file: entries[0]?.from.file ?? '', line: 0 }
  collect.add({ kind: 'table', table: 'relocated', use: 'access', entries, from })
  return 'check_recipient_access table:relocated'
}
