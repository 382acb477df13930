// BatchGetItem and BatchWriteItem: cut to their sizes, and repeated for what DynamoDB left unprocessed.

import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Item, Key } from '../ports.ts'
import { type Attributes, toAttributes } from './attribute-value.ts'
import { backoffMs, inChunks } from './chunks.ts'
import type { AwsClients } from './clients.ts'
import { keyOf } from './expression.ts'
import { calling } from './failures.ts'

const GET_KEYS_MAX = 100
const WRITE_ITEMS_MAX = 25
const PARALLEL_REQUESTS_MAX = 8
/** Requests in a row that process nothing before the batch fails. */
const FRUITLESS_ATTEMPTS_MAX = 8
const PAUSE_MS = 50
const PAUSE_MAX_MS = 2_000

type Target = { readonly clients: AwsClients; readonly tableName: string; readonly clock: Clock }

/** Attributes in the order of the keys, undefined for a missing item. */
export async function batchGet(
  target: Target & { readonly keys: readonly Key[]; readonly consistent: boolean },
): Promise<readonly (Attributes | undefined)[]> {
  // DynamoDB refuses a key that comes twice in one request.
  const distinct = new Map(target.keys.map((key) => [keyId(key), keyOf(key)]))
  const found = new Map<string, Attributes>()
  await inChunks(
    [...distinct.values()],
    { size: GET_KEYS_MAX, parallel: PARALLEL_REQUESTS_MAX },
    async (chunk) => {
      await untilProcessed(target.clock, chunk, async (keys) => {
        const answer = await calling(
          'BatchGetItem',
          target.clients.dynamo.send(
            new BatchGetItemCommand({
              RequestItems: {
                [target.tableName]: { Keys: [...keys], ConsistentRead: target.consistent },
              },
            }),
          ),
        )
        for (const attributes of answer.Responses?.[target.tableName] ?? []) {
          found.set(attributesId(attributes), attributes)
        }
        return answer.UnprocessedKeys?.[target.tableName]?.Keys ?? []
      })
    },
  )
  return target.keys.map((key) => found.get(keyId(key)))
}

export async function batchWrite(
  target: Target & {
    readonly writes: readonly ({ readonly put: Item } | { readonly delete: Key })[]
  },
): Promise<void> {
  // DynamoDB refuses a key that comes twice in one request; the last write of a key is the one that stays.
  const distinct = new Map<string, WriteRequest>()
  for (const write of target.writes) {
    if ('put' in write) {
      distinct.set(keyId(write.put), { PutRequest: { Item: toAttributes(write.put) } })
    } else {
      distinct.set(keyId(write.delete), { DeleteRequest: { Key: keyOf(write.delete) } })
    }
  }
  await inChunks(
    [...distinct.values()],
    { size: WRITE_ITEMS_MAX, parallel: PARALLEL_REQUESTS_MAX },
    (chunk) =>
      untilProcessed(target.clock, chunk, async (requests) => {
        const answer = await calling(
          'BatchWriteItem',
          target.clients.dynamo.send(
            new BatchWriteItemCommand({ RequestItems: { [target.tableName]: [...requests] } }),
          ),
        )
        return answer.UnprocessedItems?.[target.tableName] ?? []
      }),
  )
}

/** Calls again with what was left over, pausing, until nothing is or several calls in a row achieved nothing. */
async function untilProcessed<T>(
  clock: Clock,
  requests: readonly T[],
  call: (requests: readonly T[]) => Promise<readonly T[]>,
): Promise<void> {
  let rest = requests
  for (let fruitless = 0; fruitless < FRUITLESS_ATTEMPTS_MAX; ) {
    const left = await call(rest)
    if (left.length === 0) return
    fruitless = left.length < rest.length ? 0 : fruitless + 1
    rest = left
    await clock.sleep(backoffMs(fruitless, PAUSE_MS, PAUSE_MAX_MS))
  }
  throw new TemporaryFailure(`DynamoDB left ${rest.length} parts of a batch unprocessed`)
}

/** Keys have no NUL. */
function keyId(key: Key): string {
  return `${key.pk}\0${key.sk}`
}

function attributesId(attributes: Attributes): string {
  return `${attributes.pk?.S}\0${attributes.sk?.S}`
}
