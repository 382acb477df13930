// The lmdb databases of one table (items, one per index, expiry) and the rule that keeps them in step: whoever replaces an
// item replaces its index and expiry entries in the same transaction.

import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { asBuffer } from '#shared/runtime/bytes.ts'
import type { Item, Key, TableLayout, Value } from '../ports.ts'
import { type Bytes, type Environment, LMDB_KEY_BYTES_MAX } from './environment.ts'
import { decodeItem } from './values.ts'

type Index = { readonly pk: string; readonly sk: string; readonly entries: Bytes }

/** An item and its bytes, made before anything is written. */
export type NewItem = { readonly item: Item; readonly value: Uint8Array }

export type Beside = {
  readonly database: Bytes
  readonly key: Buffer
  readonly value: Uint8Array
}

const NOTHING = new Uint8Array(0)
const EXPIRY_BYTES = 8

export class TableFiles {
  readonly layout: TableLayout
  readonly items: Bytes
  readonly indexes: ReadonlyMap<string, Index>
  /** Epoch second (8 bytes, big-endian) and item key. */
  readonly expiries: Bytes

  constructor(environment: Environment, layout: TableLayout) {
    this.layout = layout
    this.items = environment.database(`table/${layout.name}`)
    this.expiries = environment.database(`expiry/${layout.name}`)
    this.indexes = new Map(
      Object.entries(layout.indexes).map(([name, keys]) => [
        name,
        { ...keys, entries: environment.database(`index/${layout.name}/${keys.storedAs ?? name}`) },
      ]),
    )
  }

  /** The stored item, expired or not. */
  read(key: Key, bytes: Uint8Array): Item | undefined {
    const value = this.items.get(bytes)
    return value === undefined ? undefined : decodeItem(key.pk, key.sk, value)
  }

  /** Inside a transaction: replaces the item stored under these key bytes, or removes it. */
  replace(bytes: Uint8Array, before: Item | undefined, after: NewItem | undefined): void {
    if (after !== undefined) this.items.put(bytes, after.value)
    else if (before !== undefined) this.items.remove(bytes)
    for (const index of this.indexes.values()) {
      this.#replaceEntry(index, bytes, before, after?.item)
    }
    this.#replaceExpiry(bytes, before?.ttl, after?.item.ttl)
  }

  /** What has to stand beside an item in the databases of indexes and of expiry. */
  entriesOf(bytes: Uint8Array, item: Item): readonly Beside[] {
    const entries: Beside[] = []
    for (const { pk, sk, entries: database } of this.indexes.values()) {
      const [indexPk, indexSk] = [item[pk], item[sk]]
      if (typeof indexPk !== 'string' || typeof indexSk !== 'string') continue
      entries.push({ database, key: entryKey(indexPk, indexSk, bytes), value: bytes })
    }
    if (typeof item.ttl === 'number') {
      const key = expiryKey(item.ttl, bytes)
      entries.push({ database: this.expiries, key, value: NOTHING })
    }
    return entries
  }

  #replaceEntry(
    index: Index,
    bytes: Uint8Array,
    before: Item | undefined,
    after: Item | undefined,
  ): void {
    const [oldPk, oldSk] = [before?.[index.pk], before?.[index.sk]]
    const [newPk, newSk] = [after?.[index.pk], after?.[index.sk]]
    if (oldPk === newPk && oldSk === newSk) return
    if (typeof oldPk === 'string' && typeof oldSk === 'string') {
      index.entries.remove(entryKey(oldPk, oldSk, bytes))
    }
    if (typeof newPk === 'string' && typeof newSk === 'string') {
      index.entries.put(entryKey(newPk, newSk, bytes), bytes)
    }
  }

  #replaceExpiry(bytes: Uint8Array, before: Value | undefined, after: Value | undefined): void {
    if (before === after) return
    if (typeof before === 'number') this.expiries.remove(expiryKey(before, bytes))
    if (typeof after === 'number') this.expiries.put(expiryKey(after, bytes), NOTHING)
  }
}

/** Index keys, then the item's key; a digest of it where lmdb has no room (its order among equals does not matter). */
function entryKey(indexPk: string, indexSk: string, itemKey: Uint8Array): Buffer {
  const head = Buffer.from(`${indexPk}\0${indexSk}\0`)
  const fits = head.length + itemKey.length <= LMDB_KEY_BYTES_MAX
  return Buffer.concat([head, fits ? itemKey : digestOf(itemKey)])
}

function digestOf(itemKey: Uint8Array): Buffer {
  return Buffer.from(createHash('sha256').update(itemKey).digest('hex'))
}

function expiryKey(epochSecond: number, itemKey: Uint8Array): Buffer {
  const key = Buffer.allocUnsafe(EXPIRY_BYTES + itemKey.length)
  key.writeBigUInt64BE(BigInt(epochSecond))
  key.set(itemKey, EXPIRY_BYTES)
  return key
}

/** Expiry entries below this key are of items that reads no longer see. */
export function expiryBound(nowMs: number): Buffer {
  return expiryKey(Math.ceil(nowMs / 1000), NOTHING)
}

/** The item key of an expiry entry. */
export function itemKeyOfExpiry(key: Uint8Array): Buffer {
  return asBuffer(key).subarray(EXPIRY_BYTES)
}
