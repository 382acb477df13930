// The bells of one batch at the same time: none waits for another, and none fails with another.

import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { BatchResult } from '#shared/storage/consumer.ts'
import type { QueueMessage } from '#shared/storage/ports.ts'

export async function forEachBell(
  bells: readonly QueueMessage[],
  work: (bell: string) => Promise<unknown>,
  log: Log,
): Promise<BatchResult> {
  const retry: string[] = []
  await Promise.all(
    bells.map(async (bell) => {
      try {
        await work(bell.body)
      } catch (error) {
        log.error({ bell: bell.body, error }, 'delivery failed')
        if (error instanceof TemporaryFailure) retry.push(bell.id)
      }
    }),
  )
  return { retry }
}
