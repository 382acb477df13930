// What is known of triplets and clients, for whoever asks, and changed by whoever may. It writes the items of records.ts.

import type {
  GreylistBook,
  GreylistedClient,
  Triplet,
  TripletFacts,
} from '#shared/contracts/greylist.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Item, Key, Table } from '#shared/storage/ports.ts'
import type { GreylistOptions } from './greylist.ts'
import { ageTtl, clientKey, tripletItemKey } from './records.ts'
import { greylistClient, greylistNetwork, tripletKey } from './triplet.ts'

export type BookOptions = Pick<
  GreylistOptions,
  | 'postgreyAutoWhitelistClients'
  | 'postgreyDelay'
  | 'postgreyIpv4Cidr'
  | 'postgreyIpv6Cidr'
  | 'postgreyMaxAge'
  | 'postgreyPrivacy'
  | 'postgreySpfDomains'
>

const SECOND_MS = 1_000

export function createGreylistBook(deps: {
  /** The table `counters`. */
  readonly counters: Pick<Table, 'batchGet' | 'batchWrite' | 'get' | 'write'>
  readonly clock: Clock
  readonly options: BookOptions
}): GreylistBook {
  const { counters, clock, options } = deps
  const { postgreyAutoWhitelistClients: passesEnough } = options
  const now = () => Math.floor(clock.now() / SECOND_MS)
  const endOfUse = () => ageTtl(now(), options.postgreyMaxAge / SECOND_MS)

  type Place = { readonly place: string; readonly key: Key }

  /** Under all that may stand for the client. */
  function placesOf({ client, sender, recipient }: Triplet): readonly Place[] | undefined {
    const network = greylistNetwork(client, options)
    if (network === undefined) return undefined
    const domain = sender.slice(sender.lastIndexOf('@') + 1).toLowerCase()
    const bySpf = options.postgreySpfDomains && sender.includes('@') ? [`spf:${domain}`] : []
    return [network, ...bySpf].map((place) => ({
      place,
      key: tripletItemKey(tripletKey({ network: place, sender, recipient }, options)),
    }))
  }

  function factsOf(place: string, item: Item | undefined): TripletFacts {
    if (item === undefined || Number(item.ttl) < now()) {
      return { place, state: 'unknown', firstMs: null, fromMs: null, endsMs: null }
    }
    const firstMs = Number(item.first) * SECOND_MS
    const isPassed = item.passed !== undefined
    return {
      place,
      state: isPassed ? 'passed' : 'waiting',
      firstMs,
      fromMs: isPassed ? null : firstMs + options.postgreyDelay,
      endsMs: Number(item.ttl) * SECOND_MS,
    }
  }

  async function read(places: readonly Place[]): Promise<readonly TripletFacts[]> {
    const items = await counters.batchGet(
      places.map(({ key }) => key),
      { consistent: true },
    )
    return places.map(({ place }, i) => factsOf(place, items[i]))
  }

  function clientFacts(item: Item | undefined): GreylistedClient {
    const isLiving = item !== undefined && Number(item.ttl) >= now()
    return {
      passes: isLiving ? Number(item.passes) : 0,
      passesEnough,
      endsMs: isLiving ? Number(item.ttl) * SECOND_MS : null,
    }
  }

  return {
    async triplet(triplet) {
      const places = placesOf(triplet)
      return places === undefined ? null : await read(places)
    },

    async allow(triplet) {
      const places = placesOf(triplet)
      if (places === undefined) return null
      const state = { first: now(), passed: now(), ttl: endOfUse() }
      await counters.batchWrite(places.map(({ key }) => ({ put: { ...key, ...state } })))
      return await read(places)
    },

    async forget(triplet) {
      const places = placesOf(triplet)
      if (places === undefined) return null
      await counters.batchWrite(places.map(({ key }) => ({ delete: key })))
      return await read(places)
    },

    async client(address) {
      const client = greylistClient(address, options)
      return client === undefined ? null : clientFacts(await counters.get(clientKey(client)))
    },

    async allowClient(address) {
      const client = greylistClient(address, options)
      if (client === undefined) return null
      const put = {
        ...clientKey(client),
        ...{ passes: Math.max(1, passesEnough), counted: now(), ttl: endOfUse() },
      }
      return clientFacts(await counters.write({ put }))
    },

    async forgetClient(address) {
      const client = greylistClient(address, options)
      if (client === undefined) return null
      await counters.write({ delete: clientKey(client) })
      return clientFacts(undefined)
    },
  }
}
