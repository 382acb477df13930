// Who is held back now, for whoever looks: failures are counted where the login that fails finds them, one partition each, and nobody finds
// those that have to wait. So each is noted once more when it has to; below the limit nothing is.
//
// Item AUTH#held#<shard> / <name>: `limit`, `failures`, `untilMs`, `account` and `network` where it has them; ttl. The shard is that of the
// account, else of the network: all of an account is in one, and no partition takes all.
//
// Implementation notes: the failures decide, and an entry that they no longer bear out is told to nobody. Rejected: an index over failures,
// which each first failure would write.

import { createHash } from 'node:crypto'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Item, Key, Page, Table } from '#shared/storage/ports.ts'
import { failuresKey, type HeldSubject } from './failure-counters.ts'

export type HeldLogin = {
  readonly name: string
  /** As it is looked up: in lower case. Null: whoever comes from the network. */
  readonly account: string | null
  /** Null: from everywhere, except where it has logged in before. */
  readonly network: string | null
  readonly failures: number
  readonly limit: number
  readonly untilMs: number
}

export type HeldPage = {
  readonly items: readonly HeldLogin[]
  readonly looked: number
  readonly next: string | undefined
}

export interface HeldBack {
  note(subjects: readonly HeldSubject[]): Promise<void>
  /** `after`: `next` of the page before. Undefined: that is none. */
  page(options: { readonly after?: string | undefined }): Promise<HeldPage | undefined>
  ofAccount(account: string): Promise<readonly HeldLogin[]>
  /** Begins anew with these, noted or not. */
  release(names: readonly Pick<HeldLogin, 'name' | 'account' | 'network'>[]): Promise<void>
}

export const HELD_SHARDS = 16
/** Entries that are looked at for one page. */
const PAGE_ENTRIES = 500
/** Of one account: so many networks fail to guess at it at once before nobody reads on. */
const ACCOUNT_ENTRIES_MAX = 1_000

export function createHeldBack(deps: {
  /** The `counters` table. */
  readonly counters: Table
  readonly clock: Clock
}): HeldBack {
  const { counters, clock } = deps

  async function query(pk: string, more: { readonly prefix?: string; readonly after?: string }) {
    const { prefix, after } = more
    return await counters.query({
      pk,
      ...(prefix !== undefined && { sk: { prefix } }),
      limit: PAGE_ENTRIES,
      ...(after !== undefined && { after }),
    })
  }

  /** Those that the failures bear out. */
  async function confirmed(items: readonly Item[]): Promise<readonly HeldLogin[]> {
    const noted = items.map(heldOf).filter(({ untilMs }) => untilMs > clock.now())
    const failures = await counters.batchGet(noted.map(failuresKey))
    return noted.flatMap((one, i) => {
      const count = Number(failures[i]?.failures ?? 0)
      return count >= one.limit ? [{ ...one, failures: count }] : []
    })
  }

  return {
    async note(subjects) {
      await counters.batchWrite(
        subjects.map(({ name, limit, account, network, failures, untilMs }) => ({
          put: {
            ...heldKey({ name, account: account ?? null, network: network ?? null }),
            ...{ limit, failures, untilMs },
            ...(account !== undefined && { account }),
            ...(network !== undefined && { network }),
            ttl: Math.ceil(untilMs / 1_000),
          },
        })),
      )
    },

    async page({ after }) {
      const from = after === undefined ? { shard: 0 } : placeOf(after)
      if (from === undefined) return undefined
      const found: Item[] = []
      let next: Place | undefined = from
      while (next !== undefined && found.length < PAGE_ENTRIES) {
        const { shard, token }: Place = next
        const more = token === undefined ? {} : { after: token }
        const page: Page<Item> = await query(heldPk(shard), more)
        found.push(...page.items)
        next = placeAfter(shard, page.next)
      }
      return {
        items: await confirmed(found),
        looked: found.length,
        next: next && `${next.shard}.${next.token ?? ''}`,
      }
    },

    async ofAccount(account) {
      const found: Item[] = []
      let after: string | undefined
      do {
        const page = await query(heldPk(shardOf(account)), {
          prefix: `account#${account}`,
          ...(after !== undefined && { after }),
        })
        found.push(...page.items.filter((item) => item.account === account))
        after = page.next
      } while (after !== undefined && found.length < ACCOUNT_ENTRIES_MAX)
      return await confirmed(found)
    },

    release: (names) =>
      counters.batchWrite(
        names.flatMap((one) => [{ delete: failuresKey(one) }, { delete: heldKey(one) }]),
      ),
  }
}

const heldPk = (shard: number) => `AUTH#held#${shard}`

const heldKey = ({ name, account, network }: Pick<HeldLogin, 'name' | 'account' | 'network'>) =>
  ({ pk: heldPk(shardOf(account ?? network ?? '')), sk: name }) satisfies Key

const shardOf = (text: string) => (createHash('sha256').update(text).digest()[0] ?? 0) % HELD_SHARDS

const heldOf = (item: Item): HeldLogin => ({
  name: item.sk,
  account: typeof item.account === 'string' ? item.account : null,
  network: typeof item.network === 'string' ? item.network : null,
  failures: Number(item.failures),
  limit: Number(item.limit),
  untilMs: Number(item.untilMs),
})

type Place = { readonly shard: number; readonly token?: string }

function placeAfter(shard: number, token: string | undefined): Place | undefined {
  if (token !== undefined) return { shard, token }
  return shard + 1 < HELD_SHARDS ? { shard: shard + 1 } : undefined
}

/** `<shard>.<place in it>`. */
function placeOf(text: string): Place | undefined {
  const dot = text.indexOf('.')
  const shard = Number(text.slice(0, dot))
  if (!/^\d{1,2}$/.test(text.slice(0, Math.max(0, dot))) || shard >= HELD_SHARDS) return undefined
  const token = text.slice(dot + 1)
  return { shard, ...(token !== '' && { token }) }
}
