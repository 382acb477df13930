// header_checks and its like: the patterns of all tables that are named become the text of one setting; lines that mean nothing here are left
// out and told.

import { parsePatternTable } from '#shared/settings/patterns/pattern-table.ts'
import type { Place } from '../../plan.ts'
import { joinedLines } from '../../source-files.ts'
import type { PostfixContext } from '../context.ts'
import { splitReference } from '../tables/read-table.ts'

const parameters = {
  header_checks: 'headerChecks',
  mime_header_checks: 'mimeHeaderChecks',
  nested_header_checks: 'nestedHeaderChecks',
  body_checks: 'bodyChecks',
} as const

export function translatePatterns(context: PostfixContext): void {
  const { collect, list, set, place } = context
  for (const [name, path] of Object.entries(parameters)) {
    if (!set.has(name)) continue
    const lines = list(name).flatMap(({ word, from }) => linesOfTable(word, name, from, context))
    const sound = withoutFaults(lines, name, context)
    if (sound !== '') collect.set(path, sound, { about: name, from: place(name) })
  }
}

type PatternLine = { readonly text: string; readonly from: Place }

function linesOfTable(
  word: string,
  about: string,
  from: Place,
  { collect, files }: PostfixContext,
): readonly PatternLine[] {
  const { type, name } = splitReference(word.replace(/^proxy:/, ''))
  if (type !== 'regexp' && type !== 'pcre') {
    collect.note(
      'not-supported',
      `${about} ${word}`,
      'only tables of patterns are asked here',
      from,
    )
    return []
  }
  const content = files.read(name)
  if (content.kind === 'refused') {
    collect.note('not-supported', `${about} ${word}`, content.reason, from)
    return []
  }
  return [...joinedLines(content.text)].map(({ line, text }) => ({
    text: text.trim(),
    from: { file: name, line },
  }))
}

/** A fault in an `if` may be one of lines far from it: then nothing of the table comes over. */
function withoutFaults(
  lines: readonly PatternLine[],
  about: string,
  { collect }: PostfixContext,
): string {
  let left = lines
  for (let round = 0; round < 2; round++) {
    const { faults } = parsePatternTable(left.map(({ text }) => text).join('\n'))
    if (faults.length === 0) return left.map(({ text }) => text).join('\n')
    const wrong = new Set(faults.map(({ line }) => line - 1))
    for (const { line, reason } of faults) {
      const at = left[line - 1]
      if (at !== undefined)
        collect.note('not-supported', `${about}: ${at.text.slice(0, 80)}`, reason, at.from)
    }
    left = left.filter((_, at) => !wrong.has(at))
  }
  const [first] = lines
  if (first !== undefined)
    collect.note('not-supported', about, 'its ifs do not fit together', first.from)
  return ''
}
