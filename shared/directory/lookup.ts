// Finds what the directory says of addresses: one batch of reads for the entries of any number of them, and one more for the
// domains of those that have none. Only addresses under the host's own names and of a postmaster that nobody is ask further
// (own-names.ts). Reads are consistent: a change is in force with the next lookup.

import type { AtSource } from '#shared/contracts/source.ts'
import { type Address, lookupKey, splitExtension } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import type { Item, Key, Table } from '#shared/storage/ports.ts'
import { type BounceAddresses, nameOfBounceAddress } from './bounce-addresses.ts'
import { type OwnNames, roleEntry } from './own-names.ts'
import {
  type AddressRecord,
  addressKey,
  domainKey,
  firstAccountKey,
  readAddress,
  readDomain,
  readFirstAccount,
} from './records.ts'

export type Match =
  /** Not a domain of ours. */
  | { readonly kind: 'remote' }
  /** `bounceAddress`: it looks like one that we make (bounce-addresses.ts), and is not, or not any more. */
  | { readonly kind: 'unknown'; readonly bounceAddress?: 'forged' | 'expired' }
  /** A domain of ours that is still on an old server, and no such address here: that server knows. */
  | { readonly kind: 'guest'; readonly source: AtSource }
  | {
      readonly kind: 'entry'
      readonly entry: AddressRecord
      /** What followed the recipient delimiter, null when the entry is not the base of the address. */
      readonly extension: string | null
      /** Nobody's entry: it stands for the sender of mail that was forwarded. */
      readonly isBounceAddress?: true
    }

export type Lookup = (addresses: readonly Address[]) => Promise<readonly Match[]>

export type LookupSettings = {
  readonly recipientDelimiter: string
  readonly names: OwnNames
  /** Undefined: there are none. */
  readonly bounceAddresses?: BounceAddresses | undefined
}

/**
 * The matches come in the order of the addresses. Precedence is exact, then base, then a bounce address of ours, then whom every domain has
 * where the domain is on an old server, which has the rest; else catch-all, then whom every domain has.
 */
export function createLookup(
  table: Pick<Table, 'batchGet'>,
  { recipientDelimiter, names, bounceAddresses }: LookupSettings,
): Lookup {
  const { home, hosts, roles } = names

  const stored: Lookup = async (addresses) => {
    const entries = new ReadBatch(table)
    const plans = addresses.map((address) => plan(address, recipientDelimiter, entries))
    await entries.read()
    const matches = plans.map(({ exact, base }) => {
      const found = match(entries.record(exact), null)
      return found ?? (base && match(entries.record(base.at), base.extension))
    })
    // An entry is always of a domain of ours, so that most mail asks no further.
    const domains = new ReadBatch(table)
    const places = addresses.map(({ domain }, i) =>
      matches[i] ? undefined : placesOfDomain(domain, domains),
    )
    await domains.read()
    return places.map((place, i) => matches[i] ?? ofDomain(place, domains))
  }

  /** Users under the host's names are those of the home domain. */
  async function atHome(addresses: readonly Address[]): Promise<readonly Match[]> {
    if (home === undefined) return addresses.map(() => ({ kind: 'unknown' }))
    const matches = await stored(addresses.map(({ local }) => ({ local, domain: home })))
    return matches.map((match) => (match.kind === 'entry' ? match : { kind: 'unknown' }))
  }

  /** Whoever is postmaster, and whatever leads there, is found for all addresses with one read. */
  async function roleEntries(addresses: readonly Address[]): Promise<readonly Match[]> {
    const keys = [firstAccountKey, ...(home === undefined ? [] : [domainKey(home)])]
    const [first, homeItem] = await table.batchGet(keys, { consistent: true })
    const firstAccount = first && readFirstAccount(first)
    const whom = { names, homeIsOurs: homeItem !== undefined, firstAccount }
    return addresses.map((address) => match(roleEntry(address, whom), null) ?? { kind: 'unknown' })
  }

  /** Most mail goes to none. */
  async function withBounceAddresses(
    matches: readonly Match[],
    addresses: readonly Address[],
  ): Promise<readonly Match[]> {
    if (bounceAddresses === undefined) return matches
    const isWanted = (found: Match, address: Address) =>
      bounceAddresses.isOne(address) && !(found.kind === 'entry' && found.entry.name.local !== null)
    if (!addresses.some((address) => bounceAddresses.isOne(address))) return matches
    return await Promise.all(
      matches.map(async (found, i) => {
        const address = addresses[i]
        if (address === undefined || !isWanted(found, address)) return found
        const sender = await bounceAddresses.unwrap(address)
        if (sender === undefined) return found
        if (sender.kind !== 'sender') return { kind: 'unknown', bounceAddress: sender.kind }
        const name = nameOfBounceAddress(address)
        const entry = { name, account: null, targets: [sender.address] }
        return { kind: 'entry', entry, extension: null, isBounceAddress: true }
      }),
    )
  }

  return async (addresses) => {
    const matches = await withBounceAddresses(await stored(addresses), addresses)
    const hosted = await replace(
      matches,
      addresses,
      ({ kind }, { domain }) => kind === 'remote' && hosts.has(domain),
      atHome,
    )
    return replace(
      hosted,
      addresses,
      ({ kind }, { local }) => kind !== 'entry' && kind !== 'remote' && roles.has(lookupKey(local)),
      roleEntries,
    )
  }
}

/** The matches with those of some addresses asked for again. */
async function replace(
  matches: readonly Match[],
  addresses: readonly Address[],
  isWanted: (match: Match, address: Address) => boolean,
  ask: Lookup,
): Promise<readonly Match[]> {
  const wanted = addresses.flatMap((address, i) => {
    const found = matches[i]
    return found && isWanted(found, address) ? [{ i, address }] : []
  })
  if (wanted.length === 0) return matches
  const answers = await ask(wanted.map(({ address }) => address))
  const byPlace = new Map(wanted.map(({ i }, n) => [i, answers[n]]))
  return matches.map((match, i) => byPlace.get(i) ?? match)
}

/** Positions in the batch. */
type Places = {
  readonly exact: number
  readonly base: { readonly at: number; readonly extension: string } | undefined
}

function plan({ local, domain }: Address, recipientDelimiter: string, batch: ReadBatch): Places {
  const { base, extension } = splitExtension(local, recipientDelimiter)
  return {
    exact: batch.place(addressKey({ local, domain })),
    base:
      extension === null
        ? undefined
        : { at: batch.place(addressKey({ local: base, domain })), extension },
  }
}

type PlacesOfDomain = { readonly domain: number; readonly catchAll: number }

function placesOfDomain(domain: Domain, batch: ReadBatch): PlacesOfDomain {
  return {
    domain: batch.place(domainKey(domain)),
    catchAll: batch.place(addressKey({ local: null, domain })),
  }
}

function ofDomain(places: PlacesOfDomain | undefined, batch: ReadBatch): Match {
  const domain = batch.item(places?.domain)
  if (domain === undefined) return { kind: 'remote' }
  const { source } = readDomain(domain)
  // Who is not here yet is not to be missed by the catch-all of here.
  if (source !== undefined) return { kind: 'guest', source }
  return match(batch.record(places?.catchAll), null) ?? { kind: 'unknown' }
}

function match(entry: AddressRecord | undefined, extension: string | null): Match | undefined {
  return entry && { kind: 'entry', entry, extension }
}

/** Keys to read, each once: recipients of a message mostly share a domain. */
class ReadBatch {
  readonly #table: Pick<Table, 'batchGet'>
  readonly #keys: Key[] = []
  readonly #places = new Map<string, number>()
  #items: readonly (Item | undefined)[] = []
  readonly #records = new Map<number, AddressRecord>()

  constructor(table: Pick<Table, 'batchGet'>) {
    this.#table = table
  }

  place(key: Key): number {
    const name = `${key.pk}\0${key.sk}`
    const known = this.#places.get(name)
    if (known !== undefined) return known
    this.#places.set(name, this.#keys.length)
    return this.#keys.push(key) - 1
  }

  async read(): Promise<void> {
    if (this.#keys.length === 0) return
    this.#items = await this.#table.batchGet(this.#keys, { consistent: true })
  }

  item(place: number | undefined): Item | undefined {
    return place === undefined ? undefined : this.#items[place]
  }

  /** Made once of each item: an alias with very many targets may be what hundreds of addresses lead to. */
  record(place: number | undefined): AddressRecord | undefined {
    const item = this.item(place)
    if (place === undefined || item === undefined) return undefined
    const known = this.#records.get(place) ?? readAddress(item)
    this.#records.set(place, known)
    return known
  }
}
