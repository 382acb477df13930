// Parses a script into its syntax tree (RFC 5228 §8.2), and refuses what is none with the place. Recursive, to a depth with a name.

import { type Position, SieveSyntaxError } from '../finding.ts'
import { ARGUMENTS_MAX, LIST_STRINGS_MAX, NESTING_MAX, NODES_MAX } from '../limits.ts'
import { Lexer, type Token } from './lexer.ts'
import {
  type Argument,
  type CommandSyntax,
  noTests,
  type TestSyntax,
  type Tests,
} from './syntax.ts'

/** start = commands. Throws SieveSyntaxError. */
export function parseScript(text: string): readonly CommandSyntax[] {
  return new Parser(text).script()
}

class Parser {
  readonly #lexer: Lexer
  #token: Token
  #nodes = 0
  #depth = 0

  constructor(text: string) {
    this.#lexer = new Lexer(text)
    this.#token = this.#lexer.next()
  }

  script(): readonly CommandSyntax[] {
    const commands = this.#commands()
    if (this.#token.kind !== 'end') this.#refuse('a command begins with its name')
    return commands
  }

  #commands(): readonly CommandSyntax[] {
    const commands: CommandSyntax[] = []
    while (this.#token.kind === 'identifier') commands.push(this.#command(this.#token))
    return commands
  }

  /** command = identifier arguments (";" / block) */
  #command({ text: name, at }: Word): CommandSyntax {
    this.#count(at)
    this.#advance()
    const args = this.#arguments()
    const tests = this.#tests()
    if (this.#take(';')) return { at, name, arguments: args, tests, block: null }
    if (!this.#is('{')) this.#refuse(`behind ${name} and its arguments stands ; or {`)
    return { at, name, arguments: args, tests, block: this.#deeper(() => this.#block()) }
  }

  /** block = "{" commands "}" */
  #block(): readonly CommandSyntax[] {
    const { at } = this.#token
    this.#advance()
    const commands = this.#commands()
    if (this.#token.kind === 'end') throw new SieveSyntaxError(at, 'this { has no }')
    if (!this.#take('}')) this.#refuse('a command begins with its name')
    return commands
  }

  /** argument = string-list / number / tag */
  #arguments(): readonly Argument[] {
    const found: Argument[] = []
    for (;;) {
      const argument = this.#argument()
      if (argument === undefined) return found
      if (found.length === ARGUMENTS_MAX) {
        throw new SieveSyntaxError(argument.at, `more than ${ARGUMENTS_MAX} arguments`)
      }
      found.push(argument)
    }
  }

  #argument(): Argument | undefined {
    const token = this.#token
    const { at } = token
    switch (token.kind) {
      case 'number':
        this.#advance()
        return { kind: 'number', value: token.value, at }
      case 'tag':
        this.#advance()
        return { kind: 'tag', name: token.text, at }
      case 'string':
        this.#advance()
        return { kind: 'strings', values: [token.value], places: [at], bracketed: false, at }
      case 'punctuation':
        return token.text === '[' ? this.#list(at) : undefined
      default:
        return undefined
    }
  }

  /** string-list = "[" string *("," string) "]" */
  #list(at: Position): Argument {
    const values: string[] = []
    const places: Position[] = []
    do {
      this.#advance()
      if (this.#token.kind !== 'string') this.#refuse('a list has strings, and commas between them')
      values.push(this.#token.value)
      places.push(this.#token.at)
      if (values.length > LIST_STRINGS_MAX) {
        throw new SieveSyntaxError(at, `more than ${LIST_STRINGS_MAX} strings in a list`)
      }
      this.#advance()
    } while (this.#is(','))
    if (!this.#take(']')) this.#refuse('a list ends with ]')
    return { kind: 'strings', values, places, bracketed: true, at }
  }

  /** [test / test-list] */
  #tests(): Tests {
    if (this.#token.kind === 'identifier') {
      const word = this.#token
      return { kind: 'one', test: this.#deeper(() => this.#test(word)) }
    }
    if (!this.#is('(')) return noTests
    return { kind: 'list', tests: this.#deeper(() => this.#testList()) }
  }

  #test({ text: name, at }: Word): TestSyntax {
    this.#count(at)
    this.#advance()
    return { at, name, arguments: this.#arguments(), tests: this.#tests() }
  }

  /** test-list = "(" test *("," test) ")" */
  #testList(): readonly TestSyntax[] {
    const tests: TestSyntax[] = []
    do {
      this.#advance()
      if (this.#token.kind !== 'identifier') {
        this.#refuse('a test begins with its name; several strings stand in [ ]')
      }
      tests.push(this.#test(this.#token))
    } while (this.#is(','))
    if (!this.#take(')')) this.#refuse('a list of tests ends with )')
    return tests
  }

  #deeper<T>(parse: () => T): T {
    if (this.#depth === NESTING_MAX) {
      throw new SieveSyntaxError(this.#token.at, `more than ${NESTING_MAX} levels of nesting`)
    }
    this.#depth++
    const parsed = parse()
    this.#depth--
    return parsed
  }

  #count(at: Position): void {
    this.#nodes++
    if (this.#nodes > NODES_MAX) {
      throw new SieveSyntaxError(at, `more than ${NODES_MAX} commands and tests`)
    }
  }

  #advance(): void {
    this.#token = this.#lexer.next()
  }

  #is(text: string): boolean {
    return this.#token.kind === 'punctuation' && this.#token.text === text
  }

  #take(text: string): boolean {
    const is = this.#is(text)
    if (is) this.#advance()
    return is
  }

  #refuse(expected: string): never {
    throw new SieveSyntaxError(this.#token.at, `${shown(this.#token)}: ${expected}`)
  }
}

type Word = Extract<Token, { readonly kind: 'identifier' }>

/** As its writer may find it. */
function shown(token: Token): string {
  switch (token.kind) {
    case 'end':
      return 'the script ends here'
    case 'string':
      return token.value.length > 30 ? `"${token.value.slice(0, 30)}…"` : `"${token.value}"`
    case 'number':
      return String(token.value)
    case 'tag':
      return `:${token.text}`
    default:
      return token.text
  }
}
