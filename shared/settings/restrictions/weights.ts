// What weighing (services/policy/weight) is set by: DNS lists with what a hit and a miss count, and the points of each check. Names and
// numbers are policyd-weight's, so that what was tuned there can be carried over.

import type { Kind } from '../setting.ts'
import { DNS_LIST_ALLOWED, type DnsList, parseDnsList } from './dns-list-filter.ts'

export type WeighedList = {
  readonly list: DnsList
  readonly hit: number
  readonly miss: number
  /** In the header and the log; one with `DYN` in it is of dial-up clients. */
  readonly name: string
}

export type Score = { readonly hit: number; readonly miss: number }

/** As policyd-weight 0.1.15 comes, by its names without `_score`. */
export const debianScores = {
  client_ip_eq_helo: { hit: 1.5, miss: -1.25 },
  helo: { hit: 1.5, miss: -2 },
  helo_from_mx_eq_ip: { hit: 1.5, miss: -3.1 },
  helo_numeric: { hit: 2.5, miss: 0 },
  from_match_regex_verified_helo: { hit: 1, miss: -2 },
  from_match_regex_unverified_helo: { hit: 1.6, miss: -1.5 },
  from_match_regex_failed_helo: { hit: 2.5, miss: 0 },
  helo_seems_dialup: { hit: 1.5, miss: 0 },
  failed_helo_seems_dialup: { hit: 2, miss: 0 },
  helo_ip_in_client_subnet: { hit: 0, miss: -1.2 },
  helo_ip_in_cl16_subnet: { hit: 0, miss: -0.41 },
  client_seems_dialup: { hit: 3.75, miss: 0 },
  from_multiparted: { hit: 1.09, miss: 0 },
  from_anon: { hit: 1.17, miss: 0 },
  bogus_mx: { hit: 2.1, miss: 0 },
  random_sender: { hit: 0.25, miss: 0 },
  rhsbl_penalty: { hit: 3.1, miss: 0 },
  enforce_dyndns: { hit: 3, miss: 0 },
} as const satisfies { readonly [name: string]: Score }

type ScoreName = keyof typeof debianScores
export type Scores = { readonly [name in ScoreName]: Score }

const LISTS_MAX = 50
const POINTS = /^-?[0-9]{1,4}(?:\.[0-9]{1,4})?$/
const NAME = /^[A-Za-z0-9_-]{1,40}$/
const FIELDS = 4

/** `zen.spamhaus.org=127.0.0.[2..11] 4.35 0 ZEN, bl.spamcop.net 3.75 -1.5 SPAMCOP` */
export const weighedLists: Kind<readonly WeighedList[]> = {
  name: 'weighed lists',
  allowed: `entries of four words, separated by commas: ${DNS_LIST_ALLOWED}; the points of a hit and of a miss; a name for the log`,
  list: true,
  parse(text) {
    const entries = text.split(',').filter((entry) => entry.trim() !== '')
    const lists = entries.map(parseWeighedList)
    const isSound = lists.length <= LISTS_MAX && lists.every((list) => list !== undefined)
    return isSound ? lists : undefined
  },
  format: (value) =>
    value.map(({ list, hit, miss, name }) => `${list.text} ${hit} ${miss} ${name}`).join(', '),
}

function parseWeighedList(entry: string): WeighedList | undefined {
  const words = entry.trim().split(/\s+/)
  const [listText = '', hitText = '', missText = '', name = ''] = words
  const list = parseDnsList(listText)
  const hit = pointsOf(hitText)
  const miss = pointsOf(missText)
  const isSound = words.length === FIELDS && NAME.test(name)
  if (!isSound || list === undefined || hit === undefined || miss === undefined) return undefined
  return { list, hit, miss, name }
}

/** `helo_numeric=2.5:0 random_sender=0:0`: those that are not named are Debian's. */
export const scorePairs: Kind<Scores> = {
  name: 'scores',
  allowed: `entries name=hit:miss, separated by commas or spaces, with names of ${Object.keys(debianScores).join(', ')}; what is not named is as in Debian's policyd-weight`,
  list: true,
  parse(text) {
    const scores: { [name: string]: Score } = { ...debianScores }
    for (const entry of text.split(/[\s,]+/)) {
      if (entry === '') continue
      const [name = '', pair = '', ...more] = entry.split('=')
      const [hitText = '', missText = '', ...others] = pair.split(':')
      const hit = pointsOf(hitText)
      const miss = pointsOf(missText)
      const isSound = Object.hasOwn(debianScores, name) && more.length + others.length === 0
      if (!isSound || hit === undefined || miss === undefined) return undefined
      scores[name] = { hit, miss }
    }
    // The one place that turns entries into the type: each name of it has its pair.
    return scores as Scores
  },
  format: (value) =>
    Object.entries(value)
      .map(([name, { hit, miss }]) => `${name}=${hit}:${miss}`)
      .join(' '),
}

export const points: Kind<number> = {
  name: 'points',
  allowed: 'a number such as 1 or -3.25, from -9999 to 9999',
  parse: pointsOf,
  format: String,
}

function pointsOf(text: string): number | undefined {
  return POINTS.test(text) ? Number(text) : undefined
}

/** What is said to who is refused: a reply, or what else may be done with him. */
export type WeightAction =
  | { readonly kind: 'reply'; readonly code: number; readonly text: string }
  | { readonly kind: 'defer-if-permit' | 'defer-if-reject'; readonly text: string }
  /** A restriction class judges. */
  | { readonly kind: 'class'; readonly name: string }

const ACTION = /^(?:([45][0-9][0-9])|(DEFER_IF_PERMIT)|(DEFER_IF_REJECT))(?: (.*))?$/i
const CLASS = /^rc:\s*([A-Za-z][A-Za-z0-9_]{0,99})$/i
const ACTION_CHARACTERS_MAX = 400

export const weightAction: Kind<WeightAction> = {
  name: 'action',
  allowed: `a reply code (4xx or 5xx), DEFER_IF_PERMIT or DEFER_IF_REJECT with a text behind it, printable ASCII, at most ${ACTION_CHARACTERS_MAX} characters; or rc: and the name of a restriction class`,
  parse(text) {
    if (text.length > ACTION_CHARACTERS_MAX || !/^[\x20-\x7e]+$/.test(text)) return undefined
    const [, name] = CLASS.exec(text) ?? []
    if (name !== undefined) return { kind: 'class', name }
    const found = ACTION.exec(text)
    if (!found) return undefined
    const [, code, ifPermit, , said = ''] = found
    if (code !== undefined) return { kind: 'reply', code: Number(code), text: said.trim() }
    return { kind: ifPermit ? 'defer-if-permit' : 'defer-if-reject', text: said.trim() }
  },
  format(value) {
    switch (value.kind) {
      case 'class':
        return `rc:${value.name}`
      case 'reply':
        return `${value.code} ${value.text}`.trim()
      case 'defer-if-permit':
        return `DEFER_IF_PERMIT ${value.text}`.trim()
      case 'defer-if-reject':
        return `DEFER_IF_REJECT ${value.text}`.trim()
    }
  },
}
