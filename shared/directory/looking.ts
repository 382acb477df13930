// Addresses looked for in a list: by what they begin with, from some letters on, or by what their accounts are. Where keys lead there the list
// begins there; the rest is looked through, LOOKED_MAX entries at most for one page, which says how far it came.
//
// Implementation notes: places are sort keys and not tokens of the store, since a page may end before what was read for it. What begins with
// two letters or more is found over all domains by the words of local parts, in their order; in some domains, or where an older store has no
// words yet, domain by domain.

import { formatAddress, lookupKey } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import type { Item, Table } from '#shared/storage/ports.ts'
import {
  cursorOf,
  DOMAINS_A_PAGE_MAX,
  domainsFrom,
  type ListOptions,
  type ListPage,
  namesFrom,
  type Place,
  placeOf,
} from './listing.ts'
import { type AddressRecord, addressesPk, addressKey, readAddress } from './records.ts'
import { foldWord, readWord, type WordKind, wordPk, wordsStateKey } from './words.ts'

export type AddressFilter = {
  /** Of one domain. */
  readonly domain?: Domain | undefined
  /** What the local part begins with; with a `domain` it is all of the local part, '' for the catch-all, and the domain begins so. */
  readonly prefix?: { readonly local: string; readonly domain: string | null } | undefined
  /** Begins there: with these letters of local parts within one domain, else of domains. */
  readonly from?: string | undefined
}

/** `upTo`: the address, or the domain, that was looked at last; null: none. */
export type Looked = { readonly entries: number; readonly upTo: string | null }

export type LookedPage<T> = ListPage<T> & { readonly looked?: Looked }

/** Addresses looked at for one page. */
export const LOOKED_MAX = 2_000
const READ_AT_ONCE = 100
/** Of LOOKED_MAX, besides its addresses: a question to the store. */
const DOMAIN_COSTS = LOOKED_MAX / DOMAINS_A_PAGE_MAX
/** No domain is called so. */
const BY_WORDS = '#'
/** Shorter words have partitions of their own, which those that begin so are not in. */
const WORD_CHARACTERS_MIN = 2

type Step = { readonly record?: AddressRecord; readonly name: string; readonly place: Place }

/** `entriesOf`: what becomes of each, in their order; undefined: it is not wanted. */
export async function lookFor<T>(
  table: Table,
  kind: WordKind,
  { limit, ...options }: ListOptions & AddressFilter,
  entriesOf: (
    records: readonly (AddressRecord | undefined)[],
  ) => Promise<readonly (T | undefined)[]>,
): Promise<LookedPage<T>> {
  const items: T[] = []
  let entries = 0
  let cost = 0
  let upTo: string | null = null
  for await (const steps of await stepsOf(table, kind, options)) {
    const found = await entriesOf(steps.map(({ record }) => record))
    for (const [i, { record, name, place }] of steps.entries()) {
      entries += record === undefined ? 0 : 1
      cost += record === undefined ? DOMAIN_COSTS : 1
      upTo = name
      const one = found[i]
      if (one !== undefined) items.push(one)
      if (items.length < limit && cost < LOOKED_MAX) continue
      return { items, next: cursorOf(place), looked: { entries, upTo } }
    }
  }
  return { items, looked: { entries, upTo } }
}

async function stepsOf(
  table: Table,
  kind: WordKind,
  options: Omit<ListOptions, 'limit'> & AddressFilter,
): Promise<AsyncIterable<readonly Step[]>> {
  const { domain, domains, prefix, after } = options
  const place = placeOf(after ?? '')
  const word = foldWord(prefix?.local ?? '')
  const isEverywhere = domain === undefined && domains === undefined && prefix?.domain === null
  // A list that began one way goes on so.
  const hasWords =
    place === undefined
      ? isEverywhere &&
        Array.from(word).length >= WORD_CHARACTERS_MIN &&
        (await table.get(wordsStateKey)) !== undefined
      : place.from === BY_WORDS
  return hasWords && prefix !== undefined
    ? byWords(table, kind, lookupKey(prefix.local), word, place)
    : byDomains(table, options, place)
}

async function* byDomains(
  table: Table,
  { domain, domains, prefix, from }: AddressFilter & Pick<ListOptions, 'domains'>,
  place: Place | undefined,
): AsyncGenerator<readonly Step[]> {
  const letters = from === undefined ? undefined : lookupKey(from)
  const least = greatest(
    place?.from ?? '',
    prefix?.domain ?? '',
    domain === undefined ? (letters ?? '') : '',
  )
  const these = domain === undefined ? domains && namesFrom(domains, least) : [domain]
  // That page came to the end of it.
  if (domain !== undefined && place !== undefined && place.from > domain) return
  const whole = prefix?.domain
  for await (const name of these ?? domainsFrom(table, least)) {
    if (whole != null && !name.startsWith(whole)) {
      if (domain === undefined && name > whole) return
      continue
    }
    const begins = beginningIn(name, prefix)
    const start =
      place?.from === name && place.after !== null
        ? place.after
        : (begins?.sk ?? (domain !== undefined && letters ? `L#${letters}` : undefined))
    const skipped = place?.from === name ? place.after : null
    for await (const some of itemsFrom(table, addressesPk(name), start)) {
      const isWithin = ({ sk }: Item) =>
        begins === undefined || (begins.isWhole ? sk === begins.sk : sk.startsWith(begins.sk))
      const end = some.findIndex((item) => !isWithin(item))
      yield (end === -1 ? some : some.slice(0, end))
        .filter(({ sk }) => sk !== skipped)
        .map((item) => stepOf(readAddress(item), { from: name, after: item.sk }))
      if (end !== -1) break
    }
    yield [{ name, place: { from: `${name}!`, after: null } }]
  }
}

/** Of local parts alone: other words of an address or of a name begin no address. */
async function* byWords(
  table: Table,
  wanted: WordKind,
  local: string,
  word: string,
  place: Place | undefined,
): AsyncGenerator<readonly Step[]> {
  for await (const some of itemsFrom(table, wordPk(word), place?.after ?? word)) {
    const end = some.findIndex(({ sk }) => !sk.startsWith(word))
    const words = (end === -1 ? some : some.slice(0, end)).flatMap(({ sk }) => {
      const found = sk === place?.after ? undefined : readWord(sk)
      return found === undefined ? [] : { ...found, place: { from: BY_WORDS, after: sk } }
    })
    const isMeant = ({ word: one, target: { kind, local: whole } }: (typeof words)[number]) =>
      kind === wanted && whole.startsWith(local) && one === foldWord(whole)
    const meant = words.filter(isMeant)
    const items = await table.batchGet(
      meant.map(({ target }) => addressKey(target)),
      { consistent: true },
    )
    yield meant.flatMap(({ place: at }, i) => {
      const item = items[i]
      return item === undefined ? [] : stepOf(readAddress(item), at)
    })
    // What of it was no address has been looked at, too.
    const last = words.at(-1)
    if (last !== undefined) yield [{ name: last.word, place: last.place }]
    if (end !== -1) return
  }
}

async function* itemsFrom(
  table: Table,
  pk: string,
  from: string | undefined,
): AsyncGenerator<readonly Item[]> {
  let after: string | undefined
  do {
    const page = await table.query({
      pk,
      ...(from !== undefined && { sk: { from } }),
      limit: READ_AT_ONCE,
      consistent: true,
      ...(after !== undefined && { after }),
    })
    yield page.items
    after = page.next
  } while (after !== undefined)
}

function beginningIn(domain: Domain, prefix: AddressFilter['prefix']) {
  if (prefix === undefined) return undefined
  const { local } = prefix
  if (prefix.domain === null) return { sk: `L#${lookupKey(local)}`, isWhole: false }
  return { sk: addressKey({ local: local === '' ? null : local, domain }).sk, isWhole: true }
}

const stepOf = (record: AddressRecord, place: Place): Step => {
  const { local, domain } = record.name
  return { record, place, name: local === null ? `@${domain}` : formatAddress({ local, domain }) }
}

const greatest = (...texts: readonly string[]) => texts.toSorted().at(-1) ?? ''
