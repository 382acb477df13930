// Finds the regular expressions of a TypeScript source: its literals, and where others are built. A tokenizer, not a parser: what
// stands before a slash says whether it divides.

export type RegexLiteral = { readonly source: string; readonly flags: string }

/** After these words an expression begins. */
const words = new Set([
  'return',
  'typeof',
  'case',
  'in',
  'of',
  'do',
  'else',
  'void',
  'yield',
  'await',
])

export function regexLiterals(code: string): readonly RegexLiteral[] {
  const found: RegexLiteral[] = []
  /** Depths of braces at which a template goes on. */
  const templates: number[] = []
  let depth = 0
  let before = ''
  let at = 0

  const templateText = () => {
    for (; at < code.length; at++) {
      if (code[at] === '\\') at++
      else if (code[at] === '`') return void at++
      else if (code.startsWith('${', at)) {
        templates.push(depth++)
        at += 2
        return
      }
    }
  }

  while (at < code.length) {
    const char = code[at] ?? ''
    if (/\s/.test(char)) at++
    else if (code.startsWith('//', at)) at = endOf(code, '\n', at)
    else if (code.startsWith('/*', at)) at = endOf(code, '*/', at)
    else if (char === "'" || char === '"') {
      for (at++; at < code.length && code[at] !== char; at++) if (code[at] === '\\') at++
      at++
      before = 'value'
    } else if (char === '`') {
      at++
      templateText()
      before = templates.at(-1) === depth - 1 ? '(' : 'value'
    } else if (char === '}' && templates.at(-1) === depth - 1) {
      templates.pop()
      depth--
      at++
      templateText()
      before = templates.at(-1) === depth - 1 && code[at - 1] === '{' ? '(' : 'value'
    } else if (char === '/' && before !== 'value') {
      const literal = literalAt(code, at)
      found.push(literal)
      at += literal.source.length + literal.flags.length + 2
      before = 'value'
    } else if (/[\w$#]/.test(char)) {
      const [word = char] = /^[\w$#]+/.exec(code.slice(at, at + 200)) ?? []
      at += word.length
      before = words.has(word) ? word : 'value'
    } else {
      if (char === '{') depth++
      if (char === '}') depth--
      at++
      before = char === ')' || char === ']' || char === '}' ? 'value' : char
    }
  }
  return found
}

/** Where expressions are built from text. */
export function regexConstructions(code: string): readonly string[] {
  return code
    .split('\n')
    .filter((line) => /\bRegExp\(/.test(line) && !line.trimStart().startsWith('//'))
    .map((line) => line.trim())
}

function endOf(code: string, end: string, from: number): number {
  const at = code.indexOf(end, from)
  return at < 0 ? code.length : at + end.length
}

function literalAt(code: string, start: number): RegexLiteral {
  let inClass = false
  let at = start + 1
  for (; code[at] !== '/' || inClass; at++) {
    if (at >= code.length || code[at] === '\n') throw new Error(code.slice(start, start + 80))
    if (code[at] === '\\') at++
    else if (code[at] === '[') inClass = true
    else if (code[at] === ']') inClass = false
  }
  const [flags = ''] = /^[a-z]*/.exec(code.slice(at + 1, at + 10)) ?? []
  return { source: code.slice(start + 1, at), flags }
}
