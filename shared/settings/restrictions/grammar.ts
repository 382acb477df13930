// The text of a restriction list, as Postfix writes it: words and their arguments, split at commas and white space; what stands in
// braces is one. `type:table` alone stands for the list's own check_…_access. Whether a list is fit is judged before a server starts
// (list-faults.ts).

import { nearestName } from '../nearest.ts'
import { DNS_LIST_ALLOWED, parseDnsList } from './dns-list-filter.ts'
import { parsePolicyService } from './policy-service.ts'
import { ListFault, splitList } from './split-list.ts'
import { parseTableRef } from './table-ref.ts'
import {
  findWord,
  restrictionWords,
  type WordArgument,
  type WordName,
  wordFacts,
  wordNames,
} from './words.ts'

/** Whose default table check applies, and what a list may be used for. */
export type ListPlace =
  | 'client'
  | 'helo'
  | 'sender'
  | 'relay'
  | 'recipient'
  | 'data'
  | 'endOfData'
  /** Of a class, or in the result of a table: they may stand in any list. */
  | 'class'

export type ListEntry =
  | {
      readonly kind: 'word'
      readonly word: WordName
      readonly argument: string
      readonly warnOnly: boolean
      /** As it stands in the list, for log, explanations and the decision record. */
      readonly text: string
    }
  | {
      readonly kind: 'class'
      readonly name: string
      readonly warnOnly: boolean
      readonly text: string
    }

export type ParsedList =
  | { readonly kind: 'list'; readonly entries: readonly ListEntry[] }
  | { readonly kind: 'fault'; readonly reason: string }

export const LIST_ENTRIES_MAX = 1_000

const tableChecks: { readonly [Place in ListPlace]?: WordName } = {
  client: 'check_client_access',
  helo: 'check_helo_access',
  sender: 'check_sender_access',
  relay: 'check_recipient_access',
  recipient: 'check_recipient_access',
}

/** `isClass`: what else than a word may be named. */
export function parseList(
  text: string,
  place: ListPlace,
  isClass: (name: string) => boolean,
): ParsedList {
  try {
    return { kind: 'list', entries: entriesOf(splitList(text), place, isClass) }
  } catch (error) {
    if (error instanceof ListFault) return { kind: 'fault', reason: error.message }
    throw error
  }
}

function entriesOf(
  tokens: readonly string[],
  place: ListPlace,
  isClass: (name: string) => boolean,
): readonly ListEntry[] {
  const entries: ListEntry[] = []
  let warnOnly = false
  for (let i = 0; i < tokens.length; i += 1) {
    const token = tokens[i] ?? ''
    if (token.toLowerCase() === 'warn_if_reject') {
      if (warnOnly || i + 1 === tokens.length)
        throw new ListFault('warn_if_reject stands before a restriction')
      warnOnly = true
      continue
    }
    const named = nameWord(token, place)
    if (named !== undefined) {
      const { argument } = wordFacts(named.word)
      const given = named.argument ?? (argument === 'none' ? '' : tokens[++i])
      if (given === undefined) throw new ListFault(`${token} needs ${argumentTexts[argument]}`)
      checkArgument(named.word, given)
      const shown = named.argument === undefined && given !== '' ? `${token} ${given}` : token
      entries.push({ kind: 'word', ...named, argument: given, warnOnly, text: shown })
    } else if (isClass(token)) {
      entries.push({ kind: 'class', name: token, warnOnly, text: token })
    } else if (token.startsWith('#')) {
      throw new ListFault(
        '# begins no comment within quotes: write a list as [ "permit_mynetworks", "reject" ], with comments between its entries',
      )
    } else {
      const nearest = nearestName(token, wordNames())
      const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
      throw new ListFault(`${token} is no restriction and no restriction class${hint}`)
    }
    warnOnly = false
    if (entries.length > LIST_ENTRIES_MAX)
      throw new ListFault(`more than ${LIST_ENTRIES_MAX} entries`)
  }
  return entries
}

/** A word, or a table alone. */
function nameWord(
  token: string,
  place: ListPlace,
): { readonly word: WordName; readonly argument?: string } | undefined {
  const word = findWord(token)
  if (word !== undefined) return { word }
  if (!/^[A-Za-z]+:/.test(token)) return undefined
  const check = tableChecks[place]
  if (check === undefined) throw new ListFault(`${token} needs a check_…_access before it here`)
  return { word: check, argument: token }
}

const argumentTexts: { readonly [Argument in WordArgument]: string } = {
  none: 'nothing',
  table: 'a table such as table:clients behind it',
  zone: 'a DNS list such as zen.spamhaus.org behind it',
  service: 'a policy server such as inet:127.0.0.1:10023, or policyd-weight or postgrey, behind it',
  seconds: 'a number of seconds behind it',
}

export const SLEEP_SECONDS_MAX = 60

function checkArgument(word: WordName, argument: string): void {
  const reason = faults[restrictionWords[word].argument](argument)
  if (reason !== undefined) throw new ListFault(`${word} ${argument}: ${reason}`)
}

const faults: { readonly [Argument in WordArgument]: (text: string) => string | undefined } = {
  none: () => undefined,
  table(text) {
    const ref = parseTableRef(text)
    return typeof ref === 'string' ? ref : undefined
  },
  zone: (text) =>
    parseDnsList(text) === undefined ? `no DNS list; write ${DNS_LIST_ALLOWED}` : undefined,
  service(text) {
    try {
      parsePolicyService(text)
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  },
  seconds: (text) =>
    /^\d{1,2}$/.test(text) && Number(text) <= SLEEP_SECONDS_MAX
      ? undefined
      : `a whole number of at most ${SLEEP_SECONDS_MAX} seconds is wanted`,
}

export type Classes = ReadonlyMap<string, string>

export type ParsedClasses =
  | { readonly kind: 'classes'; readonly classes: Classes }
  | { readonly kind: 'fault'; readonly reason: string }

const CLASS_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,99}$/

/** `name={ restrictions } name={ … }`. */
export function parseClasses(text: string): ParsedClasses {
  const classes = new Map<string, string>()
  try {
    for (const token of splitList(text)) {
      const brace = token.indexOf('={')
      const name = token.slice(0, Math.max(0, brace))
      if (!CLASS_NAME.test(name) || !token.endsWith('}'))
        throw new ListFault(`${token} is not name={ restrictions }`)
      if (findWord(name) !== undefined) throw new ListFault(`${name} is a restriction already`)
      if (classes.has(name)) throw new ListFault(`${name} stands there twice`)
      classes.set(name, token.slice(brace + 2, -1).trim())
    }
    return { kind: 'classes', classes }
  } catch (error) {
    if (error instanceof ListFault) return { kind: 'fault', reason: error.message }
    throw error
  }
}
