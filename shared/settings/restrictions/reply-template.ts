// Replies to who is in a DNS list, as Postfix writes them (default_rbl_reply, rbl_reply_maps): text with `$name`, `${name}` and `$(name)`,
// `${name?text}` where a name has a value, `${name:text}` where it has none, `${name?{text}:{text}}` for both. Texts may have names
// in them; `$$` is a dollar sign.

type TemplateNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly name: string }
  | {
      readonly kind: 'choice'
      readonly name: string
      readonly present: Template
      readonly absent: Template
    }
export type Template = readonly TemplateNode[]

export type TemplateValues = { readonly [name: string]: string }

/** Conditions within conditions. */
const DEPTH_MAX = 5

const NAME = /[A-Za-z][A-Za-z0-9_]*/y

/** Undefined for what is none: a name that `names` does not have, a brace that stays open. */
export function parseTemplate(text: string, names: ReadonlySet<string>): Template | undefined {
  return new Parser(text, names).parse()
}

export function fillTemplate(template: Template, values: TemplateValues): string {
  return template
    .map((node) => {
      if (node.kind === 'text') return node.text
      const value = values[node.name] ?? ''
      if (node.kind === 'value') return value
      return fillTemplate(value === '' ? node.absent : node.present, values)
    })
    .join('')
}

class Parser {
  readonly #text: string
  readonly #names: ReadonlySet<string>
  readonly #depth: number

  constructor(text: string, names: ReadonlySet<string>, depth = 0) {
    this.#text = text
    this.#names = names
    this.#depth = depth
  }

  parse(): Template | undefined {
    const nodes: TemplateNode[] = []
    let at = 0
    while (at < this.#text.length) {
      const dollar = this.#text.indexOf('$', at)
      const end = dollar < 0 ? this.#text.length : dollar
      if (end > at) nodes.push({ kind: 'text', text: this.#text.slice(at, end) })
      if (dollar < 0) break
      const taken = this.#reference(dollar + 1)
      if (taken === undefined) return undefined
      nodes.push(taken.node)
      at = taken.end
    }
    return nodes
  }

  /** Behind the dollar sign. */
  #reference(at: number): { readonly node: TemplateNode; readonly end: number } | undefined {
    const first = this.#text.charAt(at)
    if (first === '$') return { node: { kind: 'text', text: '$' }, end: at + 1 }
    if (first !== '{' && first !== '(') {
      const name = this.#nameAt(at)
      return name === undefined
        ? undefined
        : { node: { kind: 'value', name }, end: at + name.length }
    }
    const end = closing(this.#text, at)
    if (end === undefined) return undefined
    const name = this.#nameAt(at + 1)
    const node = name && this.#braced(name, this.#text.slice(at + 1 + name.length, end))
    return node ? { node, end: end + 1 } : undefined
  }

  /** `rest`: what stands behind the name, up to the brace. */
  #braced(name: string, rest: string): TemplateNode | undefined {
    if (rest === '') return { kind: 'value', name }
    const then = rest.slice(1)
    if (rest.startsWith(':')) return this.#choice(name, '', unbraced(then))
    if (!rest.startsWith('?')) return undefined
    const end = then.startsWith('{') ? closing(then, 0) : undefined
    const behind = end === undefined ? '' : then.slice(end + 1)
    return behind.startsWith(':')
      ? this.#choice(name, then.slice(1, end), unbraced(behind.slice(1)))
      : this.#choice(name, unbraced(then), '')
  }

  #choice(name: string, presentText: string, absentText: string): TemplateNode | undefined {
    if (this.#depth >= DEPTH_MAX) return undefined
    const parse = (text: string) => new Parser(text, this.#names, this.#depth + 1).parse()
    const present = parse(presentText)
    const absent = parse(absentText)
    return present && absent && { kind: 'choice', name, present, absent }
  }

  #nameAt(at: number): string | undefined {
    NAME.lastIndex = at
    const [name] = NAME.exec(this.#text) ?? []
    return name !== undefined && this.#names.has(name) ? name : undefined
  }
}

/** Where the brace or parenthesis at `at` ends. */
function closing(text: string, at: number): number | undefined {
  const open = text.charAt(at)
  const close = open === '{' ? '}' : ')'
  let depth = 0
  for (let end = at; end < text.length; end += 1) {
    const character = text.charAt(end)
    if (character === open) depth += 1
    if (character === close) depth -= 1
    if (depth === 0) return end
  }
  return undefined
}

function unbraced(text: string): string {
  return text.startsWith('{') && closing(text, 0) === text.length - 1 ? text.slice(1, -1) : text
}
