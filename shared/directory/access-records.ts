// The items of access tables; their keys stand in records.ts with all the others.

import type { Item, Key, Value } from '#shared/storage/ports.ts'
import {
  type AccessKey,
  formatAccessKey,
  type NetworkSize,
  networkBits,
  networkSize,
  parseNetworkSize,
} from './access-key.ts'

export type AccessTableRecord = {
  readonly name: string
  /**
   * Goes up with every change of an entry; a table that is made again begins with the time, so that no version comes twice. What
   * is remembered of a table is good while it is the same.
   */
  readonly version: number
  readonly entries: number
  /** Of keys and results. */
  readonly bytes: number
  /** How many networks of each size. */
  readonly networks: ReadonlyMap<NetworkSize, number>
}

export type AccessEntry = {
  readonly key: AccessKey
  /** As it was written: what it means is found out by policy. */
  readonly result: string
}

export const accessTablesPk = 'ACCESS'
export const accessTableKey = (table: string): Key => ({ pk: accessTablesPk, sk: table })
export const accessEntriesPk = (table: string) => `ACCESS#${table}`

export const ACCESS_RESULT_BYTES_MAX = 10_000

export function accessEntryKey(table: string, key: AccessKey): Key {
  return { pk: accessEntriesPk(table), sk: accessSortKey(key) }
}

/** Equal keys have equal ones. */
export function accessSortKey(key: AccessKey): string {
  if (key.kind === 'text') return `K#${key.text}`
  return `N#${networkSize(key.network)}#${networkBits(key.network)}`
}

export function accessEntryItem(table: string, { key, result }: AccessEntry): Item {
  return { ...accessEntryKey(table, key), result }
}

/** What an entry adds to `bytes`. */
export const accessEntryBytes = ({ key, result }: AccessEntry) =>
  Buffer.byteLength(formatAccessKey(key)) + Buffer.byteLength(result)

export function readAccessEntry(item: Item): AccessEntry {
  const { result } = item
  const key = readKey(item.sk)
  if (key === undefined || typeof result !== 'string') throw unreadable(item)
  return { key, result }
}

function readKey(sk: string): AccessKey | undefined {
  if (sk.startsWith('K#')) return { kind: 'text', text: sk.slice(2) }
  const [, sizeText = '', hex = ''] = sk.split('#')
  const size = parseNetworkSize(sizeText)
  if (size === undefined) return undefined
  const { family, prefixBits } = size
  const address = { family, bytes: Uint8Array.from(Buffer.from(hex, 'hex')) }
  return { kind: 'network', network: { address, prefixBits } }
}

export function readAccessTable(item: Item): AccessTableRecord {
  const { version, entries, bytes } = item
  if (![version, entries, bytes].every((value) => typeof value === 'number')) throw unreadable(item)
  const networks = new Map<NetworkSize, number>()
  for (const [name, value] of Object.entries(item)) {
    if (parseNetworkSize(name) !== undefined && count(value) > 0) {
      networks.set(name as NetworkSize, count(value))
    }
  }
  return {
    name: item.sk,
    version: count(version),
    entries: count(entries),
    bytes: count(bytes),
    networks,
  }
}

const count = (value: Value | undefined) => (typeof value === 'number' ? value : 0)

/** Cannot happen: only this folder writes the table, and it writes what it can read. */
const unreadable = ({ pk, sk }: Key) => new Error(`unreadable directory item ${pk} / ${sk}`)
