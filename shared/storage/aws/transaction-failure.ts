// Why DynamoDB cancelled a transaction, in the words of the port.

import { TransactionCanceledException } from '@aws-sdk/client-dynamodb'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { ConditionFailed, Conflict, StorageMisuse } from '../ports.ts'
import { toItem } from './attribute-value.ts'
import { storageFailure } from './failures.ts'

/**
 * A false condition is certain knowledge and comes first, also when another write of the same transaction met a conflict.
 */
export function transactionFailure(error: unknown): unknown {
  if (!(error instanceof TransactionCanceledException)) return storageFailure(error, 'transaction')
  const reasons = error.CancellationReasons ?? []
  const failed = reasons.flatMap((reason, position) =>
    reason.Code === 'ConditionalCheckFailed'
      ? [{ position, item: reason.Item && toItem(reason.Item) }]
      : [],
  )
  if (failed.length > 0) return new ConditionFailed(failed)
  const codes = new Set(reasons.map((reason) => reason.Code))
  if (codes.has('ValidationError') || codes.has('ItemCollectionSizeLimitExceeded')) {
    return new StorageMisuse(error.message, { cause: error })
  }
  if (codes.has('TransactionConflict')) return new Conflict(error.message, { cause: error })
  return new TemporaryFailure(error.message, { cause: error })
}
