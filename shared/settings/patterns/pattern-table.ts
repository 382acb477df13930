// Pattern tables, as Postfix's regexp_table(5) and pcre_table(5) have them: `/pattern/flags action` a line, `!` before a pattern that must not
// match, `if … endif` around lines, lines that begin with white space go on. Patterns are JavaScript's, with what POSIX and PCRE tables
// write otherwise translated or refused. They and the texts of actions are byte strings: so are the messages that they see.

import type { ByteString } from '#shared/mail/message-index.ts'
import { actionFault, type CheckAction, parseAction } from './check-action.ts'
import { translatePattern } from './translate-pattern.ts'

export type PatternRule = {
  readonly source: ByteString
  /** Of a RegExp. */
  readonly flags: string
  readonly isNegated: boolean
  /** In the text, from 1. */
  readonly line: number
} & (
  | { readonly kind: 'match'; readonly action: CheckAction }
  /** Rules up to this one are asked only where it matches. */
  | { readonly kind: 'if'; readonly end: number }
)

export type PatternTable = {
  /** As it was written. */
  readonly text: string
  readonly rules: readonly PatternRule[]
  /** With such a table nothing starts. */
  readonly faults: readonly PatternFault[]
}

export type PatternFault = { readonly line: number; readonly reason: string }

export const RULES_MAX = 10_000
/** Groups that `if` makes within each other. */
export const NESTED_IFS_MAX = 20

export const noPatterns: PatternTable = { text: '', rules: [], faults: [] }

export function parsePatternTable(text: string): PatternTable {
  const rules: (PatternRule & { end?: number })[] = []
  const faults: PatternFault[] = []
  const open: { readonly index: number; readonly line: number }[] = []
  for (const { line, content } of logicalLines(text)) {
    const fault = (reason: string) => faults.push({ line, reason })
    if (/^endif$/i.test(content)) {
      const begun = open.pop()
      const rule = begun === undefined ? undefined : rules[begun.index]
      if (rule?.kind === 'if') rules[begun?.index ?? 0] = { ...rule, end: rules.length }
      else fault('endif without if')
      continue
    }
    const condition = /^if\s/i.test(content) ? content.slice('if'.length).trim() : undefined
    const expression = readExpression(condition ?? content)
    if (typeof expression === 'string') {
      fault(expression)
      continue
    }
    const { rest, groups, ...pattern } = expression
    if (condition !== undefined) {
      if (rest !== '') fault('nothing stands behind the pattern of an if')
      if (open.length >= NESTED_IFS_MAX) fault(`more than ${NESTED_IFS_MAX} ifs in each other`)
      open.push({ index: rules.length, line })
      rules.push({ ...pattern, line, kind: 'if', end: 0 })
      continue
    }
    const action = parseAction(rest)
    const wrong =
      action === undefined ? `unknown action: ${rest}` : actionFault(action, { ...pattern, groups })
    if (wrong !== undefined) fault(wrong)
    if (action !== undefined) rules.push({ ...pattern, line, kind: 'match', action })
  }
  for (const { line } of open) faults.push({ line, reason: 'if without endif' })
  if (rules.length > RULES_MAX) faults.push({ line: 0, reason: `more than ${RULES_MAX} lines` })
  return { text, rules, faults }
}

function logicalLines(text: string): { readonly line: number; readonly content: string }[] {
  const lines: { line: number; content: string }[] = []
  for (const [i, physical] of text.split(/\r?\n/).entries()) {
    const content = physical.trim()
    if (content === '' || content.startsWith('#')) continue
    const last = lines.at(-1)
    if (/^\s/.test(physical) && last !== undefined) last.content += ` ${content}`
    else lines.push({ line: i + 1, content })
  }
  return lines
}

type Expression = Pick<PatternRule, 'source' | 'flags' | 'isNegated'> & {
  readonly rest: string
  /** How many groups it has. */
  readonly groups: number
}

/** `!/pattern/flags rest`; the delimiter is whatever stands first. A text says what is wrong. */
function readExpression(text: string): Expression | string {
  const isNegated = text.startsWith('!')
  const body = isNegated ? text.slice(1).trimStart() : text
  const delimiter = body[0] ?? ''
  if (delimiter === '' || /[\p{L}\p{N}\s\\]/u.test(delimiter)) {
    return 'a pattern between slashes is missing: /pattern/ ACTION'
  }
  const end = endOfPattern(body, delimiter)
  if (end === -1) return `no ${delimiter} ends the pattern`
  const behind = body.slice(end + 1)
  const [letters = ''] = /^\S*/.exec(behind) ?? []
  const rest = behind.slice(letters.length)
  const flags = flagsOf(letters)
  if (flags === undefined) return `unknown flags: ${letters}`
  const translated = translatePattern(body.slice(1, end), flags)
  if (typeof translated === 'string') return translated
  return { ...translated, isNegated, rest: rest.trim() }
}

function endOfPattern(text: string, delimiter: string): number {
  for (let at = 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === delimiter) return at
  }
  return -1
}

/** Each letter turns round what holds without it: i (case does not matter), s (a dot is a line end too), m (lines have ends of their own). */
function flagsOf(letters: string): Set<string> | undefined {
  const flags = new Set(['i', 's'])
  for (const letter of letters) {
    // POSIX tables turn extended syntax off with it, which is all there is here.
    if (!'ims'.includes(letter)) return undefined
    if (!flags.delete(letter)) flags.add(letter)
  }
  return flags
}
