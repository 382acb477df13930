// Expressions of virtual_alias_maps that say no more than a key could: `/^info@example\.net$/ …`, `/@example\.net$/ …`,
// `/^(.*)@old\.example$/ $1@new.example`. All others are told.

import type { PatternRow } from './tables/table.ts'

export type SimplePattern = {
  /** An address or `@domain`. */
  readonly name: string
  /** `@domain` in place of `$1@domain`. */
  readonly value: string
}

const anyUser = ['(.*)', '(.+)', '.*', '.+'] as const

export function simplePattern({
  pattern,
  value,
  isNegated,
  isConditional,
  flags,
}: PatternRow): SimplePattern | undefined {
  if (isNegated || isConditional || flags !== '') return undefined
  const at = pattern.indexOf('@')
  if (at === -1 || !pattern.endsWith('$') || pattern.endsWith('\\$')) return undefined
  const before = pattern.slice(0, at)
  const domain = literal(pattern.slice(at + 1, -1))
  if (domain === undefined) return undefined
  const user = before.startsWith('^') ? before.slice(1) : before
  const isAny = anyUser.some((one) => one === user) || before === ''
  if (isAny) {
    const mapped = /^\$(?:1|\{1\}|\(1\))@([^\s,@$]+)$/.exec(value)?.[1]
    if (mapped !== undefined && user.startsWith('(')) {
      return { name: `@${domain}`, value: `@${mapped}` }
    }
    return value.includes('$') ? undefined : { name: `@${domain}`, value }
  }
  const local = before.startsWith('^') ? literal(user) : undefined
  return local === undefined || value.includes('$')
    ? undefined
    : { name: `${local}@${domain}`, value }
}

/** Text that means itself, with backslashes before what would not. */
function literal(text: string): string | undefined {
  let plain = ''
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '\\') {
      const next = text.charAt(++at)
      if (next === '' || /^[A-Za-z0-9]$/.test(next)) return undefined
      plain += next
    } else if (/^[A-Za-z0-9_=-]$/.test(character)) plain += character
    else return undefined
  }
  return plain === '' ? undefined : plain.toLowerCase()
}
