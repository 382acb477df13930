// DNS lists: whether an address or a domain is in one (RFC 5782). One client for the words reject_rbl_client and its like and for
// weighing; it knows which lists are out of order (health.ts). Keys of lists are the resolver's business.

import { tooLate as noTime, tooMany } from '#shared/dns/budgeted-resolver.ts'
import { notRecorded } from '#shared/dns/recording-resolver.ts'
import type { DnsAnswer, Resolver } from '#shared/dns/resolver.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { type DnsList, keysOf } from '#shared/settings/restrictions/dns-list-filter.ts'
import { type KeyedSettings, keyedZones } from '#shared/settings/restrictions/keyed-zones.ts'
import type { Settings } from '#shared/settings/table.ts'
import { type Meaning, meaningOf } from './answers.ts'
import { ListHealth, type Tested } from './health.ts'
import { type ListedItem, queryLabels, queryName } from './query-name.ts'

export type Listing =
  | { readonly kind: 'listed' }
  | { readonly kind: 'unlisted' }
  /** Nobody can say. */
  | { readonly kind: 'failure'; readonly reason: string }
  /** The question at hand had no time or no look-ups left, which is the client's doing and not the list's. */
  | { readonly kind: 'unasked'; readonly reason: string }
  /** The list is out of order: it counts neither as hit nor as miss. */
  | { readonly kind: 'off' }

export type AskedList = DnsList & {
  /** Of good clients: one that has nobody harms nobody. */
  readonly isWelcoming?: true
}

export interface DnsLists {
  /** Never rejects; `dns` is what the question at hand may use. */
  lookUp(list: AskedList, item: ListedItem, dns: Resolver): Promise<Listing>
  /** What the list says about one that is listed; '' for nothing. */
  reasonFor(list: DnsList, item: ListedItem, dns: Resolver): Promise<string>
  /** Throws for a list that is not asked, since it wants a key and stands in no setting. */
  check(list: DnsList): void
}

export type DnsListSettings = KeyedSettings & Pick<Settings, 'dnsListTest' | 'dnsListTimeout'>

/** Not of the list: it was not even asked. */
const beyondBudget = reasonsOf(noTime, tooMany)
const notAsked = reasonsOf(noTime, tooMany, notRecorded)

/** Postfix's limit for what a list says. */
const REASON_BYTES_MAX = 500
/** Lists are named by settings and tables; each has its own state. */
const LISTS_MAX = 1_000

/** RFC 5782 §5: what is never in a list, and what always is. */
const testEntries = {
  address: { never: '127.0.0.1', always: '127.0.0.2' },
  // Deliberately without TEST: some lists call it otherwise (SURBL), and nobody gains by not being in a list of domains.
  domain: { never: 'invalid', always: undefined },
} as const satisfies { readonly [kind in ListedItem['kind']]: object }

export function createDnsLists(deps: {
  readonly clock: Clock
  readonly log: Log
  readonly settings: DnsListSettings
}): DnsLists {
  const { clock } = deps
  const { dnsListTest, dnsListTimeout } = deps.settings
  const keyed = keyedZones(deps.settings)
  const healths = new Map<string, ListHealth>()

  function healthOf({ zone, isWelcoming }: AskedList, kind: ListedItem['kind']): ListHealth {
    const name = `${kind} ${isWelcoming ?? false} ${zone}`
    let health = healths.get(name)
    if (health === undefined) {
      if (healths.size >= LISTS_MAX) healths.clear()
      health = new ListHealth(zone, deps)
      healths.set(name, health)
    }
    return health
  }

  async function askInTime(dns: Resolver, name: string): Promise<DnsAnswer<string>> {
    const answered = new AbortController()
    const timeout = clock.sleep(dnsListTimeout, answered.signal).then(() => tooLate)
    try {
      return await Promise.race([dns.resolve4(name), timeout])
    } finally {
      answered.abort()
    }
  }

  async function test(list: AskedList, kind: ListedItem['kind'], dns: Resolver): Promise<Tested> {
    if (!dnsListTest) return { kind: 'sound' }
    const { never, always } = testEntries[kind]
    const ask = (text: string) => askInTime(dns, nameOf(list.zone, { kind, text }) ?? '')
    const [first, second] = await Promise.all([
      ask(never),
      // Not all lists of good clients have the entry.
      always === undefined || list.isWelcoming ? undefined : ask(always),
    ])
    return judge(first, second)
  }

  function nameOf(zone: string, item: ListedItem): string | undefined {
    const labels = queryLabels(item)
    return labels === undefined ? undefined : queryName(labels, zone)
  }

  return {
    async lookUp(list, item, dns) {
      const name = nameOf(list.zone, item)
      if (name === undefined) return { kind: 'unlisted' }
      const health = healthOf(list, item.kind)
      if (health.isOff) await health.check(() => test(list, item.kind, dns))
      if (health.isOff) return { kind: 'off' }
      const [answer] = await Promise.all([
        askInTime(dns, name),
        health.check(() => test(list, item.kind, dns)),
      ])
      if (answer.kind === 'failure') {
        const { reason } = answer
        if (!notAsked.has(reason)) health.failed(reason)
        return { kind: beyondBudget.has(reason) ? 'unasked' : 'failure', reason }
      }
      const meaning = answer.kind === 'found' ? meaningOf(answer.records, list.filter) : 'unlisted'
      if (meaning === 'refused' || meaning === 'outside 127/8') {
        health.switchOff(reasonOf(meaning, answer))
      } else health.answered()
      if (health.isOff) return { kind: 'off' }
      return { kind: meaning === 'listed' ? 'listed' : 'unlisted' }
    },

    async reasonFor(list, item, dns) {
      const name = nameOf(list.zone, item)
      const answer = name === undefined ? undefined : await dns.resolveTxt(name)
      if (answer?.kind !== 'found') return ''
      return answer.records.join(' / ').slice(0, REASON_BYTES_MAX)
    },

    check(list) {
      if (keysOf(list.zone).length > 0 && !keyed.has(list.zone)) {
        throw new Error(`${list.zone} is asked with its key only where a setting names it`)
      }
    },
  }
}

const tooLate: DnsAnswer<never> = { kind: 'failure', reason: 'it did not answer in time' }

function reasonsOf(...answers: readonly DnsAnswer<never>[]): ReadonlySet<string> {
  return new Set(answers.flatMap((one) => (one.kind === 'failure' ? [one.reason] : [])))
}

function judge(never: DnsAnswer<string>, always: DnsAnswer<string> | undefined): Tested {
  const isUnasked = [never, always].some(
    (one) => one?.kind === 'failure' && notAsked.has(one.reason),
  )
  if (isUnasked) return { kind: 'unasked' }
  if (never.kind === 'failure') return { kind: 'unknown', reason: never.reason }
  if (never.kind === 'found') {
    const meaning = meaningOf(never.records, undefined)
    return { kind: 'unsound', reason: reasonOf(meaning, never) }
  }
  if (always === undefined || always.kind === 'found') return { kind: 'sound' }
  return always.kind === 'failure'
    ? { kind: 'unknown', reason: always.reason }
    : { kind: 'unsound', reason: 'it lists nothing, not even its test entry' }
}

function reasonOf(meaning: Meaning, answer: DnsAnswer<string>): string {
  const records = answer.kind === 'found' ? answer.records.slice(0, 3).join(', ') : ''
  if (meaning === 'outside 127/8') return `it answers ${records}, as no list does`
  if (meaning === 'refused') return `it refuses to answer (${records})`
  return 'it lists what no list has'
}
