// The networks from which an account has logged in: who comes from there is not held up by what strangers do elsewhere.
//
// Item AUTH#known#<account>: `networks`, a list of `<day> <network>` with the day of the last login in days since 1970, newest
// first; ttl. It is written when a network is new or its day has passed, so at most once a day for each place.

import type { Clock } from '#shared/runtime/clock.ts'
import type { Item, Key, Table } from '#shared/storage/ports.ts'

/** Networks of one account: people move about, and an account's item must not grow with them. */
export const KNOWN_NETWORKS_MAX = 32
/** How long a network is known after the last login from there. */
export const KNOWN_DAYS = 90

const DAY_MS = 86_400_000

export interface KnownNetworks {
  /** What is known of an account is read together with its failures. */
  key(account: string): Key
  isKnown(network: string, item: Item | undefined): boolean
  /** Notes a good login; `item` is what was read before it. Two at a time may forget one of two new networks: the next login knows. */
  note(account: string, network: string, item: Item | undefined): Promise<void>
}

export function createKnownNetworks(table: Table, clock: Clock): KnownNetworks {
  const today = () => Math.floor(clock.now() / DAY_MS)

  /** Those whose time is not over. */
  function read(item: Item | undefined): { readonly day: number; readonly network: string }[] {
    const networks: unknown = item?.networks
    if (!Array.isArray(networks)) return []
    return networks
      .map((entry) => {
        const [day, network = ''] = String(entry).split(' ')
        return { day: Number(day), network }
      })
      .filter(({ day }) => day + KNOWN_DAYS >= today())
  }

  function key(account: string): Key {
    return { pk: `AUTH#known#${account}`, sk: 'networks' }
  }

  return {
    key,
    isKnown: (network, item) => read(item).some((entry) => entry.network === network),
    async note(account, network, item) {
      const entries = read(item)
      if (entries.some((entry) => entry.network === network && entry.day === today())) return
      const others = entries.filter((entry) => entry.network !== network)
      const kept = [{ day: today(), network }, ...others].slice(0, KNOWN_NETWORKS_MAX)
      await table.write({
        put: {
          ...key(account),
          networks: kept.map((entry) => `${entry.day} ${entry.network}`),
          ttl: (today() + KNOWN_DAYS + 1) * (DAY_MS / 1_000),
        },
      })
    },
  }
}
