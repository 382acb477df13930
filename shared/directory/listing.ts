// Listings page by page, for those who cannot hold a stream open between two questions: an HTTP API, a list that is looked through.
// Domains come in the order of their names, addresses domain by domain.

import type { Domain } from '#shared/mail/domain.ts'
import { SORT_KEY_BYTES_MAX, type Table } from '#shared/storage/ports.ts'
import { allItems } from './pages.ts'
import {
  type AddressRecord,
  addressesPk,
  type DomainRecord,
  domainKey,
  domainsPk,
  readAddress,
  readDomain,
} from './records.ts'

/** Where a listing goes on. Opaque; what was added or removed meanwhile is there or not. */
export type ListCursor = string & { readonly __brand: 'ListCursor' }

export type ListOptions = {
  readonly after?: ListCursor | undefined
  /** Entries a page at most; a page may hold fewer, even none, and still have a `next`. */
  readonly limit: number
  /** Of these domains alone; those that are not there are left out. */
  readonly domains?: readonly Domain[] | undefined
}

export type ListPage<T> = { readonly items: readonly T[]; readonly next?: ListCursor }

/** Domains looked into for one page, however few addresses they have. */
export const DOMAINS_A_PAGE_MAX = 100

/** `from`: the least name of a domain to look at. `after`: where to go on in the domain of just that name. */
export type Place = { readonly from: string; readonly after: string | null }

/** Less than any character of a domain name: behind the domain itself, before all that begin with it. */
const behind = (domain: Domain): Place => ({ from: `${domain}!`, after: null })

export const cursorOf = ({ from, after }: Place): ListCursor =>
  Buffer.from(JSON.stringify([from, after])).toString('base64url') as ListCursor

/** Undefined for what is no cursor of ours. */
export function parseListCursor(text: string): ListCursor | undefined {
  return placeOf(text) === undefined ? undefined : (text as ListCursor)
}

export function placeOf(cursor: string): Place | undefined {
  try {
    const [from, after]: readonly unknown[] = JSON.parse(
      Buffer.from(cursor, 'base64url').toString('utf8'),
    )
    return isKeyText(from) && (after === null || isKeyText(after)) ? { from, after } : undefined
  } catch {
    return undefined
  }
}

/** What the store takes no key of was in no cursor of ours. */
const isKeyText = (text: unknown): text is string =>
  typeof text === 'string' &&
  text !== '' &&
  text.isWellFormed() &&
  !text.includes('\0') &&
  Buffer.byteLength(text) <= SORT_KEY_BYTES_MAX

const start: Place = { from: '', after: null }

export async function pageOfDomains(
  table: Table,
  { after, limit, domains: only }: ListOptions,
): Promise<ListPage<DomainRecord>> {
  const { from } = placeOf(after ?? '') ?? start
  if (only !== undefined) return await pageOfThese(table, namesFrom(only, from), limit)
  const { items, next } = await table.query({
    pk: domainsPk,
    ...beginningAt(from),
    limit,
    consistent: true,
  })
  const domains = items.map(readDomain)
  const last = domains.at(-1)
  const goesOn = next !== undefined && last !== undefined
  return { items: domains, ...(goesOn && { next: cursorOf(behind(last.domain)) }) }
}

async function pageOfThese(
  table: Table,
  names: readonly Domain[],
  limit: number,
): Promise<ListPage<DomainRecord>> {
  const wanted = names.slice(0, limit)
  const items = await table.batchGet(wanted.map(domainKey), { consistent: true })
  const last = wanted.at(-1)
  return {
    items: items.flatMap((item) => (item === undefined ? [] : [readDomain(item)])),
    ...(last !== undefined && names.length > limit && { next: cursorOf(behind(last)) }),
  }
}

export const namesFrom = (names: readonly Domain[], from: string) =>
  [...new Set(names)].filter((name) => name >= from).sort()

/** Of one domain, of some, or of all. */
export async function pageOfAddresses(
  table: Table,
  { domain, domains, after, limit }: ListOptions & { readonly domain?: Domain | undefined },
): Promise<ListPage<AddressRecord>> {
  const place = placeOf(after ?? '') ?? start
  const found: AddressRecord[] = []
  let visited = 0
  const these = domain === undefined ? domains && namesFrom(domains, place.from) : [domain]
  for await (const name of these ?? domainsFrom(table, place.from)) {
    // The domain that the page before ended in may be gone.
    const within = place.after !== null && place.from === name ? { after: place.after } : {}
    const page = await table.query({
      pk: addressesPk(name),
      limit: limit - found.length,
      consistent: true,
      ...within,
    })
    found.push(...page.items.map(readAddress))
    const goesOn = page.next === undefined ? behind(name) : { from: name, after: page.next }
    const isLast = domain !== undefined && page.next === undefined
    if (isLast) break
    visited++
    const isFull = found.length === limit || visited === DOMAINS_A_PAGE_MAX
    if (isFull || page.next !== undefined) return { items: found, next: cursorOf(goesOn) }
  }
  return { items: found }
}

export async function* domainsFrom(table: Table, from: string): AsyncGenerator<Domain> {
  const query = { pk: domainsPk, ...beginningAt(from), limit: DOMAINS_A_PAGE_MAX }
  for await (const item of allItems(table, query)) yield readDomain(item).domain
}

/** An empty text is no key of DynamoDB. */
const beginningAt = (from: string) => (from === '' ? {} : { sk: { from } })
