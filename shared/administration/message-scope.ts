// Whose a message is: which domains and accounts of ours have to do with it, so that rights can be asked, and which messages of a list
// somebody sees.
//
// Deliberately: a sender counts where he has logged in, or wrote on this host. What a stranger puts into MAIL FROM makes nobody's message
// of it: else whoever administers the domain that was claimed would see mail that others got.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Origin } from '#shared/contracts/spool.ts'
import { parseAccountId } from '#shared/directory/account-id.ts'
import type { Directory } from '#shared/directory/directory.ts'
import { type Address, parseAddress } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import type { Extent, Subject } from './rights/actor.ts'

export type MessageParties = {
  readonly origin: Pick<Origin, 'account' | 'listener'>
  readonly sender: string
  /** Of the envelope, and whom these led to. */
  readonly recipients: readonly string[]
}

export interface MessageScope {
  sees(message: MessageParties): Promise<boolean>
  /**
   * Which of its recipients are told: all to whoever sees what its sender sees, and to others their own. Who else got a message that was
   * sent to several in secret is nobody's business.
   */
  recipientsTold(message: MessageParties): Promise<(address: string) => boolean>
}

const everybody = () => true
const everything: MessageScope = {
  sees: async () => true,
  recipientsTold: async () => everybody,
}

/** Addresses of one message that are looked at for one account; who is behind them sees it by its own list. */
export const RECIPIENTS_LOOKED_AT_MAX = 1_000
const LOOKED_AT_ONCE = 16

type Asked = Pick<Directory, 'expand'>

/** The domain that has sent it; null: somebody else's. */
export function senderDomainOf({ origin, sender }: MessageParties): Domain | null {
  if (origin.account !== null) return parseAddress(origin.account.login)?.domain ?? null
  return origin.listener === 'local' ? (parseAddress(sender)?.domain ?? null) : null
}

export function domainsOf(message: MessageParties): readonly Domain[] {
  const senderDomain = senderDomainOf(message)
  const all = message.recipients.flatMap((text) => parseAddress(text)?.domain ?? [])
  return [...new Set(senderDomain === null ? all : [senderDomain, ...all])]
}

/** What rights are asked about. */
export async function messageSubject(
  directory: Asked,
  message: MessageParties,
): Promise<Extract<Subject, { readonly kind: 'message' }>> {
  const sent = message.origin.account && parseAccountId(message.origin.account.id)
  const addresses = message.recipients
    .slice(0, RECIPIENTS_LOOKED_AT_MAX)
    .flatMap((text) => parseAddress(text) ?? [])
  // An account that forwards its mail has got it.
  const { local } = await directory.expand(addresses, { followsForwards: false })
  return {
    kind: 'message',
    senderDomain: senderDomainOf(message),
    domains: domainsOf(message),
    accountIds: [...new Set([...(sent ? [sent] : []), ...local.map((one) => one.accountId)])],
  }
}

/** Undefined: everything is seen. */
export function createMessageScope(directory: Asked, extent: Extent | undefined): MessageScope {
  if (extent === undefined || extent.kind === 'all') return everything
  const sent = createSenderScope(extent)
  if (extent.kind === 'domains') {
    const domains = new Set(extent.domains)
    const isOwn = (text: string) => {
      const domain = parseAddress(text)?.domain
      return domain !== undefined && domains.has(domain)
    }
    return {
      sees: async (message) => domainsOf(message).some((domain) => domains.has(domain)),
      recipientsTold: async (message) => ((await sent.sees(message)) ? everybody : isOwn),
    }
  }
  const { accountId } = extent
  return {
    sees: async (message) =>
      (await sent.sees(message)) ||
      (await ownAddresses(directory, accountId, message.recipients)).length > 0,
    async recipientsTold(message) {
      if (await sent.sees(message)) return everybody
      const own = new Set(await ownAddresses(directory, accountId, message.recipients))
      return (address) => own.has(address)
    },
  }
}

/** What somebody may act on: what his own have sent, whoever gets it. */
export function createSenderScope(extent: Extent | undefined): Pick<MessageScope, 'sees'> {
  if (extent === undefined || extent.kind === 'all') return everything
  if (extent.kind === 'self') {
    return { sees: async ({ origin }) => origin.account?.id === extent.accountId }
  }
  const domains = new Set(extent.domains)
  return {
    async sees(message) {
      const domain = senderDomainOf(message)
      return domain !== null && domains.has(domain)
    },
  }
}

/** Of these addresses, those that lead to the account. */
export async function ownAddresses(
  directory: Asked,
  accountId: AccountId,
  texts: readonly string[],
): Promise<readonly string[]> {
  const addresses = texts.slice(0, RECIPIENTS_LOOKED_AT_MAX).map((text) => parseAddress(text))
  const own = new Set<Address>()
  // Each by itself: of several that lead to one account an expansion names the first.
  await concurrently(addresses, LOOKED_AT_ONCE, async (address) => {
    if (address === undefined) return
    // An account that forwards its mail has got it.
    const { local } = await directory.expand([address], { followsForwards: false })
    if (local.some((one) => one.accountId === accountId)) own.add(address)
  })
  return texts.filter((_, i) => {
    const address = addresses[i]
    return address !== undefined && own.has(address)
  })
}
