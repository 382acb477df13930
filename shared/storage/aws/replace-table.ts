// Puts the items of one DynamoDB table in the place of another's, after a restore: point-in-time recovery makes a new table, and
// everything in a deployment names the old one. May be repeated from the start when it was interrupted.
//
// The version of what is stored stays, for it is of all tables together: an older program must not open the others because the
// directory is from before them.

import { type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import type { Clock } from '#shared/runtime/clock.ts'
import { STORE_PK } from '../format.ts'
import { type Item, type Key, type Table, tableLayouts } from '../ports.ts'
import { type Attributes, toItem } from './attribute-value.ts'
import type { AwsClients } from './clients.ts'
import { calling } from './failures.ts'
import { takeOverStoreFormat } from './store-format.ts'
import { DynamoTable } from './table.ts'
import { batchWrite } from './table-batch.ts'

export type ReplaceOptions = {
  readonly clients: AwsClients
  /** Of the deployment. */
  readonly directory: Table
  /** Name of the restored table at DynamoDB. */
  readonly from: string
  /** Name of the table whose items go. */
  readonly to: string
  /** What is written for an item; undefined leaves it out. */
  readonly change: (item: Item) => Item | undefined
  readonly clock: Clock
  readonly progress: (done: { readonly removed: number; readonly copied: number }) => void
}

export async function replaceItems(options: ReplaceOptions): Promise<void> {
  const { clients, directory, from, to, change, clock, progress } = options
  const layout = tableLayouts.directory
  await takeOverStoreFormat(directory, new DynamoTable({ clients, tableName: from, layout, clock }))
  const target = { clients, tableName: to, clock }
  let removed = 0
  let copied = 0
  for await (const page of pages(clients.dynamo, to, { ProjectionExpression: 'pk, sk' })) {
    const deletes = page.filter(isReplaced).map((item) => ({ delete: keyOf(item) }))
    await batchWrite({ ...target, writes: deletes })
    removed += deletes.length
    progress({ removed, copied })
  }
  for await (const page of pages(clients.dynamo, from, { ConsistentRead: true })) {
    const puts = page
      .filter(isReplaced)
      .flatMap((item) => change(item) ?? [])
      .map((put) => ({ put }))
    await batchWrite({ ...target, writes: puts })
    copied += puts.length
    progress({ removed, copied })
  }
}

/** Whether a table has an item that is wanted; reads all of it unless one is found. */
export async function hasItem(
  clients: AwsClients,
  tableName: string,
  isWanted: (item: Item) => boolean,
): Promise<boolean> {
  for await (const page of pages(clients.dynamo, tableName, { ConsistentRead: true })) {
    if (page.some(isWanted)) return true
  }
  return false
}

export async function* pages(
  dynamo: DynamoDBClient,
  TableName: string,
  how: { readonly ProjectionExpression?: string; readonly ConsistentRead?: boolean },
): AsyncGenerator<readonly Item[]> {
  let ExclusiveStartKey: Attributes | undefined
  do {
    const scan = new ScanCommand({ TableName, ExclusiveStartKey, ...how })
    const answer = await calling('Scan', dynamo.send(scan))
    yield (answer.Items ?? []).map(toItem)
    ExclusiveStartKey = answer.LastEvaluatedKey
  } while (ExclusiveStartKey !== undefined)
}

function isReplaced({ pk }: Item): boolean {
  return pk !== STORE_PK
}

function keyOf({ pk, sk }: Item): Key {
  return { pk, sk }
}
