// A .procmailrc as a Sieve script that does the same with the same mail, as far as Sieve can, and a list of what it does not. Nothing is
// guessed: a recipe of which any condition cannot be said is left out, with whatever hangs on it, and stands in the list with the reason.
// Mail for a recipe that is left out goes on to the next one, and at last into INBOX.
//
// Implementation notes. A delivering recipe is `fileinto` and `stop`; with flag c it is `fileinto :copy`, and the script goes on. What `A`,
// `a` and `E` say of the recipe before is said again as a test, since no action changes what a test sees.

import { printString } from '../language/print.ts'
import {
  all,
  always,
  any,
  type Condition,
  capturedBy,
  countTests,
  not,
  stringsText,
  test,
} from './condition-text.ts'
import { recipeCondition } from './conditions.ts'
import { isDaemonTest } from './daemons.ts'
import { pathOf, placeOf } from './folder-name.ts'
import { INCLUDES_NESTED_MAX, RCFILE_BYTES_MAX, STATEMENTS_MAX, TESTS_MAX } from './limits.ts'
import { type KnownProgram, knownProgram } from './programs.ts'
import { parseRcfile, type Recipe, type Statement } from './rcfile.ts'
import { command, comment, printRules, type Rule, stop, when } from './script-text.ts'
import { Untranslatable } from './untranslatable.ts'
import { dynamic, isDynamic, sieveText, Variables, wordsOf } from './variables.ts'

export type Note = {
  readonly file: string
  readonly line: number
  /** `differs`: it is in the script and says nearly the same. `ignored`: it has no meaning here. */
  readonly kind: 'left-out' | 'differs' | 'ignored'
  readonly reason: string
}

export type Translation = {
  readonly script: string
  /** Recipes that the script has. */
  readonly translated: number
  readonly notes: readonly Note[]
}

export type TranslationOptions = {
  /** As comments and notes call it. */
  readonly name: string
  /** LOGNAME on the old machine. */
  readonly login?: string
  /** Files that it includes; `~` is the home. */
  readonly read: (path: string) => string | undefined
}

export function translateProcmail(text: string, options: TranslationOptions): Translation {
  const translator = new Translator(options)
  const rules = translator.file(text, options.name, 0)
  const { notes, translated } = translator
  const head = [`From ${options.name}, which procmail read.`, '']
  return { script: printRules(rules, head), translated, notes }
}

/** Recipes of one block, in order, as far as the next one may ask about them. */
type Level = {
  /** Of the last recipe without A and a; undefined: it was left out. */
  chain: Condition | undefined
  /** When the one before was executed, or one of those that it is the else of. */
  before: Condition | undefined
  /** Mail of it does not come here. */
  beforeStops: boolean
  /** It is an `if` right before, so that `elsif` says the same. */
  beforeIsIf: boolean
}

/** A recipe that does something: when, and what. */
type Done = {
  readonly condition: Condition
  readonly rules: readonly Rule[]
  readonly stops: boolean
  /** Statements behind it that belong to it. */
  readonly taken: number
}

class Translator {
  readonly notes: Note[] = []
  translated = 0
  readonly #options: TranslationOptions
  #variables = new Variables()
  /** Assigned somewhere where it depends on the mail whether they are, or asked for: variables in the script too. */
  readonly #kept = new Set<string>()
  #file = ''
  #depth = 0
  #statements = 0
  #inBlock = 0

  constructor(options: TranslationOptions) {
    this.#options = options
    const { login } = options
    for (const [name, value] of Object.entries(defaults)) this.#variables.set(name, value)
    for (const name of ['LOGNAME', 'USER']) {
      if (login === undefined) this.#variables.forget(name, 'is not known: --login says it')
      else this.#variables.set(name, login)
    }
    this.#variables.forget('HOST', 'was the name of the other machine')
    this.#variables.forget('LASTFOLDER', 'is known only to procmail')
  }

  file(text: string, name: string, depth: number): readonly Rule[] {
    const bytes = Buffer.byteLength(text)
    if (bytes > RCFILE_BYTES_MAX) {
      this.#note(1, 'left-out', `${name} has more than ${RCFILE_BYTES_MAX} bytes`)
      return []
    }
    const [file, before] = [this.#file, this.#depth]
    this.#file = name
    this.#depth = depth
    const statements = parseRcfile(text)
    collectKept(statements, this.#kept, false)
    const rules = this.#block(statements)
    this.#file = file
    this.#depth = before
    return rules
  }

  #block(statements: readonly Statement[]): readonly Rule[] {
    const rules: Rule[] = []
    const level: Level = { chain: always, before: always, beforeStops: false, beforeIsIf: false }
    for (let i = 0; i < statements.length; i++) {
      const statement = statements[i]
      if (statement === undefined) break
      if (++this.#statements > STATEMENTS_MAX) {
        this.#note(statement.line, 'left-out', `there are more than ${STATEMENTS_MAX} statements`)
        break
      }
      switch (statement.kind) {
        case 'problem':
          this.#note(statement.line, 'left-out', statement.reason)
          break
        case 'assignment':
          rules.push(...this.#assignment(statement))
          level.beforeIsIf = false
          break
        case 'recipe': {
          const taken = this.#recipe(statement, statements.slice(i + 1), level, rules)
          i += taken
          break
        }
      }
    }
    return rules
  }

  #assignment(statement: Extract<Statement, { readonly kind: 'assignment' }>): readonly Rule[] {
    const { name, value, line } = statement
    try {
      if (name === 'INCLUDERC' || name === 'SWITCHRC') return this.#include(name, value, line)
      if (ignored.has(name)) {
        this.#note(line, 'ignored', `${name} has no meaning here`)
        return []
      }
      if (beyond.has(name)) throw new Untranslatable(`${name} has no like in Sieve`)
      const text = value === null ? '' : this.#words(value).join(' ')
      if (name === 'DEFAULT' && this.#inBlock > 0) {
        throw new Untranslatable('DEFAULT depends on the mail')
      }
      if (!this.#kept.has(name) && !isDynamic(text)) {
        this.#variables.set(name, text)
        return []
      }
      const rule = command(`set ${printString(name.toLowerCase())} ${string(text)}`, ['variables'])
      this.#variables.set(name, dynamic(name))
      return [comment(`line ${line}`), rule]
    } catch (error) {
      const reason = reasonOf(error)
      this.#variables.forget(name, 'was not translated')
      this.#note(line, 'left-out', reason)
      return [comment(`line ${line} is left out: ${reason}`)]
    }
  }

  #include(name: string, value: string | null, line: number): readonly Rule[] {
    const path = value === null ? '' : this.#words(value).join(' ')
    if (path === '' || path === '/dev/null') return []
    if (isDynamic(path)) throw new Untranslatable('what it includes depends on the mail')
    const whole = pathOf(path, this.#variables.get('MAILDIR'))
    if (this.#depth >= INCLUDES_NESTED_MAX) {
      throw new Untranslatable(`more than ${INCLUDES_NESTED_MAX} files in files`)
    }
    const text = this.#options.read(whole)
    if (text === undefined) throw new Untranslatable(`${whole} cannot be read`)
    const rules = this.file(text, path, this.#depth + 1)
    if (name === 'INCLUDERC') return [comment(`line ${line}: what ${path} says`), ...rules]
    return [comment(`line ${line}: what ${path} says, and no more`), ...rules, stop]
  }

  /** Puts it into the rules; tells how many statements behind it belong to it. */
  #recipe(recipe: Recipe, following: readonly Statement[], level: Level, rules: Rule[]): number {
    const { line, flags } = recipe
    const remarks: string[] = []
    const isChained = /[Aa]/.test(flags)
    const isElse = flags.includes('E')
    let condition: Condition | undefined
    try {
      const { chain } = level
      if (isChained && chain === undefined) throw new Untranslatable(hangs)
      if (isElse && level.before === undefined) throw new Untranslatable(hangs)
      const remark = (text: string) => remarks.push(text)
      const own = this.#condition(recipe, remark)
      const chained = isChained ? all([chain ?? always, own]) : own
      condition = chained
      const isElsif = isElse && !level.beforeStops && level.beforeIsIf && !isChained
      const needsNot = isElse && !level.beforeStops && !isElsif
      const whole = needsNot ? all([not(level.before ?? always), chained]) : chained
      if (countTests(whole) > TESTS_MAX) {
        condition = undefined
        throw new Untranslatable(`it needs more than ${TESTS_MAX} tests`)
      }
      const done = this.#done(recipe, whole, following, remark)
      const head = comments(recipe)
      const made = done.rules.length === 0 ? [] : when(done.condition, done.rules, isElsif)
      // Comments stand between an if and its elsif without harm.
      if (made.length > 0) rules.push(comment(''), ...head, ...made)
      for (const text of new Set(remarks)) this.#note(line, 'differs', text)
      this.translated++
      const executed = done.condition === whole ? chained : done.condition
      if (!isChained) {
        const afterOthers = isElsif && level.before !== undefined
        level.chain = afterOthers ? all([not(level.before ?? always), executed]) : done.condition
      }
      this.#remember(level, flags, executed, done.stops, made.at(-1)?.kind === 'if')
      return done.taken
    } catch (error) {
      const reason = reasonOf(error)
      const inside = recipe.action.kind === 'block' ? countRecipes(recipe.action.statements) : 0
      const all = inside > 0 ? `${reason} (with ${inside} recipes in its block)` : reason
      this.#note(line, 'left-out', all)
      if (!isChained) level.chain = condition
      rules.push(comment(''), ...comments(recipe), comment(`left out: ${all}`))
      if (recipe.action.kind === 'block') this.#forgetAssigned(recipe.action.statements)
      if (recipe.action.kind === 'pipe' && recipe.action.variable !== null) {
        this.#variables.forget(recipe.action.variable, 'is what a program prints')
      }
      this.#remember(level, flags, condition, false, false)
      return 0
    }
  }

  #remember(
    level: Level,
    flags: string,
    executed: Condition | undefined,
    stops: boolean,
    isIf: boolean,
  ): void {
    const isElse = flags.includes('E')
    const known = executed !== undefined && level.before !== undefined
    level.before = isElse ? (known ? any([level.before ?? always, executed]) : undefined) : executed
    level.beforeStops = stops && (!isElse || level.beforeStops)
    level.beforeIsIf = isIf
  }

  #condition(recipe: Recipe, remark: (text: string) => void): Condition {
    const { conditions, flags } = recipe
    const strange = flags.replace(/[HBDAaEehbfcwWir]/g, '')
    if (strange !== '') throw new Untranslatable(`flag ${strange} is not known`)
    const condition = recipeCondition(conditions, { flags, variables: this.#variables, remark })
    if (conditions.some((text) => text.includes('\\/'))) {
      if (capturedBy(condition) === undefined) {
        this.#variables.forget('MATCH', 'is not known in every case')
      } else {
        this.#variables.set('MATCH', dynamic('match'))
      }
    }
    return condition
  }

  #done(
    recipe: Recipe,
    condition: Condition,
    following: readonly Statement[],
    remark: (text: string) => void,
  ): Done {
    const { action, flags } = recipe
    const group = capturedBy(condition)
    const captured =
      group === undefined ? [] : [command(`set "match" "\${${group}}"`, ['variables'])]
    const done = (rules: readonly Rule[], stops: boolean): Done => ({
      condition,
      rules: [...captured, ...rules],
      stops,
      taken: 0,
    })
    const isCopy = flags.includes('c')
    switch (action.kind) {
      case 'block':
        return done(
          isCopy ? this.#clone(action.statements) : this.#nested(action.statements),
          false,
        )
      case 'forward':
        this.#refusePart(flags)
        return done(this.#forward(action.to, isCopy), !isCopy)
      case 'mailbox':
        this.#refusePart(flags)
        return done(this.#fileInto(this.#words(action.name), isCopy, remark), !isCopy)
      case 'pipe':
        if (flags.includes('e') && !/[Aa]/.test(flags)) throw new Untranslatable(afterFailure)
        if (action.variable !== null) throw new Untranslatable('it needs what a program prints')
        return this.#pipe(knownProgram(action.command), done, { recipe, following, isCopy, remark })
    }
  }

  #refusePart(flags: string): void {
    if (flags.includes('e')) throw new Untranslatable(afterFailure)
    if (flags.includes('f')) throw new Untranslatable('a filter is a program')
    if (flags.includes('h') !== flags.includes('b')) {
      const part = flags.includes('h') ? 'the header' : 'the body'
      throw new Untranslatable(`it takes only ${part} of the mail`)
    }
  }

  #nested(statements: readonly Statement[]): readonly Rule[] {
    const before = this.#variables.copy()
    this.#inBlock++
    const rules = this.#block(statements)
    this.#inBlock--
    for (const name of this.#variables.differences(before)) {
      // What the script keeps is what it is when the mail is there.
      if (this.#kept.has(name)) this.#variables.set(name, dynamic(name))
      else if (name !== 'MATCH') this.#variables.forget(name, 'depends on the mail')
      else this.#variables.set('MATCH', dynamic('match'))
    }
    return rules
  }

  /** `:0 c` of a block: a second procmail goes through it, and then on through all the rest. */
  #clone(statements: readonly Statement[]): readonly Rule[] {
    const recipes = statements.filter((each) => each.kind === 'recipe')
    const last = recipes.at(-1)
    const isSimple =
      recipes.length === statements.length &&
      recipes.every(({ action }) => action.kind !== 'block') &&
      recipes.slice(0, -1).every(({ flags }) => flags.includes('c')) &&
      last?.conditions.length === 0 &&
      !/[AaEe]/.test(last.flags)
    if (!isSimple) throw new Untranslatable('its block goes on with a copy of the mail')
    return this.#nested(recipes.map((each) => ({ ...each, flags: `${each.flags}c` })))
  }

  #forward(to: string, isCopy: boolean): readonly Rule[] {
    const words = this.#words(to)
      .flatMap((word) => word.split(','))
      .filter((word) => word !== '' && !word.startsWith('-'))
    if (words.length === 0) throw new Untranslatable('it names no address')
    for (const word of words) {
      if (!/^[^@\s<>]+@[^@\s<>]+$/.test(word)) {
        throw new Untranslatable(`${word} is no whole address`)
      }
    }
    const tag = isCopy ? ':copy ' : ''
    const needs = isCopy ? ['copy'] : []
    const rules = words.map((word) => command(`redirect ${tag}${string(word)}`, needs))
    return isCopy ? rules : [...rules, stop]
  }

  /** Into folders; with several, into each of them. */
  #fileInto(
    names: readonly string[],
    isCopy: boolean,
    remark: (text: string) => void,
  ): readonly Rule[] {
    if (names.length === 0) throw new Untranslatable('it names no folder')
    const rules = names.flatMap((name) => this.#into(name, isCopy, remark))
    return isCopy ? rules : [...rules, stop]
  }

  #into(name: string, isCopy: boolean, remark: (text: string) => void): readonly Rule[] {
    const inboxes = ['ORGMAIL', 'DEFAULT'].map((each) => this.#variables.get(each))
    const place = placeOf(name, { maildir: this.#variables.get('MAILDIR'), inboxes })
    switch (place.kind) {
      case 'inbox':
        return [command('keep')]
      case 'nothing':
        return isCopy ? [] : [command('discard')]
      case 'folder': {
        if (place.remark) remark(place.remark)
        const tags = isCopy ? ':copy :create' : ':create'
        const needs = isCopy ? ['fileinto', 'copy', 'mailbox'] : ['fileinto', 'mailbox']
        return [command(`fileinto ${tags} ${string(place.name)}`, needs)]
      }
    }
  }

  #pipe(
    program: KnownProgram,
    done: (rules: readonly Rule[], stops: boolean) => Done,
    about: {
      readonly recipe: Recipe
      readonly following: readonly Statement[]
      readonly isCopy: boolean
      readonly remark: (text: string) => void
    },
  ): Done {
    const { recipe, following, isCopy, remark } = about
    switch (program.kind) {
      case 'spam-filter':
        if (!recipe.flags.includes('f')) throw new Untranslatable('it gives the mail to a program')
        remark(
          'this server asks its filters before a script runs; their verdict is in spamtest and virustest',
        )
        return done([], false)
      case 'folder':
        return done(this.#fileInto(this.#words(program.name), isCopy, remark), !isCopy)
      case 'nothing':
        return done(isCopy ? [] : [command('discard'), stop], !isCopy)
      case 'seen-before': {
        const { condition, rules } = done([], false)
        const seen = all([condition, test('duplicate', ['duplicate'])])
        // With c the recipe behind it, which has flag a, says what becomes of it.
        const ends = isCopy ? [] : [command('discard'), stop]
        return { condition: seen, rules: [...rules, ...ends], stops: !isCopy, taken: 0 }
      }
      case 'answered-before': {
        const [next] = following
        const answer =
          next?.kind === 'recipe' && next.flags.includes('e') && next.action.kind === 'pipe'
            ? knownProgram(next.action.command)
            : undefined
        if (answer?.kind !== 'answer') {
          throw new Untranslatable('it asks formail whether the sender was answered')
        }
        return { ...answering(done([this.#answer(answer, remark)], false)), taken: 1 }
      }
      case 'answer': {
        const answer = this.#answer(program, remark)
        if (isCopy) return answering(done([answer], false))
        return done([answer, command('discard'), stop], true)
      }
      case 'vacation':
        return answering(done([this.#vacation()], false))
      case 'unknown': {
        const what = recipe.flags.includes('f')
          ? 'it changes the mail with'
          : 'it gives the mail to'
        throw new Untranslatable(`${what} the program ${program.name}`)
      }
    }
  }

  #answer(
    { text, files }: Extract<KnownProgram, { readonly kind: 'answer' }>,
    remark: (text: string) => void,
  ): Rule {
    const added: string[] = []
    for (const file of files) {
      const path = pathOf(this.#words(file).join(' '), this.#variables.get('MAILDIR'))
      const content = this.#options.read(path)
      if (content === undefined)
        remark(`its answer ends with what ${path} says, which cannot be read`)
      else added.push(content.trimEnd())
    }
    const whole = [text, ...added].filter((each) => each !== '').join('\n')
    if (whole.trim() === '') throw new Untranslatable('the text of its answer is not in the file')
    remark('each sender is answered once in a few days, and lists and programs never')
    return command(`vacation ${string(whole)}`, ['vacation'])
  }

  /** vacation(1): a header and a text. */
  #vacation(): Rule {
    const text = this.#options.read('~/.vacation.msg')
    if (text === undefined) {
      throw new Untranslatable('vacation has its text in ~/.vacation.msg, which cannot be read')
    }
    const end = text.indexOf('\n\n')
    const header = end < 0 ? '' : text.slice(0, end)
    const subject = header
      .split('\n')
      .find((line) => /^subject:/i.test(line))
      ?.slice('subject:'.length)
      .trim()
    const body = (header.includes(':') ? text.slice(end + 2) : text).trimEnd()
    const tag = subject && !subject.includes('$') ? `:subject ${string(subject)} ` : ''
    return command(`vacation ${tag}${string(body)}`, ['vacation'])
  }

  #words(text: string): readonly string[] {
    return wordsOf(text, this.#variables)
  }

  #forgetAssigned(statements: readonly Statement[]): void {
    for (const statement of statements) {
      if (statement.kind === 'assignment') {
        this.#variables.forget(statement.name, 'is set in a block that is left out')
      } else if (statement.kind === 'recipe' && statement.action.kind === 'block') {
        this.#forgetAssigned(statement.action.statements)
      }
    }
  }

  #note(line: number, kind: Note['kind'], reason: string): void {
    this.notes.push({ file: this.#file, line, kind, reason })
  }
}

/** Sieve itself answers no lists and programs. */
function answering(done: Done): Done {
  const { condition } = done
  const parts = condition.kind === 'all' ? condition.of : [condition]
  return {
    ...done,
    condition: all(parts.filter((part) => part.kind !== 'not' || !isDaemonTest(part.of))),
  }
}

const hangs = 'the recipe that it hangs on is left out'
const afterFailure = 'it is for when a program fails'

const defaults = {
  HOME: '~',
  MAILDIR: '~',
  ORGMAIL: '/var/mail/user',
  DEFAULT: '/var/mail/user',
  SENDMAIL: '/usr/sbin/sendmail',
  MATCH: '',
}

/** What procmail does for itself. */
const ignored: ReadonlySet<string> = new Set([
  ...['LOGFILE', 'LOG', 'LOGABSTRACT', 'VERBOSE', 'PATH', 'SHELL', 'SHELLFLAGS', 'SHELLMETAS'],
  ...['UMASK', 'LOCKFILE', 'LOCKEXT', 'LOCKSLEEP', 'LOCKTIMEOUT', 'TIMEOUT', 'NORESRETRY'],
  ...['SUSPEND', 'COMSAT', 'DROPPRIVS', 'LINEBUF', 'MSGPREFIX', 'SENDMAIL', 'SENDMAILFLAGS'],
  ...['TZ', 'LANG', 'LC_ALL'],
])

/** What changes how procmail ends. */
const beyond: ReadonlySet<string> = new Set(['EXITCODE', 'HOST', 'TRAP', 'DELIVERED', 'SHIFT'])

const special: ReadonlySet<string> = new Set([
  ...ignored,
  ...beyond,
  ...['MAILDIR', 'DEFAULT', 'ORGMAIL', 'INCLUDERC', 'SWITCHRC', 'HOME', 'LOGNAME', 'MATCH'],
])

function collectKept(statements: readonly Statement[], kept: Set<string>, inBlock: boolean): void {
  for (const statement of statements) {
    if (statement.kind === 'assignment') {
      if (inBlock && !special.has(statement.name)) kept.add(statement.name)
    } else if (statement.kind === 'recipe') {
      for (const condition of statement.conditions) {
        const at = condition.indexOf('??')
        const name = condition.slice(0, Math.max(at, 0)).trim().split(/\W/).at(-1) ?? ''
        if (name !== '' && !special.has(name) && !/^(H|B|HB|BH)$/.test(name)) kept.add(name)
      }
      const { action } = statement
      if (action.kind === 'block') collectKept(action.statements, kept, true)
    }
  }
}

const countRecipes = (statements: readonly Statement[]): number =>
  statements.reduce((count, each) => {
    if (each.kind !== 'recipe') return count
    return count + 1 + (each.action.kind === 'block' ? countRecipes(each.action.statements) : 0)
  }, 0)

const comments = ({ line, source }: Recipe): readonly Rule[] => [
  comment(`line ${line}: ${source[0] ?? ''}`),
  ...source.slice(1).map((text) => comment(`  ${text}`)),
]

const string = (value: string) => stringsText([sieveText(value)])

function reasonOf(error: unknown): string {
  if (error instanceof Untranslatable) return error.message
  throw error
}
