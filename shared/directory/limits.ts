// What a domain may have in all: accounts, aliases, and quotas together. Whoever may give limits changes them; whoever else administers the
// domain keeps to them. They stand with the domain, whose counts change in the transaction that adds:
//
//   DOMAINS / <domain>   accountsMax, aliasesMax, quotaBytesMax; quotaVersion, raised with each quota that is given while there is a limit
//
// The quotas are added up when one is given, from the addresses of the domain (of 10,000 accounts some 2 MB are read), and only where they
// are limited. Rejected: a sum kept with the domain, which every account of every domain would be written with, and which stores of before
// would not have.

import type { Domain } from '#shared/mail/domain.ts'
import type { Condition, Item, Table } from '#shared/storage/ports.ts'
import { allItems } from './pages.ts'
import { addressesPk, type DomainLimits, type DomainRecord, readAddress } from './records.ts'

export type OverLimit = {
  readonly kind: 'over-limit'
  readonly limit: keyof DomainLimits
  readonly max: number
  /** So many are there; null: one of them has a quota without end. */
  readonly given: number | null
}

/** How many more fit, and the refusal of the next once `more` were taken. */
export function roomFor(
  { limits, ...counts }: DomainRecord,
  limit: 'accounts' | 'aliases',
): { readonly left: number; readonly refusal: (more: number) => OverLimit } {
  const max = limits[limit] ?? Number.POSITIVE_INFINITY
  const given = counts[limit]
  return {
    left: Math.max(0, max - given),
    refusal: (more) => ({ kind: 'over-limit', limit, max, given: given + more }),
  }
}

/** That still as many fit as were found to. */
export function stillRoomFor(
  { limits }: DomainRecord,
  limit: 'accounts' | 'aliases',
  more: number,
): readonly Condition[] {
  const max = limits[limit]
  return max === null ? [] : [{ attribute: limit, is: '<=', value: max - more }]
}

/** Quotas of all accounts together; Infinity where one has no end. `ofDefault`: of those that have none of their own. */
export async function quotasOf(
  table: Pick<Table, 'query'>,
  domain: Domain,
  ofDefault: number,
): Promise<number> {
  let sum = 0
  for await (const item of allItems(table, { pk: addressesPk(domain) })) {
    const { account } = readAddress(item)
    if (account !== null) sum += asSum(account.quotaBytes ?? ofDefault)
  }
  return sum
}

/** As it is added up: 0 is a quota without end. */
export const asSum = (quotaBytes: number) =>
  quotaBytes === 0 ? Number.POSITIVE_INFINITY : quotaBytes

export const overQuotas = (max: number, given: number): OverLimit => ({
  kind: 'over-limit',
  limit: 'quotaBytes',
  max,
  given: Number.isFinite(given) ? given : null,
})

/** That no quota was given in the domain meanwhile, nor a limit where there was none. */
export function asQuotasWere({ quotaVersion, quotaBytesMax }: Item): Condition {
  if (quotaBytesMax === undefined) return { absent: 'quotaBytesMax' }
  return quotaVersion === undefined
    ? { absent: 'quotaVersion' }
    : { attribute: 'quotaVersion', is: '=', value: Number(quotaVersion) }
}
