// Where mail goes of accounts and guests that are, or were a moment ago, on an old server: there, nowhere for now, or here. Asked when mail
// goes, as every route is, so that what waits follows the account when it moves. And who guests are here, once they are.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { AtSource } from '#shared/contracts/source.ts'
import type { Accounts } from '#shared/directory/accounts.ts'
import type { Directory } from '#shared/directory/directory.ts'
import { isGuest } from '#shared/directory/guests.ts'
import type { Sources } from '#shared/directory/sources.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { formatRoute, parseRoute } from '#shared/mail/route.ts'
import { HERE, type SlotOf } from './new-groups.ts'
import type { Expand } from './pipeline.ts'
import type { QueuedMessage, QueuedRecipient } from './records.ts'
import { isDone } from './results.ts'

export function withSources(
  slotOf: SlotOf,
  deps: {
    readonly accounts: Pick<Accounts, 'byId'>
    readonly sources: Pick<Sources, 'get'>
    readonly resolve: Directory['resolve']
  },
): SlotOf {
  async function sourceOf(id: AccountId, text: string): Promise<AtSource | undefined> {
    if (!isGuest(id)) return (await deps.accounts.byId(id))?.source
    const address = parseAddress(text)
    const found = address && (await deps.resolve(address))
    return found?.kind === 'guest' ? found.source : undefined
  }

  return async (to) => {
    const { accountId, address } = to
    if (accountId == null) return slotOf(to)
    const source = await sourceOf(accountId, address)
    // Who is gone is nobody here either: delivery says so.
    if (source === undefined) return HERE
    const { name, state } = source
    if (state === 'moving') return waiting('the account is moving')
    const smtp = (await deps.sources.get(name))?.smtp ?? null
    const route = smtp === null ? undefined : parseRoute(smtp)
    return typeof route === 'object' ? formatRoute(route) : waiting(`${name} has no mail host`)
  }
}

const waiting = (why: string) => formatRoute({ kind: 'retry', status: '4.3.2', why })

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
