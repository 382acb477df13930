// A table of the port on one DynamoDB table. Its items carry `pk` and `sk` as strings, `ttl` in epoch seconds.

import { randomUUID } from 'node:crypto'
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  TransactGetItemsCommand,
  TransactionConflictException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import type { Clock } from '#shared/runtime/clock.ts'
import {
  checkItem,
  checkKey,
  checkPartitionKey,
  checkRange,
  checkTransaction,
  checkTransactionKeys,
  checkWrite,
  pageLimit,
} from '../limits.ts'
import {
  ConditionFailed,
  Conflict,
  type IndexEntry,
  type Item,
  type Key,
  type Page,
  type Query,
  StorageMisuse,
  type Table,
  type TableLayout,
  type Write,
} from '../ports.ts'
import { type Attributes, toItem } from './attribute-value.ts'
import { backoffMs } from './chunks.ts'
import type { AwsClients } from './clients.ts'
import { type KeyAttributes, keyExpression, keyOf, Placeholders, tableKey } from './expression.ts'
import { calling, storageFailure } from './failures.ts'
import { formatToken, parseToken } from './page-token.ts'
import { batchGet, batchWrite } from './table-batch.ts'
import { transactionFailure } from './transaction-failure.ts'
import { deleteRequest, putRequest, transactItem, updateRequest } from './write-request.ts'

/** A single write that meets a transaction was not written; it is tried so often before `Conflict`. */
const CONFLICT_ATTEMPTS_MAX = 5
const CONFLICT_PAUSE_MS = 20
const CONFLICT_PAUSE_MAX_MS = 300

export type DynamoTableOptions = {
  readonly clients: AwsClients
  /** Name of the table at DynamoDB. */
  readonly tableName: string
  readonly layout: TableLayout
  readonly clock: Clock
}

type SingleWrite = Exclude<Write, { readonly check: Key }>

export class DynamoTable implements Table {
  readonly #options: DynamoTableOptions
  readonly #dynamo: DynamoDBClient
  readonly #name: string

  constructor(options: DynamoTableOptions) {
    this.#options = options
    this.#dynamo = options.clients.dynamo
    this.#name = options.tableName
  }

  async get(key: Key, options?: { readonly consistent?: boolean }): Promise<Item | undefined> {
    checkKey(key)
    const answer = await calling(
      'GetItem',
      this.#dynamo.send(
        new GetItemCommand({
          TableName: this.#name,
          Key: keyOf(key),
          ConsistentRead: options?.consistent ?? false,
        }),
      ),
    )
    return this.#visible(answer.Item)
  }

  async batchGet(keys: readonly Key[], options?: { readonly consistent?: boolean }) {
    for (const key of keys) checkKey(key)
    const consistent = options?.consistent ?? false
    const found = await batchGet({ ...this.#options, keys, consistent })
    return found.map((attributes) => this.#visible(attributes))
  }

  async query(query: Query): Promise<Page<Item>> {
    const page = await this.#queryPage(query, tableKey, {
      ConsistentRead: query.consistent ?? false,
      ...(query.after !== undefined && { ExclusiveStartKey: startKey(query.pk, query.after) }),
    })
    const items: Item[] = []
    for (const attributes of page.items) {
      const item = this.#visible(attributes)
      if (item !== undefined) items.push(item)
    }
    return page.last === undefined
      ? { items }
      : { items, next: formatToken([page.last.sk?.S ?? '']) }
  }

  async queryIndex(index: string, query: Omit<Query, 'consistent'>): Promise<Page<IndexEntry>> {
    const key = this.#options.layout.indexes[index]
    if (key === undefined) throw new StorageMisuse(`table ${this.#name} has no index ${index}`)
    const { pk, after } = query
    const page = await this.#queryPage(query, key, {
      IndexName: key.storedAs ?? index,
      ...(after !== undefined && { ExclusiveStartKey: indexStartKey(pk, after, key) }),
    })
    const items = page.items.map((attributes) => indexEntry(attributes, key))
    if (page.last === undefined) return { items }
    const last = indexEntry(page.last, key)
    return { items, next: formatToken([last.indexSk, last.pk, last.sk]) }
  }

  async write(write: SingleWrite): Promise<Item | undefined> {
    const checked = checkWrite(write, this.#options.layout)
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#writeOnce(checked)
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) {
          throw new ConditionFailed([{ position: 0, item: error.Item && toItem(error.Item) }])
        }
        if (!(error instanceof TransactionConflictException)) {
          throw storageFailure(error, 'single write')
        }
        if (attempt + 1 === CONFLICT_ATTEMPTS_MAX) {
          throw new Conflict(error.message, { cause: error })
        }
        await this.#options.clock.sleep(
          backoffMs(attempt, CONFLICT_PAUSE_MS, CONFLICT_PAUSE_MAX_MS),
        )
      }
    }
  }

  async transact(writes: readonly Write[]): Promise<void> {
    const checked = checkTransaction(writes, this.#options.layout)
    if (checked.length === 0) return
    try {
      await this.#dynamo.send(
        new TransactWriteItemsCommand({
          TransactItems: checked.map((write) => transactItem(this.#name, write)),
          // Makes the SDK's repetitions after a lost answer harmless; DynamoDB remembers it for ten minutes.
          ClientRequestToken: randomUUID(),
        }),
      )
    } catch (error) {
      throw transactionFailure(error)
    }
  }

  async transactGet(keys: readonly Key[]): Promise<readonly (Item | undefined)[]> {
    checkTransactionKeys(keys)
    if (keys.length === 0) return []
    try {
      const answer = await this.#dynamo.send(
        new TransactGetItemsCommand({
          TransactItems: keys.map((key) => ({ Get: { TableName: this.#name, Key: keyOf(key) } })),
        }),
      )
      return keys.map((_, position) => this.#visible(answer.Responses?.[position]?.Item))
    } catch (error) {
      throw transactionFailure(error)
    }
  }

  async batchWrite(writes: readonly ({ readonly put: Item } | { readonly delete: Key })[]) {
    const { layout } = this.#options
    const checked = writes.map((write) => {
      if ('put' in write) return { put: checkItem(write.put, layout) }
      checkKey(write.delete)
      return write
    })
    await batchWrite({ ...this.#options, writes: checked })
  }

  async #queryPage(
    query: Omit<Query, 'consistent'>,
    key: KeyAttributes,
    fields: Partial<QueryCommandInput>,
  ): Promise<{ readonly items: readonly Attributes[]; readonly last?: Attributes | undefined }> {
    checkPartitionKey(query.pk)
    if (query.sk !== undefined) checkRange(query.sk)
    const use = new Placeholders()
    const expression = keyExpression(query.pk, query.sk, key, use)
    if (expression === undefined) return { items: [] }
    const answer = await calling(
      'Query',
      this.#dynamo.send(
        new QueryCommand({
          TableName: this.#name,
          KeyConditionExpression: expression,
          ...use.fields(),
          ScanIndexForward: query.reverse !== true,
          // Without a limit a page is a megabyte, which saves round trips in large folders.
          ...(query.limit !== undefined && { Limit: pageLimit(query.limit) }),
          ...fields,
        }),
      ),
    )
    return { items: answer.Items ?? [], last: answer.LastEvaluatedKey }
  }

  async #writeOnce(write: Write): Promise<Item | undefined> {
    const { dynamo, dynamoExact } = this.#options.clients
    const conditional = write.if !== undefined
    if ('put' in write) {
      const request = putRequest(this.#name, write)
      await (conditional ? dynamoExact : dynamo).send(new PutItemCommand(request))
      return write.put
    }
    if ('delete' in write) {
      const request = deleteRequest(this.#name, write)
      await (conditional ? dynamoExact : dynamo).send(new DeleteItemCommand(request))
      return undefined
    }
    if ('check' in write) throw new StorageMisuse('a check alone writes nothing')
    const repeatable = !conditional && write.changes.add === undefined
    const answer = await (repeatable ? dynamo : dynamoExact).send(
      new UpdateItemCommand({ ...updateRequest(this.#name, write), ReturnValues: 'ALL_NEW' }),
    )
    return answer.Attributes && toItem(answer.Attributes)
  }

  /** DynamoDB removes expired items hours or days late, so every read looks at the time itself. */
  #visible(attributes: Attributes | undefined): Item | undefined {
    if (attributes === undefined) return undefined
    const expires = attributes.ttl?.N
    if (expires !== undefined && Number(expires) * 1_000 < this.#options.clock.now()) {
      return undefined
    }
    return toItem(attributes)
  }
}

function indexEntry(attributes: Attributes, key: KeyAttributes): IndexEntry {
  const { pk, sk } = attributes
  return {
    pk: pk?.S ?? '',
    sk: sk?.S ?? '',
    indexPk: attributes[key.pk]?.S ?? '',
    indexSk: attributes[key.sk]?.S ?? '',
  }
}

function startKey(pk: string, token: string): Attributes {
  const [sk = ''] = parseToken(token)
  return keyOf({ pk, sk })
}

function indexStartKey(indexPk: string, token: string, key: KeyAttributes): Attributes {
  const [indexSk = '', pk = '', sk = ''] = parseToken(token)
  return { ...keyOf({ pk, sk }), [key.pk]: { S: indexPk }, [key.sk]: { S: indexSk } }
}
