// regexp_table(5) and pcre_table(5), and cidr_table(5), whose lines have the same frame: a rule a line, `!` before what must not match, and
// `if … endif` around rules. Nothing is matched here; whoever asks for the rules says which of them mean something as keys.

import type { OnFault, Row } from '../../rows.ts'
import { joinedLines } from '../../source-files.ts'
import type { PatternRow } from './table.ts'

export function readPatternSource(
  file: string,
  text: string,
  onFault: OnFault,
): readonly PatternRow[] {
  const rules: PatternRow[] = []
  let conditions = 0
  for (const { line, text: joined } of joinedLines(text)) {
    const from = { file, line }
    const content = joined.trim()
    if (/^endif\b/i.test(content)) {
      conditions = Math.max(0, conditions - 1)
      continue
    }
    if (/^if\b/i.test(content)) {
      conditions++
      continue
    }
    const rule = parseRule(content)
    if (rule === undefined) {
      onFault({ about: content.slice(0, 80), reason: 'no /pattern/ and no result', from })
      continue
    }
    rules.push({ ...rule, isConditional: conditions > 0, from })
  }
  return rules
}

function parseRule(content: string): Omit<PatternRow, 'from' | 'isConditional'> | undefined {
  const isNegated = content.startsWith('!')
  const body = isNegated ? content.slice(1).trimStart() : content
  const delimiter = body.charAt(0)
  if (delimiter === '' || /^[\w\s\\]$/.test(delimiter)) return undefined
  let end = 1
  while (end < body.length && body.charAt(end) !== delimiter) {
    end += body.charAt(end) === '\\' ? 2 : 1
  }
  if (end >= body.length) return undefined
  let behind = end + 1
  while (behind < body.length && !/^\s$/.test(body.charAt(behind))) behind++
  const value = body.slice(behind).trim()
  if (value === '') return undefined
  return { pattern: body.slice(1, end), flags: body.slice(end + 1, behind), isNegated, value }
}

/** Lines in `if` and with `!` are told, and not taken: here a network is a key, and nothing else. */
export function readCidrSource(file: string, text: string, onFault: OnFault): readonly Row[] {
  const rows = new Map<string, Row>()
  let conditions = 0
  for (const { line, text: joined } of joinedLines(text)) {
    const from = { file, line }
    const content = joined.trim()
    const fault = (reason: string) => onFault({ about: content.slice(0, 80), reason, from })
    const gap = content.search(/\s/)
    const key = (gap === -1 ? content : content.slice(0, gap)).replaceAll(/[[\]]/g, '')
    const value = gap === -1 ? '' : content.slice(gap).trim()
    if (/^endif\b/i.test(content)) conditions = Math.max(0, conditions - 1)
    else if (/^if\b/i.test(content)) conditions++
    else if (conditions > 0) fault('a rule within if')
    else if (content.startsWith('!')) fault('a rule for what is not in a network')
    else if (value === '') fault('a network without a result')
    else if (!rows.has(key)) rows.set(key, { key: key.toLowerCase(), value, from })
  }
  return [...rows.values()]
}
