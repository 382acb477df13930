// All items of a DynamoDB table, by several scans at a time: a table is read as fast as one process can take it in.

import { type DynamoDBClient, ReturnConsumedCapacity, ScanCommand } from '@aws-sdk/client-dynamodb'
import type { Item } from '../ports.ts'
import { type Attributes, toItem } from './attribute-value.ts'
import { calling } from './failures.ts'

/** Each holds a page of a megabyte. */
const SEGMENTS = 4

/**
 * Expired items too, in no order, but each as it is after every write that has ended. Resolves to the read units that it took. `take`
 * is called by one page at a time.
 */
export async function scanTable(
  dynamo: DynamoDBClient,
  tableName: string,
  take: (items: readonly Item[]) => Promise<void> | void,
): Promise<number> {
  let units = 0
  let taking = Promise.resolve()
  async function scanSegment(Segment: number): Promise<void> {
    let ExclusiveStartKey: Attributes | undefined
    do {
      const scan = new ScanCommand({
        TableName: tableName,
        ConsistentRead: true,
        Segment,
        TotalSegments: SEGMENTS,
        ReturnConsumedCapacity: ReturnConsumedCapacity.TOTAL,
        ExclusiveStartKey,
      })
      const answer = await calling('Scan', dynamo.send(scan))
      units += answer.ConsumedCapacity?.CapacityUnits ?? 0
      const items = (answer.Items ?? []).map(toItem)
      taking = taking.then(() => take(items))
      await taking
      ExclusiveStartKey = answer.LastEvaluatedKey
    } while (ExclusiveStartKey !== undefined)
  }
  await Promise.all(Array.from({ length: SEGMENTS }, (_, segment) => scanSegment(segment)))
  return units
}
