// Cancels transactions that meet on an item while both are under way, as DynamoDB does and DynamoDB Local does not: a middleware of
// the SDK below the meter, so that what was cancelled is counted and paid.

import { type DynamoDBClient, TransactionCanceledException } from '@aws-sdk/client-dynamodb'
import type { AwsClients } from '#shared/storage/aws/clients.ts'

type Fields = Readonly<Record<string, unknown>>
type Arguments = { readonly input: Fields }
type Next = (args: Arguments) => Promise<unknown>
type Context = { readonly commandName?: string }

export class Overlaps {
  /** Transactions that were cancelled so far. */
  cancelled = 0
  readonly #underWay = new Set<string>()

  attach({ dynamo, dynamoExact }: Pick<AwsClients, 'dynamo' | 'dynamoExact'>): void {
    for (const { middlewareStack } of [dynamo, dynamoExact] satisfies DynamoDBClient[]) {
      Reflect.apply(middlewareStack.add, middlewareStack, [
        this.#cancelling,
        { step: 'deserialize', priority: 'low', name: 'costOverlaps' },
      ])
    }
  }

  readonly #cancelling = (next: Next, { commandName = '' }: Context) => {
    return async (args: Arguments): Promise<unknown> => {
      if (commandName !== 'TransactWriteItemsCommand') return next(args)
      const keys = listOf(args.input.TransactItems).map(keyOfPart)
      const met = keys.map((key) => this.#underWay.has(key))
      if (met.includes(true)) {
        this.cancelled++
        throw new TransactionCanceledException({
          message: 'Transaction cancelled',
          CancellationReasons: met.map((meets) => ({
            Code: meets ? 'TransactionConflict' : 'None',
          })),
          $metadata: {},
        })
      }
      for (const key of keys) this.#underWay.add(key)
      try {
        return await next(args)
      } finally {
        for (const key of keys) this.#underWay.delete(key)
      }
    }
  }
}

/** Table, partition and sort key of one write. */
function keyOfPart(part: unknown): string {
  const [write] = Object.values(fields(part)).map(fields)
  const { pk, sk } = fields(write?.Key ?? write?.Item)
  return [write?.TableName, fields(pk).S, fields(sk).S].join('\0')
}

const fields = (value: unknown): Fields => Object(value)
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
