// Request units of one DynamoDB request: what the answer says was consumed, corrected where DynamoDB Local says less than
// DynamoDB bills. Where the documentation leaves it open, the dearer reading is counted.
//
// DynamoDB Local agrees with DynamoDB on sizes, transactional reads (double) and index entries (a write each, two when a key moves).
// It leaves out: missing keys of a batch, which are read all the same; queries that find nothing, which are the least read; and
// everything about requests whose condition failed. What it says of requests with several writes is wrong (item-book.ts).

import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Usage } from './usage.ts'

export type Outcome =
  | { readonly kind: 'answered'; readonly output: Fields }
  | { readonly kind: 'failed'; readonly error: unknown }
type Fields = { readonly [name: string]: unknown }
type Item = { readonly [name: string]: AttributeValue }

/** Commands that say what they consumed when asked. */
export const reportingCommands: ReadonlySet<string> = new Set([
  'GetItemCommand',
  'BatchGetItemCommand',
  'QueryCommand',
  'ScanCommand',
  'TransactGetItemsCommand',
  'PutItemCommand',
  'UpdateItemCommand',
  'DeleteItemCommand',
  'BatchWriteItemCommand',
  'TransactWriteItemsCommand',
])

/** Refused before anything was read or written. */
const unbilledErrors: ReadonlySet<unknown> = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'ValidationException',
  'ResourceNotFoundException',
])

/** Undefined when nobody can say. */
export function dynamoUnits(command: string, input: Fields, outcome: Outcome): Usage | undefined {
  if (!reportingCommands.has(command)) return undefined
  if (outcome.kind === 'failed') return failedUnits(command, input, fields(outcome.error))
  const { output } = outcome
  const consumed = listOf(output.ConsumedCapacity ?? []).map(fields)
  if (consumed.length === 0) return undefined
  const units = consumed.reduce((total, { CapacityUnits }) => total + Number(CapacityUnits), 0)
  const least = input.ConsistentRead === true ? 1 : 0.5
  switch (command) {
    case 'BatchGetItemCommand':
      return { 'ddb.rru': units + missingUnits(input, output) }
    case 'QueryCommand':
    case 'ScanCommand':
      return { 'ddb.rru': Math.max(units, least) }
    case 'GetItemCommand':
    case 'TransactGetItemsCommand':
      return { 'ddb.rru': units }
    default: {
      const table = consumed.reduce(
        (total, { Table }) => total + Number(fields(Table).CapacityUnits ?? 0),
        0,
      )
      return { 'ddb.wru': table, 'ddb.wru.index': units - table }
    }
  }
}

function missingUnits(input: Fields, output: Fields): number {
  let units = 0
  for (const [table, request] of Object.entries(fields(input.RequestItems))) {
    const { Keys, ConsistentRead } = fields(request)
    const found = listOf(fields(output.Responses)[table] ?? []).length
    const left = listOf(fields(fields(output.UnprocessedKeys)[table]).Keys ?? []).length
    const missing = listOf(Keys ?? []).length - found - left
    units += missing * (ConsistentRead === true ? 1 : 0.5)
  }
  return units
}

/** A failed condition is paid by the larger of the item there and the one that should have been. */
function failedUnits(command: string, input: Fields, error: Fields): Usage | undefined {
  if (unbilledErrors.has(error.name)) return {}
  if (command === 'TransactGetItemsCommand') {
    return { 'ddb.rru': 2 * listOf(input.TransactItems ?? []).length }
  }
  if (error.name === 'TransactionCanceledException') {
    const reasons = listOf(error.CancellationReasons ?? []).map(fields)
    const units = listOf(input.TransactItems ?? []).map((part, at) => {
      const [write] = Object.values(fields(part))
      return 2 * writeUnits(fields(write).Item, reasons[at]?.Item)
    })
    return { 'ddb.wru': units.reduce((total, each) => total + each, 0) }
  }
  if (
    error.name === 'ConditionalCheckFailedException' ||
    error.name === 'TransactionConflictException'
  ) {
    return { 'ddb.wru': writeUnits(input.Item, error.Item) }
  }
  return undefined
}

function writeUnits(...items: readonly unknown[]): number {
  const bytes = Math.max(...items.map((item) => (item === undefined ? 0 : itemBytes(item as Item))))
  return Math.max(1, Math.ceil(bytes / 1_024))
}

/** By DynamoDB's documented rules: names and values in UTF-8, three bytes for a list or map and one for each member. */
export function itemBytes(item: Item): number {
  return Object.entries(item).reduce(
    (total, [name, value]) => total + Buffer.byteLength(name) + valueBytes(value),
    0,
  )
}

function valueBytes(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S)
  if (value.N !== undefined) return Math.ceil(value.N.length / 2) + 1
  if (value.B !== undefined) return value.B.byteLength
  if (value.SS !== undefined) return value.SS.reduce((n, text) => n + Buffer.byteLength(text), 0)
  if (value.L !== undefined) return value.L.reduce((n, member) => n + 1 + valueBytes(member), 3)
  if (value.M !== undefined) return 3 + itemBytes(value.M) + Object.keys(value.M).length
  return 1
}

/** What is no object has no fields. An error's are read one by one, for a few of them are inherited. */
function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}
