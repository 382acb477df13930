// Simple rules as a Sieve script, and a script as simple rules: what the console's form of them can say. The script is what is kept. It is
// read by its syntax, and only what these rules would be written as again is one of theirs: whatever else somebody wrote into it makes it a
// script of his own.

import { parseScript } from '#shared/sieve/language/parse.ts'
import { printString } from '#shared/sieve/language/print.ts'
import type { Argument, CommandSyntax } from '#shared/sieve/language/syntax.ts'

export const ruleFields = ['from', 'to', 'subject'] as const
export type RuleField = (typeof ruleFields)[number]
export const ruleFlags = ['flagged', 'seen'] as const
export type RuleFlag = (typeof ruleFlags)[number]

/** What has this text in this field is treated so; of several rules each is done. */
export type SimpleRule = {
  readonly field: RuleField
  readonly contains: string
  readonly action: RuleAction
}

export type RuleAction =
  /** The folder is made where there is none. */
  | { readonly kind: 'file'; readonly folder: string }
  | { readonly kind: 'flag'; readonly flag: RuleFlag }
  /** `keep`: it stays here, too. */
  | { readonly kind: 'forward'; readonly to: string; readonly keep: boolean }
  /** The rules behind it are not asked any more. */
  | { readonly kind: 'discard' }

const head =
  '# The simple rules of the console. Change them there; what is written in here by hand\r\n# makes this a script of your own, which the console leaves alone.\r\n'

/** Who it is to may stand in either field. */
const fieldNames = {
  from: ['from'],
  to: ['to', 'cc'],
  subject: ['subject'],
} as const satisfies { readonly [field in RuleField]: readonly string[] }

/** RFC 9051 §2.3.2. */
const flagNames = { flagged: '\\Flagged', seen: '\\Seen' } as const satisfies {
  readonly [flag in RuleFlag]: string
}

export function rulesText(rules: readonly SimpleRule[]): string {
  const needs = new Set(rules.flatMap(({ action }) => extensionsOf(action)))
  const list = [...needs].sort().map(printString).join(', ')
  const require = needs.size === 0 ? '' : `require [${list}];\r\n`
  return `${head}${require}${rules.map(ruleText).join('')}`
}

function extensionsOf(action: RuleAction): readonly string[] {
  switch (action.kind) {
    case 'file':
      return ['fileinto', 'mailbox']
    case 'flag':
      return ['imap4flags']
    case 'forward':
      return action.keep ? ['copy'] : []
    case 'discard':
      return []
  }
}

function ruleText({ field, contains, action }: SimpleRule): string {
  const names = fieldNames[field].map(printString)
  const list = names.length === 1 ? names[0] : `[${names.join(', ')}]`
  const done = actionLines(action).map((line) => `  ${line}\r\n`)
  return `\r\nif header :contains ${list} ${printString(contains)} {\r\n${done.join('')}}\r\n`
}

function actionLines(action: RuleAction): readonly string[] {
  switch (action.kind) {
    case 'file':
      return [`fileinto :create ${printString(action.folder)};`]
    case 'flag':
      return [`addflag ${printString(flagNames[action.flag])};`]
    case 'forward':
      return [`redirect ${action.keep ? ':copy ' : ''}${printString(action.to)};`]
    case 'discard':
      return ['discard;', 'stop;']
  }
}

/** Undefined: these are none. */
export function readRules(text: string): readonly SimpleRule[] | undefined {
  const commands = syntaxOf(text)
  const rules = commands?.filter(({ name }) => name !== 'require').map(readRule)
  if (rules?.some((rule) => rule === undefined) !== false) return undefined
  const read = rules.filter((rule) => rule !== undefined)
  return rulesText(read) === withLineEnds(text) ? read : undefined
}

/** Undefined: it is no script. */
export function syntaxOf(text: string): readonly CommandSyntax[] | undefined {
  try {
    return parseScript(text)
  } catch {
    return undefined
  }
}

/** Whatever a program made of them on the way. */
export const withLineEnds = (text: string) => text.replaceAll('\r\n', '\n').replaceAll('\n', '\r\n')

function readRule({ name, tests, block }: CommandSyntax): SimpleRule | undefined {
  if (name !== 'if' || tests.kind !== 'one') return undefined
  const [, names, keys] = tests.test.arguments
  const field = ruleFields.find((each) => fieldNames[each][0] === firstString(names))
  const contains = firstString(keys)
  const action = block?.[0] && readAction(block[0])
  return field && contains !== undefined && action ? { field, contains, action } : undefined
}

function readAction({ name, arguments: args }: CommandSyntax): RuleAction | undefined {
  const text = firstString(args.find(({ kind }) => kind === 'strings'))
  switch (name) {
    case 'fileinto':
      return text === undefined ? undefined : { kind: 'file', folder: text }
    case 'addflag': {
      const flag = ruleFlags.find((each) => flagNames[each] === text)
      return flag && { kind: 'flag', flag }
    }
    case 'redirect': {
      const keep = args.some((each) => each.kind === 'tag' && each.name === 'copy')
      return text === undefined ? undefined : { kind: 'forward', to: text, keep }
    }
    case 'discard':
      return { kind: 'discard' }
    default:
      return undefined
  }
}

export const firstString = (argument: Argument | undefined) =>
  argument?.kind === 'strings' ? argument.values[0] : undefined
