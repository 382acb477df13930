// RFC 5229: `set` with its modifiers, and the test `string`. What a string with variables means is decided in strings.ts and variables.ts.

import {
  type Checker,
  choice,
  constant,
  defineCommand,
  defineTest,
  flag,
  string,
  strings,
  unknown,
} from '../definition.ts'
import { checkMatching, matchAny, matching } from '../run/match.ts'
import { cut } from '../run/variables.ts'
import { isVariableName, variableName } from '../strings.ts'

const plain = { extension: null, takes: null } as const

/** RFC 5229 §4.1. Those in one group have the same precedence, and exclude each other; the higher is applied first. */
export const modifiers = {
  case: choice({ lower: plain, upper: plain }), // 40
  first: choice({ lowerfirst: plain, upperfirst: plain }), // 30
  quoting: choice({
    quotewildcard: plain,
    quoteregex: { extension: 'regex', takes: null },
  }), // 20
  encodeurl: flag('encodeurl', 'enotify'), // 15, RFC 5435 §6
  length: flag('length'), // 10
}

/** RFC 5229 §4. */
export const set = defineCommand({
  name: 'set',
  extensions: ['variables'],
  tags: modifiers,
  positional: { name: constant, value: string },
  check({ name }, checker) {
    if (name !== unknown) checkSettable(name, checker)
  },
  execute({ name, value, ...how }, run) {
    run.variables.set(variableName(name), modified(value, how))
    return undefined
  },
})

/** Without a namespace, or in that of global variables (RFC 6609 §3.4.2). */
export function checkSettable(name: string, checker: Checker): void {
  const { namespace } = variableName(name)
  if (!isVariableName(name)) checker.error(`"${name}" names no variable that can be set`)
  else if (namespace === 'global') checker.needs('include', 'global. of a variable')
  else if (namespace !== '' && namespace !== 'global') {
    checker.error(`variables that begin with ${namespace}. cannot be set`)
  }
}

export function modified(
  value: string,
  {
    case: letters,
    first,
    quoting,
    encodeurl,
    length,
  }: {
    readonly case: { readonly tag: 'lower' | 'upper' } | undefined
    readonly first: { readonly tag: 'lowerfirst' | 'upperfirst' } | undefined
    readonly quoting: { readonly tag: 'quotewildcard' | 'quoteregex' } | undefined
    readonly encodeurl: boolean
    readonly length: boolean
  },
): string {
  let text = value
  if (letters !== undefined) text = letters.tag === 'lower' ? lower(text) : upper(text)
  if (first !== undefined) {
    const character = text.slice(0, 1)
    text = (first.tag === 'lowerfirst' ? lower(character) : upper(character)) + text.slice(1)
  }
  if (quoting?.tag === 'quotewildcard') text = text.replace(/[*?\\]/g, '\\$&')
  // What regex/parse.ts reads as the character itself.
  if (quoting?.tag === 'quoteregex') text = text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  if (encodeurl) text = percentEncoded(cut(text))
  // RFC 5229 §4.1.5: in characters.
  return length ? String([...text].length) : text
}

/** RFC 5229 §4.1.3: other letters than those of ASCII are left as they are. */
const lower = (text: string) => text.replace(/[A-Z]+/g, (run) => run.toLowerCase())
const upper = (text: string) => text.replace(/[a-z]+/g, (run) => run.toUpperCase())

/** All but the unreserved characters of RFC 3986 §2.3. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** RFC 5229 §5; an empty string does not count. */
export const stringTest = defineTest({
  name: 'string',
  extensions: ['variables'],
  tags: matching,
  positional: { source: strings, keys: strings },
  check: checkMatching,
  evaluate({ source, keys, ...tags }, run) {
    const counted = tags.match?.tag === 'count' ? source.filter((text) => text !== '') : source
    return matchAny(run, tags, counted, keys)
  },
})
