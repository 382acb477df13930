// What DNS lists say of a client, as points. All are asked at once and counted in their order.

import type { WeighedList } from '#shared/settings/restrictions/weights.ts'
import type { DnsLists, Listing } from '../dns-lists/dns-lists.ts'
import type { ListedItem } from '../dns-lists/query-name.ts'
import { type Answers, ListsUnasked } from './answers.ts'
import type { Scorecard } from './scorecard.ts'

export type ListLimits = {
  /** More lists than this that have the client, or more points: it is refused at once. */
  readonly hitsMax: number
  readonly pointsMax: number
}

export type ListFindings = {
  readonly isOverLimit: boolean
  /** In a list of clients that are given an address anew each day. */
  readonly isDialup: boolean
}

export async function weighLists(
  address: string,
  lists: readonly WeighedList[],
  limits: ListLimits,
  deps: { readonly dnsLists: DnsLists; readonly answers: Answers; readonly card: Scorecard },
): Promise<ListFindings> {
  const { card, answers } = deps
  const listings = await askLists({ kind: 'address', text: address }, lists, deps)
  let isDialup = false
  for (const [{ name, hit, miss }, listing] of listings) {
    switch (listing.kind) {
      case 'failure':
        // Deliberately without points, unlike policyd-weight: who is not in a list that does not answer is no better for it.
        card.note(`${name}=ERR(0)`)
        answers.failed(`${name} lookups`)
        break
      case 'off':
        card.note(`${name}=SKIP(0)`)
        break
      case 'unlisted':
        if (miss !== 0) card.add(`NOT_IN_${name}`, miss)
        break
      case 'listed':
        card.add(`IN_${name}`, hit)
        if (hit > 0) {
          card.listedPoints += hit
          card.listHits += 1
        }
        if (name.toLowerCase().includes('dyn')) isDialup = true
        if (card.listHits > limits.hitsMax || card.listedPoints > limits.pointsMax) {
          return { isOverLimit: true, isDialup }
        }
    }
  }
  return { isOverLimit: false, isDialup }
}

/** Those lists that have it; a failure is counted and is no hit. */
export async function listsWith(
  item: ListedItem,
  lists: readonly WeighedList[],
  deps: { readonly dnsLists: DnsLists; readonly answers: Answers },
): Promise<readonly WeighedList[]> {
  const listings = await askLists(item, lists, deps)
  return listings.flatMap(([list, listing]) => {
    if (listing.kind === 'failure') deps.answers.failed(`${list.name} lookups`)
    return listing.kind === 'listed' ? [list] : []
  })
}

function askLists(
  item: ListedItem,
  lists: readonly WeighedList[],
  { dnsLists, answers }: { readonly dnsLists: DnsLists; readonly answers: Answers },
): Promise<readonly (readonly [WeighedList, Exclude<Listing, { readonly kind: 'unasked' }>])[]> {
  return Promise.all(
    lists.map(async (weighed) => {
      const list = weighed.hit < 0 ? { ...weighed.list, isWelcoming: true as const } : weighed.list
      const listing = await dnsLists.lookUp(list, item, answers.dns)
      if (listing.kind === 'unasked') throw new ListsUnasked(listing.reason)
      return [weighed, listing] as const
    }),
  )
}
