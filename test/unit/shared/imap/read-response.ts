// Reads what a server sent, strictly by the grammar of RFC 9051 §9 and independently of shared/imap: atoms, numbers, quoted strings,
// literals and parenthesised lists. Throws where the bytes break the grammar.

/** Strings are byte strings; atoms (NIL among them) are told apart from strings. */
export type ResponseValue = string | { readonly atom: string } | readonly ResponseValue[]

const atomSpecials = '(){ %*"\\]'

export class ResponseReader {
  readonly #bytes: string
  readonly #utf8: boolean
  #at = 0

  constructor(bytes: Uint8Array, options: { readonly utf8?: boolean } = {}) {
    this.#bytes = Buffer.from(bytes).toString('latin1')
    this.#utf8 = options.utf8 ?? false
  }

  value(): ResponseValue {
    const char = this.#bytes[this.#at]
    if (char === '(') return this.#list()
    if (char === '"') return this.#quoted()
    if (char === '{') return this.#literal()
    return { atom: this.#atom() }
  }

  expect(text: string): void {
    const found = this.#bytes.slice(this.#at, this.#at + text.length)
    if (found !== text)
      throw new Error(`${JSON.stringify(text)} expected, not ${JSON.stringify(found)}`)
    this.#at += text.length
  }

  end(): void {
    if (this.#at !== this.#bytes.length) {
      throw new Error(`more bytes: ${JSON.stringify(this.#bytes.slice(this.#at))}`)
    }
  }

  /** Members are separated by one space; lists may touch (address lists, bodies of a multipart). */
  #list(): ResponseValue[] {
    this.expect('(')
    const members: ResponseValue[] = []
    while (this.#bytes[this.#at] !== ')') {
      const touches = this.#bytes[this.#at] === '(' && Array.isArray(members.at(-1))
      if (members.length > 0 && !touches) this.expect(' ')
      members.push(this.value())
    }
    this.expect(')')
    return members
  }

  #quoted(): string {
    this.expect('"')
    let value = ''
    for (;;) {
      let char = this.#bytes[this.#at++]
      if (char === undefined) throw new Error('open quoted string')
      if (char === '"') break
      if (char === '\\') {
        char = this.#bytes[this.#at++]
        if (char !== '"' && char !== '\\') throw new Error('wrong escape')
      }
      if (char === '\r' || char === '\n' || char === '\0')
        throw new Error('control in quoted string')
      if (char > '\x7f' && !this.#utf8) throw new Error('8-bit in quoted string')
      value += char
    }
    new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(value, 'latin1'))
    return value
  }

  #literal(): string {
    const header = /^\{(\d+)\}\r\n/.exec(this.#bytes.slice(this.#at, this.#at + 20))
    if (header === null) throw new Error('malformed literal')
    this.#at += header[0].length
    const value = this.#bytes.slice(this.#at, this.#at + Number(header[1]))
    if (value.length !== Number(header[1])) throw new Error('short literal')
    if (value.includes('\0')) throw new Error('NUL in a literal')
    this.#at += value.length
    return value
  }

  #atom(): string {
    const start = this.#at
    for (;;) {
      const char = this.#bytes[this.#at]
      if (char === undefined || char < '!' || char > '~' || atomSpecials.includes(char)) break
      this.#at++
    }
    if (this.#at === start) throw new Error(`no value at ${this.#bytes.slice(start, start + 20)}`)
    return this.#bytes.slice(start, this.#at)
  }
}

/** One value and nothing after it. */
export function readResponse(
  bytes: Uint8Array,
  options?: { readonly utf8?: boolean },
): ResponseValue {
  const reader = new ResponseReader(bytes, options)
  const value = reader.value()
  reader.end()
  return value
}
