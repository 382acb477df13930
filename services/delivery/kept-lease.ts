// The lease of a group for as long as its delivery takes, and until what came of it is written.

import type { MailQueue } from '#shared/queue/mail-queue.ts'
import { GROUP_LEASE_MS } from '#shared/queue/new-groups.ts'
import type { Group } from '#shared/queue/records.ts'
import type { Settlement } from '#shared/queue/settle.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'

/** Between attempts to write results down. */
const SETTLE_PAUSE_MS = 1_000

/** Renews the lease for as long as another host keeps us waiting, so that no second worker sends the same mail. */
export function keepLease(
  taken: Group,
  { queue, clock }: { readonly queue: Pick<MailQueue, 'renew'>; readonly clock: Clock },
): { end(): Promise<Group> } {
  const ending = new AbortController()
  let group = taken
  const renewing = (async () => {
    for (;;) {
      await clock.sleep(GROUP_LEASE_MS / 3, ending.signal)
      if (ending.signal.aborted) return
      const renewed = await queue.renew(group).catch(() => group)
      if (renewed === undefined) return
      group = renewed
    }
  })()
  return {
    async end() {
      ending.abort()
      await renewing
      return group
    },
  }
}

/**
 * Writes the results down, again and again while the store fails and the lease holds: what another host has taken must not
 * be sent to it a second time.
 */
export async function settleWhileLeased(
  group: Group,
  settlement: Settlement,
  { queue, clock }: { readonly queue: Pick<MailQueue, 'settle'>; readonly clock: Clock },
): Promise<boolean> {
  for (;;) {
    try {
      return await queue.settle(group, settlement)
    } catch (error) {
      const late = clock.now() + SETTLE_PAUSE_MS >= group.leaseUntilMs
      if (!(error instanceof TemporaryFailure) || late) throw error
      await clock.sleep(SETTLE_PAUSE_MS)
    }
  }
}
