// Write units of requests with several items. DynamoDB Local counts items of equal size in a transaction once (two puts of 1 KB are
// 2 units instead of 4), so they are worked out from the items themselves: the larger of an item before and after the write in
// KB, double in a transaction, and a write for every index entry that comes, goes or moves (two, for both). The items are looked
// up afterwards, by a client that nobody counts.

import {
  type AttributeValue,
  BatchGetItemCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb'
import { type TableLayout, tableLayouts } from '#shared/storage/ports.ts'
import { itemBytes } from './dynamo-units.ts'
import { sum, type Usage } from './usage.ts'

type Item = Readonly<Record<string, AttributeValue>>
type Key = { readonly pk: AttributeValue; readonly sk: AttributeValue }
/** What is known of an item: its size, and its place in each index of its table. */
type Known = { readonly bytes: number; readonly places: readonly (string | undefined)[] }
type Touched = { readonly table: string; readonly key: Key; readonly checkOnly: boolean }
type Pending = {
  readonly touched: readonly Touched[]
  readonly factor: number
  readonly count: (usage: Usage) => void
}

const KEYS_MAX = 100
const absent: Known = { bytes: 0, places: [] }

export class ItemBook {
  readonly #dynamo: DynamoDBClient
  readonly #known = new Map<string, Known>()
  readonly #sizes = new Map<string, { items: number; bytes: number }>()
  #pending: Pending[] = []

  constructor(dynamo: DynamoDBClient) {
    this.#dynamo = dynamo
  }

  /** Keeps in mind what single writes made of an item. */
  note(command: string, input: Fields, output: Fields): void {
    const table = String(input.TableName)
    if (command === 'PutItemCommand') this.#put(table, input.Item as Item)
    if (command === 'UpdateItemCommand' && output.Attributes !== undefined) {
      this.#put(table, output.Attributes as Item)
    }
    if (command === 'DeleteItemCommand') this.#known.delete(nameOf(table, input.Key as Key))
  }

  /** False when it is no request with several writes. */
  isWriteOfMany(command: string): boolean {
    return command === 'TransactWriteItemsCommand' || command === 'BatchWriteItemCommand'
  }

  /** `count` is told the units by `settle`. */
  expect(command: string, input: Fields, count: (usage: Usage) => void): void {
    const transaction = command === 'TransactWriteItemsCommand'
    const touched = transaction ? transactionKeys(input) : batchKeys(input)
    this.#pending.push({ touched, factor: transaction ? 2 : 1, count })
  }

  async settle(): Promise<void> {
    const pending = this.#pending
    this.#pending = []
    const now = await this.#look(pending.flatMap(({ touched }) => touched))
    for (const { touched, factor, count } of pending) {
      const units = touched.map((each) => this.#units(each, now))
      const total = sum(...units)
      count({
        'ddb.wru': factor * (total['ddb.wru'] ?? 0),
        'ddb.wru.index': factor * (total['ddb.wru.index'] ?? 0),
      })
    }
  }

  averageBytes(kind: string): number {
    const { items, bytes } = this.#sizes.get(kind) ?? { items: 0, bytes: 0 }
    return bytes / items
  }

  #units({ table, key, checkOnly }: Touched, now: ReadonlyMap<string, Known>): Usage {
    const name = nameOf(table, key)
    const before = this.#known.get(name) ?? absent
    const after = now.get(name) ?? absent
    const units = Math.max(1, Math.ceil(Math.max(before.bytes, after.bytes) / 1_024))
    if (checkOnly) return { 'ddb.wru': units }
    this.#known.set(name, after)
    this.#measure(table, key, after.bytes)
    let entries = 0
    for (let index = 0; index < Math.max(before.places.length, after.places.length); index++) {
      const [was, is] = [before.places[index], after.places[index]]
      if (was === is) continue
      entries += (was === undefined ? 0 : 1) + (is === undefined ? 0 : 1)
    }
    return { 'ddb.wru': units, 'ddb.wru.index': entries }
  }

  #put(table: string, item: Item): void {
    const { pk, sk } = item
    if (pk !== undefined && sk !== undefined) {
      const now = known(table, item)
      this.#known.set(nameOf(table, { pk, sk }), now)
      this.#measure(table, { pk, sk }, now.bytes)
    }
  }

  #measure(table: string, { pk }: Key, bytes: number): void {
    if (bytes === 0) return
    const kind = `${table.slice(table.lastIndexOf('-') + 1)} ${pk.S?.split('#')[0]}`
    const before = this.#sizes.get(kind) ?? { items: 0, bytes: 0 }
    this.#sizes.set(kind, { items: before.items + 1, bytes: before.bytes + bytes })
  }

  async #look(touched: readonly Touched[]): Promise<ReadonlyMap<string, Known>> {
    const wanted = [
      ...new Map(touched.map((each) => [nameOf(each.table, each.key), each])).values(),
    ]
    const found = new Map<string, Known>()
    for (let at = 0; at < wanted.length; at += KEYS_MAX) {
      const requests: Record<string, { Keys: Key[]; ConsistentRead: true }> = {}
      for (const { table, key } of wanted.slice(at, at + KEYS_MAX)) {
        requests[table] ??= { Keys: [], ConsistentRead: true }
        requests[table].Keys.push(key)
      }
      const command = new BatchGetItemCommand({ RequestItems: requests })
      const { Responses = {} } = await this.#dynamo.send(command)
      for (const [table, items] of Object.entries(Responses)) {
        for (const item of items) {
          const { pk, sk } = item
          if (pk && sk) found.set(nameOf(table, { pk, sk }), known(table, item))
        }
      }
    }
    return found
  }
}

type Fields = Readonly<Record<string, unknown>>

function known(table: string, item: Item): Known {
  const layouts: readonly TableLayout[] = Object.values(tableLayouts)
  const layout = layouts.find(({ name }) => table.endsWith(`-${name}`))
  const places = Object.values(layout?.indexes ?? {}).map(({ pk, sk }) => {
    const [indexPk, indexSk] = [item[pk]?.S, item[sk]?.S]
    return indexPk === undefined || indexSk === undefined ? undefined : `${indexPk}\0${indexSk}`
  })
  return { bytes: itemBytes(item), places }
}

function transactionKeys(input: Fields): readonly Touched[] {
  const parts = Array.isArray(input.TransactItems) ? input.TransactItems : []
  return parts.flatMap((part: object) =>
    Object.entries(part).map(([kind, write]) => ({
      table: String(write.TableName),
      key: keyOf(write.Key ?? write.Item),
      checkOnly: kind === 'ConditionCheck',
    })),
  )
}

function batchKeys(input: Fields): readonly Touched[] {
  return Object.entries(Object(input.RequestItems)).flatMap(([table, requests]) =>
    (Array.isArray(requests) ? requests : []).map((request) => ({
      table,
      key: keyOf(request.PutRequest?.Item ?? request.DeleteRequest?.Key),
      checkOnly: false,
    })),
  )
}

const keyOf = ({ pk, sk }: Key): Key => ({ pk, sk })
const nameOf = (table: string, { pk, sk }: Key) => `${table}\0${pk.S}\0${sk.S}`
