// A .procmailrc as its grammar has it (procmailrc(5)): assignments and recipes, with the lines where they stand. It is read to the end
// whatever stands in it; what is neither is a `problem`, as procmail skips it too.

import { BLOCKS_NESTED_MAX, PATTERN_CHARACTERS_MAX } from './limits.ts'

/** Line numbers begin with 1. */
export type Statement = { readonly line: number } & (
  | {
      readonly kind: 'assignment'
      readonly name: string
      /** As it is written, with quotes and variables; null: the variable goes. */
      readonly value: string | null
    }
  | Recipe
  | { readonly kind: 'problem'; readonly reason: string }
)

export type Recipe = {
  readonly kind: 'recipe'
  readonly line: number
  readonly flags: string
  readonly conditions: readonly string[]
  readonly action: RecipeAction
  /** Its first line, its conditions and the first line of its action, for whoever looks for it. */
  readonly source: readonly string[]
}

export type RecipeAction =
  | { readonly kind: 'forward'; readonly to: string }
  /** `variable=| command` when `variable` is set. */
  | { readonly kind: 'pipe'; readonly command: string; readonly variable: string | null }
  | { readonly kind: 'mailbox'; readonly name: string }
  | { readonly kind: 'block'; readonly statements: readonly Statement[] }

export function parseRcfile(text: string): readonly Statement[] {
  return new Reader(text.replaceAll('\r\n', '\n')).statements(0)
}

class Reader {
  readonly #text: string
  #at = 0
  #line = 1

  constructor(text: string) {
    this.#text = text
  }

  statements(depth: number): readonly Statement[] {
    const found: Statement[] = []
    while (this.#skipToWord()) {
      const line = this.#line
      if (this.#peek() === '}') {
        this.#at++
        if (depth > 0) return found
        found.push({ kind: 'problem', line, reason: 'a } without a block' })
      } else if (this.#peek() === ':') {
        found.push(this.#recipe(depth))
      } else {
        found.push(this.#assignment())
      }
    }
    if (depth > 0) {
      found.push({ kind: 'problem', line: this.#line, reason: 'the block has no end' })
    }
    return found
  }

  #recipe(depth: number): Statement {
    const line = this.#line
    this.#at++
    const head = this.#restOfLine()
    const source = [`:${head}`.trimEnd()]
    const flags = head.split(/[#:]/, 1)[0] ?? ''
    // procmailrc(5), NOTES: in old files the number is that of the conditions, which have no asterisk then.
    const count = Number.parseInt(flags, 10)
    let bare = flags.trim() === '' || Number.isNaN(count) ? (/^\s*\d/.test(flags) ? 0 : 1) : count
    const conditions: string[] = []
    while (this.#skipToWord()) {
      if (this.#peek() === '*') this.#at++
      else if (bare-- <= 0) break
      const condition = this.#continuedLine(true).trim()
      conditions.push(condition)
      source.push(`* ${condition}`)
    }
    const action = this.#action(depth, source)
    if (action === undefined) return { kind: 'problem', line, reason: 'a recipe without an action' }
    return {
      kind: 'recipe',
      line,
      flags: flags.replace(/[\d\s]/g, ''),
      conditions,
      action,
      source,
    }
  }

  #action(depth: number, source: string[]): RecipeAction | undefined {
    const first = this.#peek()
    if (first === undefined || first === ':' || first === '}') return undefined
    if (first === '{' && /^\{(\s|$)/.test(this.#text.slice(this.#at, this.#at + 2))) {
      this.#at++
      source.push('{')
      if (depth >= BLOCKS_NESTED_MAX) {
        const inside = new Reader(this.#text.slice(this.#at))
        inside.#skipBlock()
        this.#advance(inside.#at)
        const reason = `more than ${BLOCKS_NESTED_MAX} blocks in blocks`
        const problem = { kind: 'problem', line: this.#line, reason } as const
        return { kind: 'block', statements: [problem] }
      }
      return { kind: 'block', statements: this.statements(depth + 1) }
    }
    const text = this.#continuedLine(false).trim()
    source.push(text.split('\n', 1)[0] ?? '')
    if (first === '!') return { kind: 'forward', to: text.slice(1).trim() }
    const pipe = /^(?:([A-Za-z_][A-Za-z0-9_]*)=)?\|(.*)$/s.exec(text)
    if (pipe) return { kind: 'pipe', variable: pipe[1] ?? null, command: (pipe[2] ?? '').trim() }
    return { kind: 'mailbox', name: text }
  }

  #assignment(): Statement {
    const line = this.#line
    const name = this.#word(/[A-Za-z0-9_]/)
    if (name === '' || /^\d/.test(name)) {
      const rest = this.#restOfLine().trim()
      return { kind: 'problem', line, reason: `neither a recipe nor an assignment: ${rest}` }
    }
    this.#word(/[ \t]/)
    if (this.#peek() !== '=') return { kind: 'assignment', line, name, value: null }
    this.#at++
    this.#word(/[ \t]/)
    return { kind: 'assignment', line, name, value: this.#value() }
  }

  /** One word of sh(1), quotes kept. */
  #value(): string {
    const from = this.#at
    let quote: string | undefined
    for (let next = this.#peek(); next !== undefined; next = this.#peek()) {
      if (quote === undefined && /[\s;]/.test(next)) break
      if (next === '\\' && quote !== "'") this.#advance(1)
      else if (next === quote) quote = undefined
      else if (quote === undefined && (next === '"' || next === "'" || next === '`')) quote = next
      this.#advance(1)
    }
    const value = this.#text.slice(from, this.#at)
    if (this.#peek() === ';') this.#at++
    return value
  }

  /** To the next word that is no comment; false at the end. */
  #skipToWord(): boolean {
    for (let next = this.#peek(); next !== undefined; next = this.#peek()) {
      if (next === '#') this.#restOfLine()
      else if (/\s/.test(next)) this.#advance(1)
      else if (next === '\\' && this.#text[this.#at + 1] === '\n') this.#advance(2)
      else return true
    }
    return false
  }

  #word(of: RegExp): string {
    const from = this.#at
    for (let next = this.#peek(); next !== undefined && of.test(next); next = this.#peek()) {
      this.#at++
    }
    return this.#text.slice(from, this.#at)
  }

  #restOfLine(): string {
    const end = this.#text.indexOf('\n', this.#at)
    const line = this.#text.slice(this.#at, end < 0 ? undefined : end)
    this.#advance(line.length)
    return line
  }

  /** Lines that end in a backslash go on. Of a condition the blanks before what follows go too (procmailrc(5), CAVEATS). */
  #continuedLine(isCondition: boolean): string {
    let whole = this.#restOfLine()
    while (whole.endsWith('\\') && this.#peek() === '\n' && whole.length < PATTERN_CHARACTERS_MAX) {
      this.#advance(1)
      const next = this.#restOfLine()
      whole = isCondition ? whole.slice(0, -1) + next.trimStart() : `${whole.slice(0, -1)}\n${next}`
    }
    return whole
  }

  /** Passes over a block that nobody wants to read. */
  #skipBlock(): void {
    let depth = 1
    while (depth > 0 && this.#skipToWord()) {
      const line = this.#restOfLine()
      if (/^\{(\s|$)/.test(line)) depth++
      if (line.trimEnd().endsWith('}') || line.startsWith('}')) depth--
    }
  }

  #peek(): string | undefined {
    return this.#text[this.#at]
  }

  #advance(count: number): void {
    for (let i = 0; i < count && this.#at < this.#text.length; i++) {
      if (this.#text[this.#at++] === '\n') this.#line++
    }
  }
}
