// What is wrong with the restriction lists: words that do not exist, wrong arguments, and lists that would let everybody relay.

import type { Problem } from '../problems.ts'
import type { Settings } from '../table.ts'
import { type Classes, type ListEntry, type ListPlace, parseClasses, parseList } from './grammar.ts'
import { type ClassEntries, createNestingJudge } from './nesting.ts'
import type { WordName } from './words.ts'
import { staticAction, writtenResultFault } from './written-results.ts'

const placeOfList = {
  smtpdClientRestrictions: 'client',
  smtpdHeloRestrictions: 'helo',
  smtpdSenderRestrictions: 'sender',
  smtpdRelayRestrictions: 'relay',
  smtpdRecipientRestrictions: 'recipient',
  smtpdDataRestrictions: 'data',
  smtpdEndOfDataRestrictions: 'endOfData',
  submissionClientRestrictions: 'client',
  submissionHeloRestrictions: 'helo',
  submissionSenderRestrictions: 'sender',
  submissionRelayRestrictions: 'relay',
  submissionRecipientRestrictions: 'recipient',
  submissionDataRestrictions: 'data',
  submissionEndOfDataRestrictions: 'endOfData',
} as const satisfies { readonly [setting: string]: ListPlace }

export type ListSetting = keyof typeof placeOfList
export const listSettings = Object.keys(placeOfList) as readonly ListSetting[]

export type ListSettings = Pick<Settings, ListSetting | 'smtpdRestrictionClasses'>

export function findListFaults(settings: ListSettings): Problem[] {
  const parsed = parseClasses(settings.smtpdRestrictionClasses)
  if (parsed.kind === 'fault') return [fault(['smtpdRestrictionClasses'], parsed.reason)]
  const { classes } = parsed
  const isClass = (name: string) => classes.has(name)
  const problems: Problem[] = []
  const classEntries = new Map<string, readonly ListEntry[]>()
  for (const [name, text] of classes) {
    const list = parseList(text, 'class', isClass)
    if (list.kind === 'fault') {
      problems.push(fault(['smtpdRestrictionClasses'], `${name}: ${list.reason}`))
    } else classEntries.set(name, list.entries)
  }
  const lists = new Map<ListSetting, readonly ListEntry[]>()
  for (const setting of listSettings) {
    const list = parseList(settings[setting], placeOfList[setting], isClass)
    if (list.kind === 'fault') problems.push(fault([setting], list.reason))
    else lists.set(setting, list.entries)
  }
  if (problems.length > 0) return problems
  const nestingFault = createNestingJudge(classEntries)
  const faultOf = (entries: readonly ListEntry[]) =>
    nestingFault(entries) ?? writtenResultFault(entries, isClass)
  for (const entries of classEntries.values()) {
    const reason = faultOf(entries)
    if (reason !== undefined) return [fault(['smtpdRestrictionClasses'], reason)]
  }
  for (const [setting, entries] of lists) {
    const reason = faultOf(entries)
    if (reason !== undefined) return [fault([setting], reason)]
  }
  for (const listeners of ['smtpd', 'submission'] as const) {
    const deciding = [`${listeners}RelayRestrictions`, `${listeners}RecipientRestrictions`] as const
    const isSafe = deciding.some((name) => refusesStrangers(lists.get(name) ?? [], classEntries))
    if (!isSafe) problems.push(fault(deciding, openRelay))
  }
  return problems
}

/** A word by which a table could let relay whoever claims what it permits. */
export type RelayByClaim = { readonly setting: ListSetting; readonly word: WordName }

/** What a client says of itself, and nobody looks into. */
const claims: ReadonlySet<WordName> = new Set(['check_helo_access', 'check_sender_access'])

/** Of lists that were judged: of each listener's first that refuses strangers, whatever asks a table about a claim before it does. */
export function findRelayByClaim(settings: ListSettings): readonly RelayByClaim[] {
  const classes = classesOf(settings.smtpdRestrictionClasses)
  const entriesIn = (text: string, place: ListPlace) => {
    const list = parseList(text, place, (name) => classes.has(name))
    return list.kind === 'list' ? list.entries : []
  }
  const classEntries = new Map([...classes].map(([name, text]) => [name, entriesIn(text, 'class')]))
  return (['smtpd', 'submission'] as const).flatMap((listeners) => {
    const lists = [`${listeners}RelayRestrictions`, `${listeners}RecipientRestrictions`] as const
    for (const setting of lists) {
      const entries = entriesIn(settings[setting], placeOfList[setting])
      if (!refusesStrangers(entries, classEntries)) continue
      const end = entries.findIndex((_, i) =>
        refusesStrangers(entries.slice(0, i + 1), classEntries),
      )
      return entries
        .slice(0, end)
        .flatMap((entry) =>
          entry.kind === 'word' && claims.has(entry.word) ? [{ setting, word: entry.word }] : [],
        )
    }
    return []
  })
}

const openRelay =
  'one of them must refuse strangers who want to send elsewhere, or this server relays for everybody; write reject_unauth_destination, reject or defer where no permit stands before that is open to everybody'

const fault = (keys: readonly string[], reason: string): Problem => ({
  kind: 'conflict',
  keys,
  reason,
})

const refusing: ReadonlySet<WordName> = new Set([
  'reject',
  'defer',
  'defer_if_permit',
  'reject_unauth_destination',
  'defer_unauth_destination',
])

/** What a stranger can come by: a certificate of some authority, a word in HELO. */
const openToAll: ReadonlySet<WordName> = new Set([
  'permit',
  'permit_naked_ip_address',
  'permit_tls_all_clientcerts',
])

type Outcome = 'refused' | 'let through' | 'undecided'

/** As Postfix's own check, which a plain permit before ends; what only warns refuses nobody. */
function refusesStrangers(list: readonly ListEntry[], classes: ClassEntries): boolean {
  const known = new Map<string, Outcome>()

  function outcome(entries: readonly ListEntry[]): Outcome {
    for (const entry of entries) {
      if (entry.kind === 'class') {
        const found = ofClass(entry.name)
        if (found === 'let through' || (found === 'refused' && !entry.warnOnly)) return found
      } else if (openToAll.has(entry.word) || permitsWhoever(entry)) {
        return 'let through'
      } else if (refusing.has(entry.word) && !entry.warnOnly) {
        return 'refused'
      }
    }
    return 'undecided'
  }

  /** Once each, as results may name classes in which they stand. */
  function ofClass(name: string): Outcome {
    const before = known.get(name)
    if (before !== undefined) return before
    known.set(name, 'undecided')
    const found = outcome(classes.get(name) ?? [])
    known.set(name, found)
    return found
  }

  /** `static:OK`, and `static:` with a list that lets everybody through. */
  function permitsWhoever(entry: ListEntry): boolean {
    const action = staticAction(entry)
    if (action?.kind !== 'restrictions')
      return action?.kind === 'permit' || action?.kind === 'empty'
    const named = parseList(action.text, 'class', (name) => classes.has(name))
    return named.kind === 'list' && outcome(named.entries) === 'let through'
  }

  return outcome(list) === 'refused'
}

/** Of a setting that was judged. */
export function classesOf(smtpdRestrictionClasses: string): Classes {
  const parsed = parseClasses(smtpdRestrictionClasses)
  if (parsed.kind === 'fault') throw new Error(parsed.reason)
  return parsed.classes
}
