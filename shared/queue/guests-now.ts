// What has become of guests (shared/directory/guests.ts) while their mail was in the queue: as long as their domain is on its old server they
// are where they were; from then on the directory says who they are here, an account or an alias.

import { isGuest } from '#shared/directory/guests.ts'
import type { Expand } from './pipeline.ts'
import type { QueuedMessage, QueuedRecipient } from './records.ts'
import { isDone } from './results.ts'

/** The recipients with those in place of guests who are here now. Who is nobody stays, and delivery says so. */
export type GuestsNow = (
  recipients: readonly QueuedRecipient[],
  message: Pick<QueuedMessage, 'deliveredTo'>,
) => Promise<readonly QueuedRecipient[]>

export function createGuestsNow(deps: {
  readonly isStillGuest: (address: string) => Promise<boolean>
  readonly expand: Expand
}): GuestsNow {
  async function now(
    recipient: QueuedRecipient,
    message: Pick<QueuedMessage, 'deliveredTo'>,
  ): Promise<readonly QueuedRecipient[]> {
    const { accountId, address, original, notify, originalRecipient } = recipient
    if (accountId === null || !isGuest(accountId) || isDone(recipient)) return [recipient]
    if (await deps.isStillGuest(address)) return [recipient]
    const { local, remote } = await deps.expand([{ address, notify, originalRecipient }], message)
    const found = [...local.map(({ needsContent: _, ...one }) => one), ...remote]
    return found.length === 0 ? [recipient] : found.map((one) => ({ ...one, original }))
  }

  return async (recipients, message) =>
    recipients.some(({ accountId }) => accountId !== null && isGuest(accountId))
      ? (await Promise.all(recipients.map((one) => now(one, message)))).flat()
      : recipients
}
