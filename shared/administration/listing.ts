// Listings page by page: what is asked for, checked.

import type { Directory } from '#shared/directory/directory.ts'
import { type ListCursor, parseListCursor } from '#shared/directory/listing.ts'
import type { AddressFilter, Looked } from '#shared/directory/looking.ts'
import type { Domain } from '#shared/mail/domain.ts'
import { parseOwnDomain } from './fields.ts'
import { type BadValue, badValue, type NoSuchDomain, ok } from './refusals.ts'
import type { Extent } from './rights/actor.ts'

/** `next`: `after` of the next page; undefined where this is the last. A page may hold fewer entries than asked for. */
export type Listed<T> = {
  readonly kind: 'page'
  readonly items: readonly T[]
  readonly next: string | undefined
  /** Where something was looked for: how far, for this page. */
  readonly looked?: Looked | undefined
}

export type ListRequest = {
  /** Only of this domain. */
  readonly domain?: string | undefined
  /** Of accounts and aliases: what the address begins with. */
  readonly q?: string | undefined
  /** The same lists begin there: with these letters of addresses within `domain`, else of domains. Without `q`. */
  readonly from?: string | undefined
  /** `next` of the page before. */
  readonly after?: string | undefined
  readonly limit?: number | undefined
  /** What of it whoever asks may see; default: all. */
  readonly within?: Extent | undefined
}

/** Entries of a page, unless asked for others. */
export const PAGE_ENTRIES = 100
export const PAGE_ENTRIES_MAX = 1_000

type Options = {
  readonly domain?: Domain
  readonly prefix?: AddressFilter['prefix']
  readonly from?: string
  readonly domains?: readonly Domain[]
  readonly after?: ListCursor
  readonly limit: number
}

export async function parseListRequest(
  { domain: text, after: cursor, limit = PAGE_ENTRIES, within, q, from }: ListRequest,
  { domains }: Pick<Directory, 'domains'>,
): Promise<{ readonly kind: 'ok'; readonly value: Options } | BadValue | NoSuchDomain> {
  const domain = text === undefined ? undefined : parseOwnDomain(text)
  if (domain?.kind === 'bad-value') return domain
  const after = cursor === undefined ? undefined : parseListCursor(cursor)
  if (cursor !== undefined && after === undefined) {
    return badValue('after', cursor, { name: 'cursor' })
  }
  const words = [
    ['search', q],
    ['from', from],
  ] as const
  for (const [field, value] of words) {
    if (value !== undefined && !isLine(value)) {
      return badValue(field, value, { name: 'one-line', charactersMax: LOOKED_FOR_CHARACTERS_MAX })
    }
  }
  const seen = within?.kind === 'domains' ? within.domains : undefined
  // Out of sight is as if it were not there.
  const isSeen = domain === undefined || seen === undefined || seen.includes(domain.value)
  if (domain !== undefined && (!isSeen || (await domains.get(domain.value)) === undefined)) {
    return noSuchDomain(text ?? '')
  }
  return ok({
    limit: Math.min(Math.max(1, Math.trunc(limit)), PAGE_ENTRIES_MAX),
    ...(domain && { domain: domain.value }),
    ...(seen && { domains: seen }),
    ...(after && { after }),
    ...(q && { prefix: prefixOf(q) }),
    ...(from && { from }),
  })
}

/** An address has no more. */
const LOOKED_FOR_CHARACTERS_MAX = 320

const isLine = (text: string) =>
  text.length <= LOOKED_FOR_CHARACTERS_MAX && text.isWellFormed() && !/\p{Cc}/u.test(text)

function prefixOf(text: string) {
  const at = text.lastIndexOf('@')
  if (at === -1) return { local: text, domain: null }
  return { local: text.slice(0, at), domain: text.slice(at + 1).toLowerCase() }
}

/** Whether what is asked for has to be looked for. */
export const isFiltered = ({ prefix, from }: Options) => prefix !== undefined || from !== undefined

export const noSuchDomain = (text: string): NoSuchDomain => ({
  kind: 'no-such-domain',
  field: 'domain',
  value: text,
  domain: text,
})
