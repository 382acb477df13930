// RFC 5232: flags for what is kept and filed. They are in variables, or in one without a name that keep and fileinto look at.

import {
  type Checker,
  constant,
  defineCommand,
  defineTest,
  optional,
  strings,
  unknown,
} from '../definition.ts'
import { checkMatching, matchAny, matching } from '../run/match.ts'
import type { Run } from '../run/run.ts'
import { isVariableName, variableName } from '../strings.ts'
import { flagWords } from './flag-words.ts'

type Change = (before: readonly string[], given: readonly string[]) => readonly string[]

function defineFlags(name: string, change: Change) {
  return defineCommand({
    name,
    extensions: ['imap4flags'],
    positional: { variable: optional(constant), flags: strings },
    check: ({ variable }, checker) => checkVariable(variable, checker),
    execute({ variable, flags }, run) {
      const before = variable === undefined ? (run.flags ?? []) : flagsIn(run, variable)
      const after = change(before, flagWords(flags))
      if (variable === undefined) run.flags = after
      else run.variables.set(variableName(variable), after.join(' '))
      return undefined
    },
  })
}

function checkVariable(variable: string | undefined | typeof unknown, checker: Checker): void {
  if (variable === undefined || variable === unknown) return
  checker.needs('variables', 'a variable of flags')
  if (!isVariableName(variable)) checker.error(`"${variable}" names no variable`)
}

const flagsIn = (run: Run, variable: string) =>
  flagWords([run.variables.value(variableName(variable))])

const lower = (flag: string) => flag.toLowerCase()

/** RFC 5232 §3.1 to §3.3. */
export const setFlag = defineFlags('setflag', (_before, given) => given)
export const addFlag = defineFlags('addflag', (before, given) => flagWords([...before, ...given]))
export const removeFlag = defineFlags('removeflag', (before, given) => {
  const gone = new Set(given.map(lower))
  return before.filter((flag) => !gone.has(lower(flag)))
})

/** RFC 5232 §4. */
export const hasFlag = defineTest({
  name: 'hasflag',
  extensions: ['imap4flags'],
  tags: matching,
  positional: { variables: optional(strings), flags: strings },
  check({ variables, flags, ...values }, checker) {
    checkMatching({ ...values, keys: flags }, checker)
    if (variables === undefined || variables === unknown) return
    for (const variable of variables) checkVariable(variable, checker)
  },
  evaluate({ variables, flags, ...tags }, run) {
    const has =
      variables === undefined
        ? (run.flags ?? [])
        : variables.flatMap((variable) => flagsIn(run, variable))
    const tag = tags.match?.tag
    const isWhole = tag === 'count' || tag === 'value' || tag === 'regex'
    // RFC 5232 §2: a string of several is a list, and an empty one none.
    const keys = isWhole ? flags : flags.flatMap((each) => each.split(/ +/).filter(Boolean))
    return matchAny(run, tags, has, keys)
  },
})
