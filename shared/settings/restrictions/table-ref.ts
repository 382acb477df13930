// What stands in a restriction list, or in a setting, for a table: one in the directory, or one that is written on the spot. Postfix's
// words for the latter two (DATABASE_README).

export type TableRef =
  /** Kept in the directory; may not be there, and is then empty. */
  | { readonly kind: 'table'; readonly name: string }
  /** `inline:{ key=result, { key = a longer result } }` */
  | { readonly kind: 'inline'; readonly entries: readonly InlineEntry[] }
  /** `static:result`, of whatever is asked for; `static:{ a longer result }`. */
  | { readonly kind: 'static'; readonly result: string }

export type InlineEntry = { readonly key: string; readonly result: string }

export const INLINE_ENTRIES_MAX = 1_000

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

export const isTableName = (text: string) => NAME.test(text)

/** Types of Postfix's tables that hold what our tables hold; their content can be imported. */
const importable: ReadonlySet<string> = new Set(
  'hash btree lmdb cdb dbm texthash cidr sdbm'.split(' '),
)

/** A text: why it is no table. */
export function parseTableRef(text: string): TableRef | string {
  const at = text.indexOf(':')
  const type = text.slice(0, Math.max(at, 0)).toLowerCase()
  const rest = text.slice(at + 1).trim()
  switch (type) {
    case 'table':
      return isTableName(rest)
        ? { kind: 'table', name: rest }
        : `'${rest}' is no name of a table: letters, digits, dots, hyphens and underscores, at most 64`
    case 'inline':
      return parseInline(rest)
    case 'static':
      return { kind: 'static', result: withoutBraces(rest) ?? rest }
    default:
      return explainOther(type, rest, text)
  }
}

function explainOther(type: string, rest: string, text: string): string {
  if (importable.has(type)) {
    const name = rest.slice(rest.lastIndexOf('/') + 1) || 'NAME'
    return `tables of files are kept in the directory: 'postwolke access import ${name} ${rest}', then table:${name}`
  }
  if (type === 'regexp' || type === 'pcre') {
    return 'tables of patterns are not asked about hosts and addresses here; use table:, inline: or static:'
  }
  return `'${text}' is no table; use table:NAME, inline:{ key=result, … } or static:result`
}

function parseInline(text: string): TableRef | string {
  const inner = withoutBraces(text)
  if (inner === undefined) return 'inline: needs braces around its entries'
  const entries: InlineEntry[] = []
  for (const word of entriesOf(inner)) {
    const entry = withoutBraces(word) ?? word
    const equals = entry.indexOf('=')
    const key = entry.slice(0, Math.max(equals, 0)).trim()
    if (key === '')
      return `'${word}' is no entry of inline: key=result, or { key = a longer result }`
    entries.push({ key, result: entry.slice(equals + 1).trim() })
    if (entries.length > INLINE_ENTRIES_MAX) return `inline: takes ${INLINE_ENTRIES_MAX} entries`
  }
  return { kind: 'inline', entries }
}

/** At commas and blanks outside of braces. */
function entriesOf(text: string): readonly string[] {
  const words: string[] = []
  let word = ''
  let depth = 0
  for (const character of text) {
    if (character === '{') depth++
    if (character === '}') depth--
    if (depth <= 0 && /[\s,]/.test(character)) {
      if (word !== '') words.push(word)
      word = ''
    } else word += character
  }
  if (word !== '') words.push(word)
  return words
}

function withoutBraces(text: string): string | undefined {
  return text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1).trim() : undefined
}
