// Pattern tables as the values of settings, and what is wrong with them, told with the line.

import type { Problem } from '../problems.ts'
import type { Kind } from '../setting.ts'
import { type PatternTable, parsePatternTable } from './pattern-table.ts'

export const patternTable: Kind<PatternTable> = {
  name: 'patterns',
  allowed:
    'lines /pattern/flags ACTION as in header_checks(5), or the path of a file of them such as /etc/postfix/header_checks (regexp: or pcre: may stand before it), or nothing',
  files: 'whole',
  parse: parsePatternTable,
  format: ({ text }) => text,
}

const FAULTS_TOLD_MAX = 10

export function findPatternFaults(settings: {
  readonly [name: string]: unknown
}): readonly Problem[] {
  // What follows from another setting has its faults.
  const seen = new Set<string>()
  return patternSettings.flatMap((key) => {
    const { text, faults } = settings[key] as PatternTable
    if (seen.has(text)) return []
    seen.add(text)
    return faults.slice(0, FAULTS_TOLD_MAX).map(
      ({ line, reason }): Problem => ({
        kind: 'conflict',
        keys: [key],
        reason: `line ${line}: ${reason}`,
      }),
    )
  })
}

export const patternSettings = [
  'headerChecks',
  'mimeHeaderChecks',
  'nestedHeaderChecks',
  'bodyChecks',
] as const
