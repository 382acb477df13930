// The text that postmap(1) makes a hash, btree, lmdb, cdb or dbm table of, and that texthash reads as it is: `key white-space value`.

import type { OnFault, Row } from '../../rows.ts'
import { isBlank, isContinuation, joinedLines } from '../../source-files.ts'

/** Keys in small letters; of the same key the first counts, as postmap has it. */
export function readPostmapSource(file: string, text: string, onFault: OnFault): readonly Row[] {
  const rows = new Map<string, Row>()
  for (const { line, text: joined } of joinedLines(text)) {
    const from = { file, line }
    const fault = (reason: string) => onFault({ about: shown(joined), reason, from })
    if (isContinuation(joined)) {
      fault('nothing stands before it that it could go on with')
      continue
    }
    const end = endOfKey(joined)
    // `"a b"@example.net` keeps its quotes: so does the address that is looked for.
    const key = joined.slice(0, end).toLowerCase()
    const value = joined.slice(end).trim()
    if (value === '') fault('a key without a value')
    else if (rows.has(key)) fault(`the key stands in line ${rows.get(key)?.from.line} already`)
    else rows.set(key, { key, value, from })
  }
  return [...rows.values()]
}

const SHOWN_MAX = 80
const shown = (text: string) => text.trim().slice(0, SHOWN_MAX)

/** At the first white space that is neither in quotes nor behind a backslash. */
function endOfKey(text: string): number {
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '\\') at++
    else if (character === '"') isQuoted = !isQuoted
    else if (!isQuoted && isBlank(character)) return at
  }
  return text.length
}
