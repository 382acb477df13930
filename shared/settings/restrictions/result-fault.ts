// What is wrong with a result before it stands in an access table, as an administrator is told.

import { nearestName } from '../nearest.ts'
import { actionNames, parseAction } from './action.ts'
import { parseList } from './grammar.ts'
import { wordNames } from './words.ts'

/** Undefined: nothing. `isClass`: of `smtpdRestrictionClasses`. */
export function resultFault(
  result: string,
  isClass: (name: string) => boolean,
): string | undefined {
  const action = parseAction(result)
  switch (action.kind) {
    case 'empty':
      return 'there is no result; OK, DUNNO and REJECT are some'
    case 'malformed':
      return action.reason
    case 'restrictions':
      return restrictionsFault(action.text, isClass)
    default:
      return undefined
  }
}

function restrictionsFault(text: string, isClass: (name: string) => boolean): string | undefined {
  if (text.includes(':')) {
    return 'a result may ask a further table or service only through a restriction class (smtpdRestrictionClasses)'
  }
  const parsed = parseList(text, 'class', isClass)
  if (parsed.kind === 'list') return undefined
  const word = /^[^\s,]*/.exec(text)?.[0] ?? ''
  const nearest = nearestName(word, [...actionNames, ...wordNames()])
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
  const isFirst = parsed.reason.startsWith(`${word} is no restriction`)
  return isFirst
    ? `${word} is no action, no restriction and no restriction class${hint}`
    : parsed.reason
}

/** `550` alone: a number, and so OK, where a refusal must have been meant. */
export const isBareCode = (result: string) => /^[45]\d\d$/.test(result.trim())
