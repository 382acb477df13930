// The reply of somebody who is away as a Sieve script (RFC 5230), and a script as that: written and read as simple rules are (rules.ts).

import { printString } from '#shared/sieve/language/print.ts'
import type { Argument, CommandSyntax, TestSyntax } from '#shared/sieve/language/syntax.ts'
import { firstString, syntaxOf, withLineEnds } from './rules.ts'

export type Away = {
  /** The first and the last day, RFC 3339 full-date; null: from now on, until it is turned off. */
  readonly from: string | null
  readonly until: string | null
  /** '': as the language has it. */
  readonly subject: string
  /** Lines end with LF. */
  readonly text: string
  /** What else is the owner's: mail to one of these is answered too. */
  readonly addresses: readonly string[]
}

const head =
  '# The reply of the console while its owner is away. Change it there; what is written in\r\n# here by hand makes this a script of your own, which the console leaves alone.\r\n'

export function awayText(away: Away): string {
  const tests = [
    ...(away.from === null ? [] : [dateTest('ge', away.from)]),
    ...(away.until === null ? [] : [dateTest('le', away.until)]),
  ]
  const reply = replyText(away)
  if (tests.length === 0) return `${head}require ["vacation"];\r\n\r\n${reply}\r\n`
  const test = tests.length === 1 ? tests[0] : `allof (${tests.join(', ')})`
  return `${head}require ["date", "relational", "vacation"];\r\n\r\nif ${test} {\r\n  ${reply}\r\n}\r\n`
}

/** RFC 5260 §5: days of the zone that the server has. */
const dateTest = (relation: 'ge' | 'le', day: string) =>
  `currentdate :value "${relation}" "date" ${printString(day)}`

function replyText({ subject, addresses, text }: Away): string {
  const list = addresses.map(printString).join(', ')
  const words = [
    'vacation',
    ...(subject === '' ? [] : [`:subject ${printString(subject)}`]),
    ...(addresses.length === 0 ? [] : [`:addresses [${list}]`]),
    printString(withLineEnds(text)),
  ]
  return `${words.join(' ')};`
}

/** Undefined: it is none. */
export function readAway(text: string): Away | undefined {
  const [command, ...more] = syntaxOf(text)?.filter(({ name }) => name !== 'require') ?? []
  if (command === undefined || more.length > 0) return undefined
  const reply = command.name === 'if' ? command.block?.[0] : command
  const tests = command.name === 'if' ? testsOf(command) : []
  const read = reply && readReply(reply, tests)
  return read && awayText(read) === withLineEnds(text) ? read : undefined
}

function testsOf({ tests }: CommandSyntax): readonly TestSyntax[] {
  if (tests.kind !== 'one') return []
  const { test } = tests
  return test.tests.kind === 'list' ? test.tests.tests : [test]
}

function readReply(
  { name, arguments: args }: CommandSyntax,
  tests: readonly TestSyntax[],
): Away | undefined {
  const text = firstString(args.at(-1))
  if (name !== 'vacation' || text === undefined) return undefined
  const addresses = behind(args, 'addresses')
  return {
    from: dayOf(tests, 'ge'),
    until: dayOf(tests, 'le'),
    subject: firstString(behind(args, 'subject')) ?? '',
    text: text.replaceAll('\r\n', '\n'),
    addresses: addresses?.kind === 'strings' ? addresses.values : [],
  }
}

function behind(args: readonly Argument[], tag: string): Argument | undefined {
  const at = args.findIndex((each) => each.kind === 'tag' && each.name === tag)
  return at === -1 ? undefined : args[at + 1]
}

/** `:value "ge" "date" "2026-12-24"` */
function dayOf(tests: readonly TestSyntax[], relation: 'ge' | 'le'): string | null {
  const found = tests.find((test) => firstString(behind(test.arguments, 'value')) === relation)
  return firstString(found?.arguments.at(-1)) ?? null
}
