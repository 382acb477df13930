// Notices when DynamoDB refuses attempts because a table or a partition is asked for too much. The SDK repeats them, so that
// nobody else would hear of it before the repetitions do not help any more.

import { type DynamoDBClient, TransactionCanceledException } from '@aws-sdk/client-dynamodb'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'

/** One line for all that is refused in this time. */
const LINE_EVERY_MS = 1_000

const refusals: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
])
const reasonsOfTransactions: ReadonlySet<string | undefined> = new Set([
  'ProvisionedThroughputExceeded',
  'ThrottlingError',
])

/** Logs throttling of the clients, of each attempt and not only of the last one. */
export function logThrottling(
  clients: readonly DynamoDBClient[],
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): void {
  let attempts = 0
  let lineMs = Number.NEGATIVE_INFINITY
  for (const client of clients) {
    client.middlewareStack.add(
      (next) => async (request) => {
        try {
          return await next(request)
        } catch (error) {
          if (!isThrottling(error)) throw error
          attempts += 1
          const nowMs = clock.now()
          if (nowMs - lineMs >= LINE_EVERY_MS) {
            log.warn({ attempts }, 'DynamoDB throttles')
            attempts = 0
            lineMs = nowMs
          }
          throw error
        }
      },
      // Below the repetitions of the SDK, which are at high priority. A store that is opened anew on the same clients has the last word.
      { step: 'finalizeRequest', priority: 'normal', name: 'logThrottling', override: true },
    )
  }
}

function isThrottling(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof TransactionCanceledException) {
    return (error.CancellationReasons ?? []).some(({ Code }) => reasonsOfTransactions.has(Code))
  }
  return refusals.has(error.name)
}
