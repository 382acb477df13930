// Scripts by chance, from the rows of the language themselves: whatever word there is, with arguments of the kinds it takes, mostly right.

import type { Kind, TagGroups } from '#shared/sieve/definition.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'

const texts = [
  ...['', 'a', 'Subject', 'From', 'to', 'INBOX', '1', '0', 'x-list', 'MDA', 'me+work@example.com'],
  ...['*', '?*', '*a*b*', 'a\\*', '^(a|b)*c$', '[[:alpha:]]+', '(', '(.*)(.*)', `\${a}`, `\${1}`],
  ...[
    `\${a}\${a}`,
    `\${global.a}`,
    `\${hex:61}`,
    'ü😀',
    'b'.repeat(300),
    'a\r\nb',
    '\\Seen',
    'i;octet',
  ],
  ...[
    'i;ascii-numeric',
    'i;unicode-casemap',
    'eq',
    'gt',
    'text/plain',
    'year',
    '+0100',
    'mailto:a@b.c',
  ],
  ...['fileinto', 'nonsense', '/private/comment', '\\Junk', 'from', 'other'],
]

export class ScriptGenerator {
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  pick<T>(of: readonly T[]): T {
    const picked = of[this.below(of.length)]
    if (picked === undefined) throw new Error('nothing to pick from')
    return picked
  }

  /** Required is all there is, now and then without some of it. */
  script(commands: number): string {
    const isWhole = this.below(4) > 0
    const names = [...vocabulary.extensions].filter(() => isWhole || this.below(8) > 0)
    const rest = names.filter((name) => name !== 'ihave' || this.below(2) === 0)
    return `require [${rest.map(quoted).join(', ')}];\n${this.#commands(commands, 0)}`
  }

  /** Words, strings and signs without order. */
  soup(tokens: number): string {
    const words = [...vocabulary.commands.keys(), ...vocabulary.tests.keys()]
    const signs = [
      '{',
      '}',
      '(',
      ')',
      '[',
      ']',
      ',',
      ';',
      '"',
      ':is',
      ':',
      '1K',
      '/*',
      '*/',
      '#x\n',
    ]
    const more = ['text:\n', '.\n', '\n', ' ', 'if', 'elsif', 'else', 'require', '\\', '\0', 'é']
    const all = [...words, ...signs, ...signs, ...more, '"a"', '["a", "b"]', '99G']
    return Array.from({ length: tokens }, () => this.pick(all)).join(this.pick(['', ' ']))
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256))
  }

  /** With some of it gone, twice there or something else. */
  damaged(text: string): string {
    let damaged = text
    for (let count = 1 + this.below(4); count > 0; count--) {
      const from = this.below(damaged.length + 1)
      const to = Math.min(damaged.length, from + this.below(12))
      const piece = damaged.slice(from, to)
      const instead = this.pick(['', piece + piece, this.soup(2)])
      damaged = damaged.slice(0, from) + instead + damaged.slice(to)
    }
    return damaged
  }

  #commands(count: number, depth: number): string {
    return Array.from({ length: count }, () => this.#command(depth)).join('\n')
  }

  #command(depth: number): string {
    if (this.below(2) === 0 && depth < 4) {
      const block = () => `{ ${this.#commands(this.below(3), depth + 1)} }`
      const more = this.pick(['', ` else ${block()}`, ` elsif ${this.#test(3)} ${block()}`])
      return `if ${this.#test(0)} ${block()}${more}`
    }
    const row = this.pick([...vocabulary.commands.values()])
    const end = row.block
      ? ` { ${depth < 4 ? this.#commands(this.below(3), depth + 1) : ''} }`
      : ';'
    return `${row.name}${this.#tags(row.tags)}${this.#positional(row.positional)}${end}`
  }

  #test(depth: number): string {
    const rows = [...vocabulary.tests.values()].filter((row) => row.tests === 'none' || depth < 4)
    const row = this.pick(rows)
    const one = () => this.#test(depth + 1)
    const tests = { none: '', one: ` ${one2(row.tests, one)}`, list: ` (${list(row.tests, one)})` }
    const inside = tests[row.tests]
    return `${row.name}${this.#tags(row.tags)}${this.#positional(row.positional)}${inside}`
  }

  #tags(groups: TagGroups): string {
    let text = ''
    for (const { tags } of Object.values(groups)) {
      if (this.below(3) > 0) continue
      const [name, { takes }] = this.pick(Object.entries(tags))
      text += ` :${name}${takes ? this.#value(takes) : ''}`
    }
    return text
  }

  #positional(kinds: { readonly [key: string]: Kind<unknown> }): string {
    return Object.values(kinds)
      .filter(({ optional }) => !optional || this.below(2) === 0)
      .map((kind) => this.#value(kind))
      .join('')
  }

  #value({ kind }: Kind<unknown>): string {
    // Now and then of another kind.
    const of = this.below(100) === 0 ? this.pick(['number', 'string', 'strings'] as const) : kind
    if (of === 'number') return ` ${this.below(1_000)}${this.pick(['', 'K', 'M'])}`
    const isList = (of === 'strings' || of === 'constants') && this.below(2) === 0
    if (!isList) return ` ${quoted(this.pick(texts))}`
    return ` [${Array.from({ length: 1 + this.below(4) }, () => quoted(this.pick(texts))).join(', ')}]`
  }
}

const one2 = (kind: string, test: () => string) => (kind === 'one' ? test() : '')
const list = (kind: string, test: () => string) =>
  kind === 'list' ? [test(), test()].join(', ') : ''

const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`
