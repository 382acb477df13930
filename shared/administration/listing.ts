// Listings page by page: what is asked for, checked.

import type { Directory } from '#shared/directory/directory.ts'
import { type ListCursor, parseListCursor } from '#shared/directory/listing.ts'
import type { Domain } from '#shared/mail/domain.ts'
import { parseOwnDomain } from './fields.ts'
import { type BadValue, badValue, type NoSuchDomain, ok } from './refusals.ts'

/** `next`: `after` of the next page; undefined where this is the last. A page may hold fewer entries than asked for. */
export type Listed<T> = {
  readonly kind: 'page'
  readonly items: readonly T[]
  readonly next: string | undefined
}

export type ListRequest = {
  /** Only of this domain. */
  readonly domain?: string | undefined
  /** `next` of the page before. */
  readonly after?: string | undefined
  readonly limit?: number | undefined
}

/** Entries of a page, unless asked for fewer. */
export const PAGE_ENTRIES_MAX = 100

type Options = {
  readonly domain?: Domain
  readonly after?: ListCursor
  readonly limit: number
}

export async function parseListRequest(
  { domain: text, after: cursor, limit = PAGE_ENTRIES_MAX }: ListRequest,
  { domains }: Pick<Directory, 'domains'>,
): Promise<{ readonly kind: 'ok'; readonly value: Options } | BadValue | NoSuchDomain> {
  const domain = text === undefined ? undefined : parseOwnDomain(text)
  if (domain?.kind === 'bad-value') return domain
  const after = cursor === undefined ? undefined : parseListCursor(cursor)
  if (cursor !== undefined && after === undefined) {
    return badValue('after', cursor, { name: 'cursor' })
  }
  if (domain !== undefined && (await domains.get(domain.value)) === undefined) {
    return noSuchDomain(text ?? '')
  }
  return ok({
    limit: Math.min(Math.max(1, Math.trunc(limit)), PAGE_ENTRIES_MAX),
    ...(domain && { domain: domain.value }),
    ...(after && { after }),
  })
}

export const noSuchDomain = (text: string): NoSuchDomain => ({
  kind: 'no-such-domain',
  field: 'domain',
  value: text,
  domain: text,
})
