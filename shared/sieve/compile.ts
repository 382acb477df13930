// Compiles a script: parses it, finds the row of each command and test, and holds every use against it. All that is wrong is told at
// once, with its place (up to PROBLEMS_MAX); a script that compiles fails at run time only for what the message brings.

import type {
  CompiledArguments,
  CompiledCommand,
  CompiledScript,
  CompiledTest,
  CompiledValue,
  Fault,
  Needed,
  RunValue,
} from './compiled.ts'
import {
  type Checker,
  type CommandRow,
  type Enclosing,
  type Kind,
  type Prepared,
  type TagGroup,
  type TestRow,
  unknown,
} from './definition.ts'
import { type Finding, type Position, SieveSyntaxError, shortened } from './finding.ts'
import { scriptText } from './language/lexer.ts'
import { parseScript } from './language/parse.ts'
import type { Argument, CommandSyntax, TestSyntax } from './language/syntax.ts'
import { PROBLEMS_MAX, REGEX_SCRIPT_INSTRUCTIONS_MAX } from './limits.ts'
import { Requirements } from './requirements.ts'
import { decodeEncodedCharacters, isConstant, splitVariables, type Text } from './strings.ts'

/** The words and extensions a script may use. */
export type Vocabulary = {
  readonly commands: ReadonlyMap<string, CommandRow>
  readonly tests: ReadonlyMap<string, TestRow>
  /** Names for `require`, comparators among them. */
  readonly extensions: ReadonlySet<string>
  /** Of an extension that brings others with it (RFC 6134 and the like). */
  readonly implied: ReadonlyMap<string, readonly string[]>
}

export type Compilation =
  | { readonly kind: 'compiled'; readonly script: CompiledScript }
  /** In the order of the text, warnings among them. */
  | { readonly kind: 'refused'; readonly findings: readonly Finding[] }

export function compileScript(source: Uint8Array, vocabulary: Vocabulary): Compilation {
  try {
    const commands = parseScript(scriptText(source))
    return new Compiler(vocabulary).script(commands, source.length)
  } catch (error) {
    if (!(error instanceof SieveSyntaxError)) throw error
    return {
      kind: 'refused',
      findings: [{ ...error.at, severity: 'error', message: error.message }],
    }
  }
}

class Compiler {
  readonly #vocabulary: Vocabulary
  readonly #requirements: Requirements
  readonly #findings: Finding[] = []
  readonly #within: Enclosing[] = []
  #errors = 0
  #regexStates = 0

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary
    this.#requirements = new Requirements(vocabulary.extensions, vocabulary.implied)
  }

  script(commands: readonly CommandSyntax[], bytes: number): Compilation {
    // RFC 5228 §3.2: before all other commands, so what strings mean is known before the first one.
    const rest = commands.findIndex(({ name }) => name !== 'require')
    const head = rest < 0 ? commands : commands.slice(0, rest)
    for (const command of head) this.#require(command)
    const compiled = this.#commands(rest < 0 ? [] : commands.slice(rest))
    if (this.#errors === 0) for (const each of this.#requirements.unused()) this.#tell(each)
    const findings = this.#findings.sort((a, b) => a.line - b.line || a.column - b.column)
    if (this.#errors > 0) return { kind: 'refused', findings }
    const extensions = this.#requirements.names
    const script = { commands: compiled, extensions, warnings: findings, bytes }
    return { kind: 'compiled', script }
  }

  #require({ at, arguments: args, tests, block }: CommandSyntax): void {
    const [names, ...more] = args
    if (names?.kind !== 'strings' || more.length > 0 || tests.kind !== 'none' || block !== null) {
      this.#error(at, 'require takes one list of names')
      return
    }
    for (const [i, name] of names.values.entries()) {
      const place = names.places[i] ?? at
      const wrong = this.#requirements.add(name, place)
      if (wrong !== undefined) this.#error(place, wrong)
    }
  }

  #commands(commands: readonly CommandSyntax[]): readonly CompiledCommand[] {
    const compiled: CompiledCommand[] = []
    let branches: Branch[] | undefined
    let end: string | undefined
    for (const command of commands) {
      if (command.name === 'elsif' || command.name === 'else') {
        this.#continueIf(branches, command)
        continue
      }
      if (end !== undefined) this.#warn(command.at, `behind ${end} nothing is reached`)
      end = undefined
      if (command.name === 'if') {
        branches = [this.#branch(command)]
        compiled.push({ kind: 'if', at: command.at, branches })
        continue
      }
      branches = undefined
      const next = this.#command(command)
      if (next.kind === 'command' && next.row.ends) end = command.name
      compiled.push(next)
    }
    return compiled
  }

  /** elsif and else belong to the if right before them (RFC 5228 §3.1). */
  #continueIf(branches: Branch[] | undefined, command: CommandSyntax): void {
    const branch = this.#branch(command)
    if (branches === undefined || branches.at(-1)?.test === null) {
      this.#error(command.at, `${command.name} stands behind the block of if or elsif`)
    } else branches.push(branch)
  }

  #branch(command: CommandSyntax): Branch {
    const { name, at, tests, block } = command
    const [argument] = command.arguments
    if (argument) this.#error(argument.at, `${name} takes no arguments of its own`)
    if (block === null) this.#error(at, `behind ${name} stands a block in { }`)
    const test = name === 'else' ? null : this.#branchTest(command)
    if (name === 'else' && tests.kind !== 'none') this.#error(at, 'else takes no test')
    this.#within.push({ command: name, name: undefined })
    const commands = this.#commands(block ?? [])
    this.#within.pop()
    return { at, test, block: commands }
  }

  #branchTest({ name, at, tests }: CommandSyntax): CompiledTest {
    if (tests.kind === 'one') return this.#test(tests.test)
    this.#error(at, `${name} takes one test; several stand in anyof (…) or allof (…)`)
    return { kind: 'fault', at, message: 'no test' }
  }

  #command(command: CommandSyntax): CompiledCommand {
    const { name, at, tests, block } = command
    const row = this.#vocabulary.commands.get(name)
    if (row === undefined) return this.#unknownCommand(command)
    const needs = this.#needed(at, name, row.extensions)
    const args = this.#arguments(command, row, needs)
    if (isFault(args)) return args
    if (tests.kind !== 'none') this.#error(at, `${name} takes no test`)
    if (row.block && block === null) this.#error(at, `behind ${name} stands a block in { }`)
    if (!row.block && block !== null) this.#error(at, `${name} has no block; it ends with ;`)
    this.#within.push({ command: name, name: nameOf(args) })
    const inside = this.#commands(block ?? [])
    this.#within.pop()
    return { kind: 'command', at, row, arguments: args, needs, block: inside }
  }

  #unknownCommand({ name, at }: CommandSyntax): Fault {
    if (name === 'require') {
      return this.#fault(at, 'require stands before all other commands', { always: true })
    }
    const isTest = this.#vocabulary.tests.has(name)
    const why = isTest ? `${name} is a test: it stands behind if` : noCommand(name)
    return this.#fault(at, why)
  }

  #test(test: TestSyntax): CompiledTest {
    const { name, at, tests } = test
    const row = this.#vocabulary.tests.get(name)
    if (row === undefined) return this.#fault(at, this.#noTest(name))
    const needs = this.#needed(at, name, row.extensions)
    const args = this.#arguments(test, row, needs)
    if (isFault(args)) return args
    if (tests.kind !== row.tests) this.#error(at, `${name} ${testsWanted[row.tests]}`)
    const given = tests.kind === 'none' ? [] : tests.kind === 'one' ? [tests.test] : tests.tests
    const inside = given.map((each) => this.#test(each))
    const used = { at, row, arguments: args, needs, tests: inside }
    return { kind: 'test', ...used, ...preparing(row, args) }
  }

  #noTest(name: string): string {
    const isCommand = this.#vocabulary.commands.has(name)
    return isCommand ? `${name} is a command, and no test` : `no test is named ${name}`
  }

  /** What is to be granted at run time; with no `ihave` in the script what is missing is an error now. */
  #needed(at: Position, what: string, oneOf: readonly string[], needs: Needed[] = []): Needed[] {
    if (oneOf.length === 0 || this.#requirements.use(...oneOf)) return needs
    if (this.#isLate()) needs.push({ what, oneOf })
    else this.#error(at, `${what} needs require "${oneOf[0]}"`)
    return needs
  }

  #isLate(): boolean {
    return this.#requirements.has('ihave')
  }

  #arguments(
    node: CommandSyntax | TestSyntax,
    row: AnyRow,
    needs: Needed[],
  ): CompiledArguments | Fault {
    const places: Places = new Map()
    const errorsBefore = this.#errors
    const found = this.#tags(node, row, needs)
    if (isFault(found)) return found
    const { given, rest } = found
    const values: CompiledValue[] = []
    for (const [key, group] of Object.entries(row.tags)) {
      const tag = given.get(group)
      values.push({ key, read: group.read, tag: tag?.tag, value: tag?.value })
      if (tag?.behind) places.set(key, tag.behind)
    }
    this.#positional(node, row, rest, values, places)
    const constant = constantsOf(values)
    // A check sees arguments of the right kinds only.
    if (row.check && this.#errors === errorsBefore) {
      const known = Object.fromEntries(values.map((each) => [each.key, knownValue(each)]))
      let unknownHere: string | undefined
      const isUnknown = (message: string) => {
        unknownHere ??= message
      }
      row.check(known as never, this.#checker(node.at, needs, places, isUnknown))
      if (unknownHere !== undefined) return this.#fault(node.at, unknownHere)
    }
    return { constant, values }
  }

  /** The tags, and the arguments behind them. */
  #tags(node: CommandSyntax | TestSyntax, row: AnyRow, needs: Needed[]): Tagged | Fault {
    const given: Tagged['given'] = new Map()
    const args = node.arguments
    let at = 0
    for (; args[at]?.kind === 'tag'; at++) {
      const tag = args[at] as Extract<Argument, { kind: 'tag' }>
      const group = Object.values(row.tags).find(({ tags }) => Object.hasOwn(tags, tag.name))
      const tagRow = group?.tags[tag.name]
      if (group === undefined || tagRow === undefined) {
        return this.#fault(tag.at, `${node.name} has no :${tag.name}`)
      }
      const { extension, takes } = tagRow
      if (extension !== null) this.#needed(tag.at, `:${tag.name}`, [extension], needs)
      const before = given.get(group)
      if (before !== undefined) this.#error(tag.at, twice(tag.name, before.tag))
      const behind = takes === null ? undefined : args[at + 1]
      if (takes !== null) {
        if (behind === undefined || behind.kind === 'tag') {
          this.#error(tag.at, `behind :${tag.name} stands ${wanted(takes)}`)
          given.set(group, { tag: tag.name, value: undefined, behind: undefined })
          continue
        }
        at++
      }
      const value = takes && behind ? this.#value(behind, takes, `:${tag.name}`) : undefined
      given.set(group, { tag: tag.name, value, behind })
    }
    return { given, rest: args.slice(at) }
  }

  #positional(
    node: CommandSyntax | TestSyntax,
    row: AnyRow,
    rest: readonly Argument[],
    values: CompiledValue[],
    places: Places,
  ): void {
    const all = Object.entries(row.positional)
    const isShort = rest.length < all.length
    const taken = all.filter(([, { optional }]) => !(optional && isShort))
    if (rest.length !== taken.length) {
      this.#error(node.at, `${node.name} takes ${listWanted(all.map(([, takes]) => takes))}`)
    }
    for (const [key, takes] of all) {
      const place = taken.findIndex(([name]) => name === key)
      const argument = place < 0 ? undefined : rest[place]
      if (argument?.kind === 'tag') {
        this.#error(argument.at, `:${argument.name} stands before the other arguments`)
      }
      const value =
        argument === undefined || argument.kind === 'tag'
          ? undefined
          : this.#value(argument, takes, node.name)
      values.push({ key, read: undefined, tag: undefined, value })
      if (argument) places.set(key, argument)
    }
  }

  #value(argument: Argument, takes: Kind<unknown>, of: string): RunValue | undefined {
    const isNumber = takes.kind === 'number'
    const isList = takes.kind === 'strings' || takes.kind === 'constants'
    const fits = isNumber
      ? argument.kind === 'number'
      : argument.kind === 'strings' && (isList || !argument.bracketed)
    if (argument.kind === 'tag' || !fits) {
      this.#error(argument.at, `${of} takes ${wanted(takes)} here`)
      return undefined
    }
    if (argument.kind === 'number') return { kind: 'known', value: argument.value }
    const texts = argument.values.map((value, i) =>
      this.#text(value, argument.places[i] ?? argument.at),
    )
    const isKnown = texts.every(isConstant)
    if (!isKnown && (takes.kind === 'constant' || takes.kind === 'constants')) {
      this.#error(argument.at, `${of} takes no variables here`)
      return undefined
    }
    const [first = ''] = texts
    if (isKnown) return { kind: 'known', value: isList ? texts : first }
    return isList ? { kind: 'texts', texts } : { kind: 'text', text: first }
  }

  #text(value: string, at: Position): Text {
    let text = value
    if (this.#requirements.has('encoded-character')) {
      const decoded = decodeEncodedCharacters(value)
      if (decoded === undefined)
        this.#error(at, 'unicode: stands before the numbers of characters, and this is none')
      else text = decoded
      if (text !== value) this.#requirements.use('encoded-character')
    }
    if (!this.#requirements.has('variables')) return text
    const pieces = splitVariables(text)
    if (isConstant(pieces)) return pieces
    this.#requirements.use('variables')
    this.#checkNamespaces(pieces, at)
    return pieces
  }

  /** RFC 5229 §3: of an extension that the script has. */
  #checkNamespaces(pieces: Exclude<Text, string>, at: Position): void {
    for (const piece of pieces) {
      if (typeof piece === 'string' || piece.namespace === '') continue
      const [first = ''] = piece.namespace.split('.', 1)
      const extension = namespaces[first]
      if (extension === undefined || piece.namespace !== first) {
        this.#error(at, `no variables begin with ${piece.namespace}.`)
      } else this.#needed(at, `\${${first}.…}`, [extension])
    }
  }

  #checker(
    at: Position,
    needs: Needed[],
    places: Places,
    isUnknown: (message: string) => void,
  ): Checker {
    const placeOf = (key = '', index?: number): Position => {
      const argument = places.get(key)
      if (argument?.kind !== 'strings' || index === undefined) return argument?.at ?? at
      return argument.places[index] ?? argument.at
    }
    return {
      error: (message, key, index) => this.#error(placeOf(key, index), message),
      warn: (message, key, index) => this.#warn(placeOf(key, index), message),
      unknown: isUnknown,
      needs: (extension, what) => void this.#needed(at, what, [extension], needs),
      requires: (extension) => this.#requirements.use(extension),
      takesStates: (count) => {
        this.#regexStates += count
        return this.#regexStates <= REGEX_SCRIPT_INSTRUCTIONS_MAX
      },
      within: this.#within.toReversed(),
    }
  }

  /** An error now, or where `ihave` may keep it from being reached one when it is. */
  #fault(at: Position, message: string, { always = false } = {}): Fault {
    if (always || !this.#isLate()) this.#error(at, message)
    return { kind: 'fault', at, message }
  }

  #error(at: Position, message: string): void {
    this.#errors++
    this.#tell({ ...at, severity: 'error', message })
  }

  #warn(at: Position, message: string): void {
    this.#tell({ ...at, severity: 'warning', message })
  }

  /** Errors go before warnings where there are too many of both. */
  #tell(given: Finding): void {
    const finding = { ...given, message: shortened(given.message) }
    if (this.#findings.length < PROBLEMS_MAX) {
      this.#findings.push(finding)
      return
    }
    if (finding.severity === 'warning') return
    const warning = this.#findings.findLastIndex(({ severity }) => severity === 'warning')
    if (warning >= 0) this.#findings[warning] = finding
  }
}

type Tagged = {
  readonly given: Map<
    TagGroup<unknown>,
    { tag: string; value: RunValue | undefined; behind: Argument | undefined }
  >
  readonly rest: readonly Argument[]
}

/** By the keys of the row. */
type Places = Map<string, Argument>

type Branch = Extract<CompiledCommand, { readonly kind: 'if' }>['branches'][number]

/** When it is asked for: a script that is checked alone needs none of it. */
function preparing({ prepare }: TestRow, { constant }: CompiledArguments) {
  if (prepare === undefined || constant === undefined) {
    return { prepared: undefined, gate: undefined }
  }
  let kept: Prepared | undefined
  const prepared = () => {
    kept ??= prepare(constant as never)
    return kept
  }
  return { prepared, gate: () => prepare(constant as never).gate() }
}

const isFault = (found: object): found is Fault => 'kind' in found && found.kind === 'fault'

type AnyRow = Pick<CommandRow, 'name' | 'tags' | 'positional' | 'check'> | TestRow

/** Variables that are no script's own: `global` of RFC 6609 §3.4, `env` of Pigeonhole's vnd.dovecot.environment. */
const namespaces: { readonly [first: string]: string } = {
  global: 'include',
  env: 'vnd.dovecot.environment',
}

const testsWanted = {
  none: 'takes no test',
  one: 'takes one test',
  list: 'takes a list of tests in ( )',
} as const

/** The words of old drafts, with those that took their place. */
const nowWritten: { readonly [name: string]: string } = {
  mark: 'addflag "\\\\Flagged"',
  unmark: 'removeflag "\\\\Flagged"',
}

function noCommand(name: string): string {
  const now = Object.hasOwn(nowWritten, name) ? `; write ${nowWritten[name]}` : ''
  return `no command is named ${name}${now}`
}

const twice = (tag: string, before: string) =>
  tag === before ? `:${tag} stands twice` : `:${tag} and :${before} exclude each other`

function wanted({ kind, optional }: Kind<unknown>): string {
  const what = {
    number: 'a number',
    string: 'a string',
    constant: 'a string',
    strings: 'a list of strings',
    constants: 'a list of strings',
  }[kind]
  return optional ? `${what} (or nothing)` : what
}

function listWanted(kinds: readonly Kind<unknown>[]): string {
  if (kinds.length === 0) return 'no arguments but tags'
  return `${kinds.map(wanted).join(', then ')}${kinds.length === 1 ? '' : ` (behind its tags)`}`
}

function constantsOf(values: readonly CompiledValue[]): CompiledArguments['constant'] {
  const constants: [string, unknown][] = []
  for (const each of values) {
    const { value } = each
    if (value !== undefined && value.kind !== 'known') return undefined
    constants.push([each.key, readValue(each, value?.value)])
  }
  return Object.freeze(Object.fromEntries(constants))
}

/** What the row gets for an argument with this value. */
export function readValue({ read, tag }: CompiledValue, value: unknown): unknown {
  return read === undefined ? value : read(tag === undefined ? undefined : { tag, value })
}

/** What its :name says. */
function nameOf({ values }: CompiledArguments): string | undefined {
  const named = values.find(({ tag }) => tag === 'name')?.value
  return named?.kind === 'known' && typeof named.value === 'string' ? named.value : undefined
}

function knownValue(each: CompiledValue): unknown {
  const { value } = each
  return value === undefined || value.kind === 'known' ? readValue(each, value?.value) : unknown
}
