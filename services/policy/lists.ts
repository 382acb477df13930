// The restriction lists, each in the order in which it is asked, in Postfix's words. Which setting of Postfix is meant stands beside.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Directory } from '#shared/directory/directory.ts'
import { type Domain, parseDomain } from '#shared/mail/domain.ts'
import type { Used } from '#shared/mailbox/quota.ts'
import type { SenderLogins } from '#shared/settings/address-kinds.ts'
import { originDomain } from '#shared/settings/own-domains.ts'
import { rejectEndedAccount } from './account.ts'
import { limitFinalRecipients } from './final-recipients.ts'
import { rejectNonFqdn } from './fully-qualified.ts'
import { limitHops, rejectDeliveredBefore } from './hops.ts'
import { rejectUnlistedRecipient } from './listed.ts'
import { rejectAuthorLoginMismatch, rejectSenderLoginMismatch } from './login-mismatch.ts'
import { rejectOverQuota } from './quota.ts'
import { permitMynetworks, permitSaslAuthenticated, rejectUnauthDestination } from './relay.ts'
import type { RestrictionLists } from './restriction.ts'
import { createSenderRights } from './sender-logins.ts'
import type { SendingLimits } from './sending-limits.ts'

export type ListOptions = {
  /** These complete senders. */
  readonly hostname: string
  readonly myorigin: string
  readonly defaultDomain: string
  readonly hopcountLimit: number
  /** Messages an account may hold, 0 for no limit. */
  readonly mailboxMessageLimit: number
  /** What the recipients of one message may lead to. */
  readonly messageFinalRecipientLimit: number
  /** Whether who logged in sends as itself only, and who may be somebody else besides. */
  readonly smtpdRejectSenderLoginMismatch: boolean
  readonly smtpdSenderLoginMaps: readonly SenderLogins[]
  readonly recipientDelimiter: string
}

export function createLists(deps: {
  readonly directory: Directory
  readonly usage: (accountId: AccountId) => Promise<Used>
  readonly isMynetwork: (address: string) => boolean
  readonly sending: SendingLimits
  readonly options: ListOptions
}): RestrictionLists {
  const { directory, sending, options } = deps
  const origin: Domain | undefined = parseDomain(originDomain(options))
  const rights = createSenderRights({
    directory,
    senderLogins: options.smtpdSenderLoginMaps,
    recipientDelimiter: options.recipientDelimiter,
    defaultDomain: origin,
  })
  const heldToItself = options.smtpdRejectSenderLoginMismatch
  return {
    /** smtpd_client_restrictions */
    connect: [],
    /** smtpd_helo_restrictions */
    helo: [],
    /** smtpd_sender_restrictions */
    sender: [],
    /** smtpd_recipient_restrictions */
    recipient: [
      rejectEndedAccount(directory.accounts),
      ...(heldToItself ? [rejectSenderLoginMismatch(rights)] : []),
      limitFinalRecipients(options.messageFinalRecipientLimit),
      sending.restriction,
      rejectNonFqdn,
      permitMynetworks(deps.isMynetwork),
      permitSaslAuthenticated,
      rejectUnauthDestination,
      rejectUnlistedRecipient,
      rejectOverQuota(deps.usage, options.mailboxMessageLimit),
    ],
    /** smtpd_data_restrictions */
    data: [],
    /** smtpd_end_of_data_restrictions */
    message: [
      limitHops(options.hopcountLimit),
      rejectDeliveredBefore,
      ...(heldToItself ? [rejectAuthorLoginMismatch(rights)] : []),
      // Last, since it counts: only what is taken was sent.
      sending.counting,
    ],
  }
}
