// Finds what the directory says of addresses, one batch of reads for any number of them. Reads are consistent: a change is
// in force with the next lookup.

import { type Address, splitExtension } from '#shared/mail/address.ts'
import type { Item, Key, Table } from '#shared/storage/ports.ts'
import { type AddressRecord, addressKey, domainKey, readAddress } from './records.ts'

export type Match =
  /** Not a domain of ours. */
  | { readonly kind: 'remote' }
  | { readonly kind: 'unknown' }
  | {
      readonly kind: 'entry'
      readonly entry: AddressRecord
      /** What followed the recipient delimiter, null when the entry is not the base of the address. */
      readonly extension: string | null
    }

export type Lookup = (addresses: readonly Address[]) => Promise<readonly Match[]>

/** The matches come in the order of the addresses. */
export function createLookup(table: Pick<Table, 'batchGet'>, recipientDelimiter: string): Lookup {
  return async (addresses) => {
    if (addresses.length === 0) return []
    const batch = new ReadBatch()
    const plans = addresses.map((address) => plan(address, recipientDelimiter, batch))
    const items = await table.batchGet(batch.keys, { consistent: true })
    return plans.map((places) => decide(places, items))
  }
}

/** Positions in the batch; precedence is exact, then base, then catch-all. */
type Places = {
  readonly domain: number
  readonly exact: number
  readonly base: { readonly at: number; readonly extension: string } | null
  readonly catchAll: number
}

function plan(address: Address, recipientDelimiter: string, batch: ReadBatch): Places {
  const { local, domain } = address
  const { base, extension } = splitExtension(local, recipientDelimiter)
  return {
    domain: batch.place(domainKey(domain)),
    exact: batch.place(addressKey(address)),
    base:
      extension === null
        ? null
        : { at: batch.place(addressKey({ local: base, domain })), extension },
    catchAll: batch.place(addressKey({ local: null, domain })),
  }
}

function decide(places: Places, items: readonly (Item | undefined)[]): Match {
  if (items[places.domain] === undefined) return { kind: 'remote' }
  return (
    match(items[places.exact], null) ??
    (places.base && match(items[places.base.at], places.base.extension)) ??
    match(items[places.catchAll], null) ?? { kind: 'unknown' }
  )
}

function match(item: Item | undefined, extension: string | null): Match | undefined {
  return item && { kind: 'entry', entry: readAddress(item), extension }
}

/** Keys to read, each once: recipients of a message mostly share a domain. */
class ReadBatch {
  readonly keys: Key[] = []
  readonly #places = new Map<string, number>()

  place(key: Key): number {
    const name = `${key.pk}\0${key.sk}`
    const known = this.#places.get(name)
    if (known !== undefined) return known
    this.#places.set(name, this.keys.length)
    return this.keys.push(key) - 1
  }
}
