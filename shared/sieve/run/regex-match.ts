// The match type :regex of draft-murchison-sieve-regex-07. The expression fits anywhere in a value; the whole of what fits and its groups
// become match variables.
//
// Deliberately: `^`, `$` and `.` know lines, as the draft has them (§3), where Pigeonhole takes any text for one line. Fields have no lines.

import type { Checker } from '../definition.ts'
import { REGEX_SCRIPT_INSTRUCTIONS_MAX } from '../limits.ts'
import type { Folding } from '../regex/character-set.ts'
import { compileRegex, type Regex } from '../regex/program.ts'
import { regexes } from '../regex/regexes.ts'
import { type Found, search } from '../regex/search.ts'
import { RegexSyntaxError } from '../regex/syntax.ts'
import type { Comparator } from './comparator.ts'
import { SieveRunError } from './failure.ts'
import type { Run } from './run.ts'
import type { Tester } from './tester.ts'

/** The draft asks for i;octet and i;ascii-casemap; i;unicode-casemap compares characters by their simple case mappings here. */
export function foldingOf({ name, countsOctets }: Comparator): Folding {
  if (name === 'i;octet') return 'none'
  return countsOctets ? 'ascii' : 'unicode'
}

/** Of keys without variables, when the script is compiled. */
export function checkExpressions(
  keys: readonly string[],
  folding: Folding,
  checker: Checker,
  argument = 'keys',
): void {
  for (const [i, key] of keys.entries()) {
    try {
      if (checker.takesStates(compileRegex(key, folding).instructions.length)) continue
      const message = `the expressions of a script have ${REGEX_SCRIPT_INSTRUCTIONS_MAX} states at most`
      checker.error(message, argument, i)
      return
    } catch (error) {
      checker.error(whatIsWrong(key, error), argument, i)
    }
  }
}

/** `the expression "a(b" at 2: this ( has no )`. Throws what is no mistake in an expression. */
function whatIsWrong(key: string, error: unknown): string {
  if (!(error instanceof RegexSyntaxError)) throw error
  const shown = key.length > SHOWN_MAX ? `${key.slice(0, SHOWN_MAX)}…` : key
  return `the expression "${shown}" at ${error.character}: ${error.message}`
}

const SHOWN_MAX = 60

export function regexTester(run: Run, comparator: Comparator, keys: readonly string[]): Tester {
  const folding = foldingOf(comparator)
  const compiled = new Map<string, Regex>()
  return function* ({ text: value }) {
    for (const key of keys) {
      const regex = compiled.get(key) ?? expression(run, key, folding)
      compiled.set(key, regex)
      const wantsGroups = run.variables.areUsed
      const found = yield* search(regex, value, wantsGroups, (steps) => run.spend(steps))
      if (found === undefined) continue
      if (wantsGroups) run.variables.matched = () => textsOf(found, value)
      return true
    }
    return false
  }
}

/** It costs what it has states, kept from before or not, so that the same run takes the same steps. */
function expression(run: Run, key: string, folding: Folding): Regex {
  try {
    const regex = regexes.get(key, folding)
    run.spend(1 + (regex.instructions.length >> 5))
    return regex
  } catch (error) {
    throw new SieveRunError(whatIsWrong(key, error))
  }
}

const textsOf = (found: Found, value: string) =>
  found.map((place) => (place === null ? '' : value.slice(...place)))
