// What the console writes for somebody who knows no Sieve: simple rules, and a reply while away. Each is a script of the account like any
// other, to be seen and read. Since only one script is active, a third one includes them (RFC 6609), and behind them the script that was active
// before; where neither is left, that one is active again, and of an account without any nobody pays for filtering.
//
//   postwolke-rules    simple rules (rules.ts)
//   postwolke-away     the reply (away.ts)
//   postwolke          includes those that are on, and the owner's own
//
// Rejected: one script with a part for each, in which nobody could tell what the console wrote and what its owner.
//
// Implementation notes: the scripts are put one after the other, the one that includes them last. After a crash between two of them each is
// whole, and the same change may be made again.

import { formatAddress } from '#shared/mail/address.ts'
import { printString } from '#shared/sieve/language/print.ts'
import type { AdministrationDeps } from '../deps.ts'
import type { Fields } from '../fields.ts'
import {
  type BadValue,
  badValue,
  type Exists,
  type NoSuchScript,
  ok,
  type Parsed,
  type ScriptIsActive,
} from '../refusals.ts'
import type { Away } from './away.ts'
import { type FoundOwner, findOwner } from './owner.ts'
import type { SimpleRule } from './rules.ts'
import type { NoOwner, NotPut, ScriptAdministration } from './scripts.ts'

export interface FilterAdministration {
  show(address: string): Promise<FiltersShown | NoOwner>
  /** None: what they did ends. */
  setRules(request: SetRules): Promise<FiltersShown | NotSet>
  setAway(request: SetAway): Promise<FiltersShown | NotSet>
}

export type NotSet = NotPut | Exists | NoSuchScript | ScriptIsActive

export type SetRules = { readonly address: string; readonly rules: readonly SimpleRule[] }
export type SetAway = { readonly address: string; readonly isOn: boolean; readonly away: Away }

export type FiltersShown = {
  readonly kind: 'filters'
  readonly address: string
  /** The script that decides; null: none. */
  readonly active: string | null
  /** Of what decides the script that the console did not write. */
  readonly own: string | null
  /** Null: somebody wrote into the script by hand. */
  readonly rules: readonly SimpleRule[] | null
  readonly rulesAreOn: boolean
  /** Null: there is none yet, or somebody wrote into the script by hand. */
  readonly away: Away | null
  readonly awayIsOn: boolean
  readonly awayIsByHand: boolean
  /** Of the scripts that were read; null: it is not there. */
  readonly versions: readonly (number | null)[]
}

export const RULES_SCRIPT = 'postwolke-rules'
export const AWAY_SCRIPT = 'postwolke-away'
export const ENTRY_SCRIPT = 'postwolke'

export const RULES_MAX = 100
export const RULE_TEXT_CHARACTERS_MAX = 200
export const AWAY_TEXT_CHARACTERS_MAX = 10_000
export const AWAY_ADDRESSES_MAX = 20

/** What is on, and the script behind it. */
type Arrangement = {
  readonly rules: boolean
  readonly away: boolean
  readonly own: string | null
}

export function createFilterAdministration(
  deps: Pick<AdministrationDeps, 'directory'>,
  fields: Fields,
  scripts: ScriptAdministration,
): FilterAdministration {
  const store = deps.directory.scripts

  async function stateOf(found: FoundOwner): Promise<State> {
    const [{ readRules, syntaxOf, firstString, withLineEnds }, { readAway }] = await Promise.all([
      import('./rules.ts'),
      import('./away.ts'),
    ])
    const catalogue = await store.catalogue(found.owner)
    const stored = await Promise.all(
      [RULES_SCRIPT, AWAY_SCRIPT, ENTRY_SCRIPT].map((name) => store.read(found.owner, name)),
    )
    const [rules, away, entry] = stored.map((one) => one && Buffer.from(one.text).toString('utf8'))
    const { active } = catalogue
    const included = syntaxOf(entry ?? '')?.flatMap(({ name, arguments: args }) =>
      name === 'include' ? [firstString(args.at(-1)) ?? ''] : [],
    )
    const written = included && arrangementOf(included)
    const isOurs = written !== undefined && entryText(written) === withLineEnds(entry ?? '')
    const now =
      active === ENTRY_SCRIPT && isOurs
        ? written
        : arrangementOf(active === null || active === ENTRY_SCRIPT ? [] : [active])
    return {
      active,
      now,
      entryIsByHand: entry !== undefined && !isOurs,
      rules: rules === undefined ? [] : (readRules(rules) ?? null),
      away: away === undefined ? undefined : (readAway(away) ?? null),
      versions: stored.map((one) => one?.version ?? null),
    }
  }

  async function shown(found: FoundOwner): Promise<FiltersShown> {
    const { active, now, rules, away, versions } = await stateOf(found)
    return {
      kind: 'filters',
      address: found.address ?? '',
      active,
      own: now.own,
      rules,
      rulesAreOn: now.rules,
      away: away ?? null,
      awayIsOn: now.away,
      awayIsByHand: away === null,
      versions,
    }
  }

  async function findAccountOwner(address: string): Promise<FoundOwner | NoOwner> {
    const found = await findOwner(deps, fields, address)
    if (found.kind !== 'found' || found.owner !== null) return found
    return found.gone
  }

  /** One part has its text and is on or off; the others stay. */
  async function change(
    found: FoundOwner,
    part: { readonly name: string; readonly text: string | null },
    on: Partial<Arrangement>,
  ): Promise<FiltersShown | NotSet> {
    const owner = found.address ?? ''
    const state = await stateOf(found)
    const isByHand = part.name === RULES_SCRIPT ? state.rules === null : state.away === null
    if (isByHand) return { kind: 'exists', field: 'script', value: part.name }
    if (state.entryIsByHand) return { kind: 'exists', field: 'script', value: ENTRY_SCRIPT }
    if (part.text !== null) {
      const put = await scripts.put({ owner, name: part.name, text: Buffer.from(part.text) })
      if (put.kind !== 'put') return put
    }
    const next = { ...state.now, ...on }
    const arranged = await arrange(owner, state.active, next)
    if (arranged !== undefined) return arranged
    if (part.text === null) await scripts.remove({ owner, name: part.name })
    return await shown(found)
  }

  /** Undefined: it was done. */
  async function arrange(
    owner: string,
    active: string | null,
    next: Arrangement,
  ): Promise<NotSet | undefined> {
    if (!next.rules && !next.away) {
      const isGone = next.own !== null && !(await has(owner, next.own))
      const name = isGone ? null : next.own
      const done = name === active ? undefined : await scripts.activate({ owner, name })
      if (done !== undefined && done.kind !== 'activated') return done
      // It would say nothing.
      await scripts.remove({ owner, name: ENTRY_SCRIPT })
      return undefined
    }
    const text = Buffer.from(entryText(next))
    const put = await scripts.put({
      owner,
      name: ENTRY_SCRIPT,
      text,
      activate: active !== ENTRY_SCRIPT,
    })
    return put.kind === 'put' ? undefined : put
  }

  async function has(owner: string, name: string): Promise<boolean> {
    const listed = await scripts.list(owner)
    return listed.kind === 'scripts' && listed.scripts.some((script) => script.name === name)
  }

  return {
    async show(address) {
      const found = await findAccountOwner(address)
      return found.kind === 'found' ? await shown(found) : found
    },

    async setRules({ address, rules }) {
      const parsed = parseRules(rules, fields)
      if (parsed.kind !== 'ok') return parsed
      const found = await findAccountOwner(address)
      if (found.kind !== 'found') return found
      const { rulesText } = await import('./rules.ts')
      const isOn = rules.length > 0
      const text = isOn ? rulesText(parsed.value) : null
      return await change(found, { name: RULES_SCRIPT, text }, { rules: isOn })
    },

    async setAway({ address, isOn, away }) {
      const parsed = parseAway(away, fields)
      if (parsed.kind !== 'ok') return parsed
      const found = await findAccountOwner(address)
      if (found.kind !== 'found') return found
      const { awayText } = await import('./away.ts')
      return await change(
        found,
        { name: AWAY_SCRIPT, text: awayText(parsed.value) },
        { away: isOn },
      )
    },
  }
}

type State = {
  readonly active: string | null
  readonly now: Arrangement
  readonly entryIsByHand: boolean
  readonly rules: readonly SimpleRule[] | null
  /** Undefined: there is none. Null: it is written by hand. */
  readonly away: Away | null | undefined
  readonly versions: readonly (number | null)[]
}

/** Scripts in the order in which they are included. */
const arrangementOf = (included: readonly string[]): Arrangement => ({
  rules: included.includes(RULES_SCRIPT),
  away: included.includes(AWAY_SCRIPT),
  own: included.find((name) => name !== RULES_SCRIPT && name !== AWAY_SCRIPT) ?? null,
})

function entryText({ rules, away, own }: Arrangement): string {
  const lines = [
    ...(rules ? [RULES_SCRIPT] : []),
    ...(away ? [AWAY_SCRIPT] : []),
    ...(own === null ? [] : [own]),
  ].map((name) => `include :personal :optional ${printString(name)};\r\n`)
  return `${entryHead}require ["include"];\r\n\r\n${lines.join('')}`
}

const entryHead =
  '# What the console wrote, and behind it the script that was active before. It is written\r\n# anew whenever something of it is turned on or off.\r\n'

/** Addresses as they are read: in full. */
function parseRules(rules: readonly SimpleRule[], fields: Fields): Parsed<readonly SimpleRule[]> {
  const max = RULES_MAX
  if (rules.length > max) return badValue('rules', '', { name: 'rule-count', max })
  const parsed: SimpleRule[] = []
  for (const rule of rules) {
    const { contains, action } = rule
    const texts = [contains, ...(action.kind === 'file' ? [action.folder] : [])]
    const wrong = texts.find((text) => !isLine(text, RULE_TEXT_CHARACTERS_MAX))
    if (wrong !== undefined) return badLine('rules', wrong)
    if (action.kind !== 'forward') {
      parsed.push(rule)
      continue
    }
    const targets = fields.targets([action.to])
    if (targets.kind !== 'ok') return targets
    const [target, ...more] = targets.value
    if (target === undefined || more.length > 0) {
      return badValue('targets', action.to, { name: 'mail-address', lacksDomain: false })
    }
    parsed.push({ ...rule, action: { ...action, to: formatAddress(target) } })
  }
  return ok(parsed)
}

function parseAway(away: Away, fields: Fields): Parsed<Away> {
  const { from, until, subject, text, addresses } = away
  for (const [field, day] of [
    ['from', from],
    ['until', until],
  ] as const) {
    if (day !== null && !isDay(day)) return badValue(field, day, { name: 'date' })
  }
  // As texts days have the order of time.
  if (from !== null && until !== null && until < from) {
    return badValue('until', until, { name: 'date' })
  }
  if (subject !== '' && !isLine(subject, RULE_TEXT_CHARACTERS_MAX))
    return badLine('subject', subject)
  const charactersMax = AWAY_TEXT_CHARACTERS_MAX
  if (text.trim() === '' || text.length > charactersMax || text.includes('\0')) {
    return badValue('text', '', { name: 'text', charactersMax })
  }
  const max = AWAY_ADDRESSES_MAX
  const targets = fields.targets(addresses)
  if (targets.kind !== 'ok') return targets
  if (targets.value.length > max) return badValue('targets', '', { name: 'forward-count', max })
  return ok({
    ...away,
    addresses: targets.value.map(formatAddress),
    text: text.replaceAll('\r\n', '\n').replaceAll('\r', '\n'),
  })
}

const isLine = (text: string, charactersMax: number) =>
  text.trim() !== '' && text.length <= charactersMax && !/\p{Cc}/u.test(text) && text.isWellFormed()

const badLine = (field: 'rules' | 'subject', value: string): BadValue =>
  badValue(field, value, { name: 'one-line', charactersMax: RULE_TEXT_CHARACTERS_MAX })

/** The calendar has it. */
function isDay(text: string): boolean {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text)
}
