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
      return explainOther(type, rest)
  }
}

export function formatTableRef(ref: TableRef): string {
  switch (ref.kind) {
    case 'table':
      return `table:${ref.name}`
    case 'static':
      return /[\s,{}]/.test(ref.result) ? `static:{${ref.result}}` : `static:${ref.result}`
    case 'inline':
      return `inline:{ ${ref.entries.map(({ key, result }) => `{${key}=${result}}`).join(', ')} }`
  }
}

function explainOther(type: string, rest: string): string {
  if (importable.has(type)) {
    const name = rest.slice(rest.lastIndexOf('/') + 1) || 'NAME'
    return `tables stand in the directory: \`postwolke access import ${name} ${rest}\`, and write table:${name}`
  }
  if (type === 'regexp' || type === 'pcre') {
    return 'tables of patterns are not asked about hosts and addresses here; use table:, inline: or static:'
  }
  return `no table; write table:NAME, inline:{ key=result, … } or static:result`
}

function parseInline(text: string): TableRef | string {
  const inner = withoutBraces(text)
  if (inner === undefined) return 'inline: needs braces around its entries'
  const entries: string[] = []
  for (const part of splitOutside(inner, /,/)) {
    let isFirst = true
    for (const word of splitOutside(part, /\s/)) {
      // Deliberately: a result goes on up to the next entry, where Postfix wants braces around both.
      if (word.includes('=')) entries.push(withoutBraces(word) ?? word)
      else if (isFirst)
        return `'${word}' is no entry of inline: key=result, or { key = a longer result }`
      else entries.push(`${entries.pop() ?? ''} ${word}`)
      isFirst = false
    }
  }
  if (entries.length > INLINE_ENTRIES_MAX) return `inline: takes ${INLINE_ENTRIES_MAX} entries`
  const parsed = entries.map((entry) => {
    const equals = entry.indexOf('=')
    return { key: entry.slice(0, equals).trim(), result: entry.slice(equals + 1).trim() }
  })
  const nameless = parsed.find(({ key }) => key === '')
  return nameless === undefined
    ? { kind: 'inline', entries: parsed }
    : `'=${nameless.result}' has no key before its =`
}

/** At such characters outside of braces; nothing empty. */
function splitOutside(text: string, at: RegExp): readonly string[] {
  const parts: string[] = []
  let part = ''
  let depth = 0
  for (const character of text) {
    if (character === '{') depth++
    if (character === '}') depth--
    if (depth > 0 || !at.test(character)) part += character
    else if (part !== '') {
      parts.push(part)
      part = ''
    }
  }
  if (part !== '') parts.push(part)
  return parts
}

/** Of what stands in one pair of braces, and not between two: `{a}{b}`. */
function withoutBraces(text: string): string | undefined {
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined
  let depth = 0
  for (let i = 0; i < text.length - 1; i++) {
    if (text[i] === '{') depth++
    if (text[i] === '}' && --depth === 0) return undefined
  }
  return text.slice(1, -1).trim()
}
