// From the expressions of POSIX and PCRE tables to JavaScript's. What would silently mean something else here is refused.

import type { ByteString } from '#shared/mail/message-index.ts'

export type Translated = {
  readonly source: ByteString
  readonly flags: string
  readonly groups: number
}

const posixClasses: { readonly [name: string]: string } = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '\\x21-\\x7e',
  lower: 'a-z',
  print: '\\x20-\\x7e',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\s',
  upper: 'A-Z',
  word: '\\w',
  xdigit: '0-9A-Fa-f',
}

/** Those that mean in JavaScript what they mean in PCRE. */
const KNOWN_ESCAPES = /^(?:[dDwWsSbBnrtfv0-9]|x[0-9a-fA-F]{2}|c[A-Za-z])/
const PATTERN_CHARACTERS_MAX = 10_000

/** A text says why not. */
export function translatePattern(pattern: string, flags: ReadonlySet<string>): Translated | string {
  if (pattern.length > PATTERN_CHARACTERS_MAX) return 'the pattern is too long'
  const [, inline = '', rest = pattern] = /^\(\?([ims]+)\)(.*)$/s.exec(pattern) ?? []
  const all = [...new Set([...flags, ...inline])].sort().join('')
  const bytes = Buffer.from(rest, 'utf8').toString('latin1')
  const source = translate(bytes)
  if (source === undefined) return `not understood here: ${pattern}`
  try {
    // With an empty alternative it matches anything, and tells how many groups there are.
    const groups = (new RegExp(source.concat('|'), all).exec('')?.length ?? 1) - 1
    return { source, flags: all, groups }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function translate(pattern: ByteString): ByteString | undefined {
  let source = ''
  for (let at = 0; at < pattern.length; ) {
    const rest = pattern.slice(at)
    const piece = rest.startsWith('\\')
      ? escaped(rest)
      : rest.startsWith('[')
        ? bracket(rest)
        : one(rest)
    if (piece === undefined) return undefined
    source += piece.source
    at += piece.length
  }
  return source
}

type Piece = { readonly source: string; readonly length: number }

function one(text: string): Piece | undefined {
  // Atomic groups, conditions, comments, recursion, possessive repetition, settings in the middle.
  if (/^\(\?(?![:=!]|<[=!]|<[A-Za-z]|[ims]{1,3}:)/.test(text)) return undefined
  return { source: text[0] ?? '', length: 1 }
}

function escaped(text: string): Piece | undefined {
  const next = text[1]
  if (next === undefined) return undefined
  if (!/[A-Za-z0-9]/.test(next)) return { source: `\\${next}`, length: 2 }
  const [known] = KNOWN_ESCAPES.exec(text.slice(1)) ?? []
  return known === undefined ? undefined : { source: `\\${known}`, length: 1 + known.length }
}

/** `[…]`: a bracket that stands first belongs to it, and classes such as `[:alpha:]` stand within. */
function bracket(text: string): Piece | undefined {
  let at = text.startsWith('[^') ? 2 : 1
  let source = text.slice(0, at)
  for (let isFirst = true; at < text.length; isFirst = false) {
    const rest = text.slice(at)
    if (rest.startsWith(']') && !isFirst) return { source: `${source}]`, length: at + 1 }
    const [whole, name] = /^\[:(\w+):\]/.exec(rest) ?? []
    if (whole !== undefined) {
      const characters = posixClasses[name ?? '']
      if (characters === undefined) return undefined
      source += characters
      at += whole.length
    } else if (rest.startsWith('\\')) {
      const piece = escaped(rest)
      if (piece === undefined) return undefined
      source += piece.source
      at += piece.length
    } else {
      source += rest.startsWith('[') || rest.startsWith(']') ? `\\${rest[0]}` : (rest[0] ?? '')
      at += 1
    }
  }
  return undefined
}
