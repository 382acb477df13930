// How much header text one index may keep. A message index is stored in one item of a table (ITEM_BYTES_MAX, 400 KB), so
// the sum over all parts is bounded, whatever the message holds.

import type { ByteString, EnvelopeAddress, Parameters } from '../message-index.ts'

/** Header text (strings and their encoded lengths) kept in one index. With 2,000 parts an encoded index stays below 300 KB. */
export const INDEX_TEXT_BYTES_MAX = 200 * 1024

const STRING_OVERHEAD_BYTES = 3

export class TextBudget {
  #left = INDEX_TEXT_BYTES_MAX

  /** Nothing is left; no further parts may be opened. */
  get isSpent(): boolean {
    return this.#left <= 0
  }

  /** For text that cannot be left out and is short by its grammar. */
  spend(text: ByteString): void {
    this.#left -= text.length + STRING_OVERHEAD_BYTES
  }

  /** The text, or null when it does not fit. */
  keep(text: ByteString | null): ByteString | null {
    if (text === null || !this.#fits(text.length + STRING_OVERHEAD_BYTES)) return null
    return text
  }

  /** The first of these that fit. */
  keepList(texts: readonly ByteString[]): readonly ByteString[] {
    return takeWhile(texts, (text) => this.#fits(text.length + STRING_OVERHEAD_BYTES))
  }

  keepParameters(parameters: Parameters): Parameters {
    return takeWhile(parameters, ([name, value]) =>
      this.#fits(name.length + value.length + 2 * STRING_OVERHEAD_BYTES),
    )
  }

  /** The first of these that fit; a group that was cut is ended. */
  keepAddresses(addresses: readonly EnvelopeAddress[]): readonly EnvelopeAddress[] {
    const kept = takeWhile(addresses, (address) => this.#fits(addressBytes(address)))
    if (kept.length === addresses.length) return addresses
    const lastEdge = kept.findLast((address) => address.host === null)
    const groupEnd = { name: null, route: null, mailbox: null, host: null }
    return lastEdge !== undefined && lastEdge.mailbox !== null ? [...kept, groupEnd] : kept
  }

  #fits(bytes: number): boolean {
    if (bytes > this.#left) return false
    this.#left -= bytes
    return true
  }
}

function addressBytes({ name, route, mailbox, host }: EnvelopeAddress): number {
  const text = (name ?? '').length + (route ?? '').length + (mailbox ?? '').length
  return text + (host ?? '').length + 4 * STRING_OVERHEAD_BYTES
}

function takeWhile<T>(values: readonly T[], keep: (value: T) => boolean): readonly T[] {
  const end = values.findIndex((value) => !keep(value))
  return end < 0 ? values : values.slice(0, end)
}
