// The envelope that mail leaves with: the sender of forwarded mail is one of ours (SRS), and addresses that nobody outside knows become
// others (generic(5)). Decided when it leaves, for each recipient: what waits in the queue keeps what it came with, and its notices go to
// whoever sent it.

import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { BounceAddresses } from '#shared/directory/bounce-addresses.ts'
import type { Directory } from '#shared/directory/directory.ts'
import type { AddressRewriting } from '#shared/directory/rewriting.ts'
import { canonicalAddress, lookupKey, parseAddress } from '#shared/mail/address.ts'
import type { Route } from '#shared/mail/route.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'

export interface LeavingEnvelope {
  senderOf(message: Leaving, route: Route, recipient: FinalRecipient): Promise<string>
  /** The recipient's address as that host is told. */
  addressOf(message: Leaving, route: Route, recipient: FinalRecipient): Promise<string>
  /** What header fields are rewritten with; undefined: they stay. */
  headerOf(message: Leaving, route: Route): Generic | undefined
}

export const asItCame: LeavingEnvelope = {
  senderOf: async ({ envelope }) => envelope.sender,
  addressOf: async (_message, _route, { address }) => address,
  headerOf: () => undefined,
}

type Leaving = Pick<QueuedMessage, 'envelope' | 'origin' | 'filter'>
export type Generic = AddressRewriting['generic']

export function createLeavingEnvelope(deps: {
  readonly directory: Pick<Directory, 'resolve'>
  readonly bounceAddresses: Pick<BounceAddresses, 'wrap'>
  readonly rewriting: Pick<AddressRewriting, 'generic' | 'hasGeneric'>
}): LeavingEnvelope {
  const { directory, bounceAddresses, rewriting } = deps

  async function isFromOutside(sender: string): Promise<boolean> {
    const address = parseAddress(sender)
    if (address === undefined) return false
    // Whoever it is, only the domain counts.
    const { kind } = await directory.resolve({ local: 'postmaster', domain: address.domain })
    return kind === 'remote'
  }

  /** Found out once for all recipients of an attempt. */
  const forwardedAs = new WeakMap<Leaving, Promise<string>>()

  function senderOfForwarded(message: Leaving): Promise<string> {
    const known = forwardedAs.get(message)
    if (known !== undefined) return known
    const { sender } = message.envelope
    const found = isFromOutside(sender).then((is) => (is ? bounceAddresses.wrap(sender) : sender))
    forwardedAs.set(message, found)
    return found
  }

  return {
    async senderOf(message, route, recipient) {
      const { sender } = message.envelope
      if (sender === '' || !isOutside(message, route) || isAtSource(recipient)) return sender
      const isRewritten = isForwarded(message, recipient)
      return rewriting.generic(isRewritten ? await senderOfForwarded(message) : sender)
    },
    addressOf: async (message, route, recipient) =>
      isOutside(message, route) && !isAtSource(recipient)
        ? rewriting.generic(recipient.address)
        : recipient.address,
    headerOf: (message, route) =>
      rewriting.hasGeneric && isOutside(message, route) ? rewriting.generic : undefined,
  }
}

/** To a content filter, and by LMTP, it goes to a neighbour that knows whom it has before it. */
const isOutside = ({ filter }: Leaving, { kind }: Route) =>
  filter === null && (kind === 'smtp' || kind === 'ses')

/** The account is still on an old server of ours, which is as good as here. */
const isAtSource = ({ accountId }: FinalRecipient) => accountId !== null

/** An alias or an account led outside, or a copy goes there. What our own clients and domains that we relay for send is not. */
function isForwarded({ origin }: Leaving, recipient: FinalRecipient): boolean {
  const { address, original, notify, originalRecipient } = recipient
  if (lookupKey(canonicalAddress(original)) !== lookupKey(address)) return true
  const isCopy = notify.length === 1 && notify[0] === 'NEVER' && originalRecipient === null
  return isCopy && origin.account === null
}
