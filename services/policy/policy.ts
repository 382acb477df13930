// policy: decides what listeners may take. At RCPT the ordered restriction list is asked; at the end of the message the
// message's own restrictions. A failure to decide is a `451`, never a yes.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { MessageRequest, Policy, PolicyVerdict, SmtpReply } from '#shared/contracts/policy.ts'
import type { Directory, Reach } from '#shared/directory/directory.ts'
import { lookupKey, parseAddress } from '#shared/mail/address.ts'
import { type Domain, parseDomain } from '#shared/mail/domain.ts'
import type { Used } from '#shared/mailbox/quota.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { SenderLogins } from '#shared/runtime/settings/address-kinds.ts'
import { originDomain } from '#shared/runtime/settings/own-domains.ts'
import { rejectEndedAccount } from './account.ts'
import { finalRecipients, limitFinalRecipients } from './final-recipients.ts'
import { rejectNonFqdn } from './fully-qualified.ts'
import { rejectUnlistedRecipient } from './listed.ts'
import { foreignAuthor, loginMismatch, rejectSenderLoginMismatch } from './login-mismatch.ts'
import { rejectOverQuota } from './quota.ts'
import { permitMynetworks, permitSaslAuthenticated, rejectUnauthDestination } from './relay.ts'
import { badRecipient, forwardingLoop, tooManyHops, tryLater } from './replies.ts'
import type { Restriction } from './restriction.ts'
import { createSenderRights } from './sender-logins.ts'
import type { SendingLimits } from './sending-limits.ts'

export type PolicyOptions = {
  /** Completes `postmaster` without a domain (RFC 5321 §4.5.1), which listeners complete no further. */
  readonly hostname: string
  /** These complete senders. */
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

export function createPolicy(deps: {
  readonly directory: Directory
  readonly usage: (accountId: AccountId) => Promise<Used>
  readonly isMynetwork: (address: string) => boolean
  readonly sending: SendingLimits
  readonly options: PolicyOptions
  readonly log: Log
}): Policy {
  const origin: Domain | undefined = parseDomain(originDomain(deps.options))
  const host = parseDomain(deps.options.hostname)
  const senderRights = createSenderRights({
    directory: deps.directory,
    senderLogins: deps.options.smtpdSenderLoginMaps,
    recipientDelimiter: deps.options.recipientDelimiter,
    defaultDomain: origin,
  })
  const heldToItself = deps.options.smtpdRejectSenderLoginMismatch
  const restrictions: readonly Restriction[] = [
    rejectEndedAccount(deps.directory.accounts),
    ...(heldToItself ? [rejectSenderLoginMismatch(senderRights)] : []),
    limitFinalRecipients(deps.options.messageFinalRecipientLimit),
    deps.sending.restriction,
    rejectNonFqdn,
    permitMynetworks(deps.isMynetwork),
    permitSaslAuthenticated,
    rejectUnauthDestination,
    rejectUnlistedRecipient,
    rejectOverQuota(deps.usage, deps.options.mailboxMessageLimit),
  ]

  return {
    async recipient(request) {
      const recipient = parseAddress(request.recipient, host)
      if (recipient === undefined) return rejected(badRecipient(request.recipient), 'syntax')
      try {
        const found = await deps.directory.resolve(recipient)
        let reached: Promise<Reach> | undefined
        const reach = () => {
          reached ??= deps.directory.reach(recipient)
          return reached
        }
        for (const restriction of restrictions) {
          const decision = await restriction.decide({ request, recipient, found, reach })
          if (decision.kind === 'permit') break
          if (decision.kind === 'reject') return rejected(decision.reply, restriction.name)
        }
        if (found.kind !== 'alias') return permitted
        return { ...permitted, finalRecipients: finalRecipients(await reach()) }
      } catch (error) {
        deps.log.error({ queueId: request.queueId, error }, 'recipient not decided')
        return rejected(tryLater, 'failure')
      }
    },

    async message(request: MessageRequest) {
      // RFC 5321 §6.3: counting Received fields ends a loop between servers.
      if (request.receivedFields > deps.options.hopcountLimit) {
        return rejected(tooManyHops, 'hopcount_limit')
      }
      const loop = forwardingLoopOf(request)
      if (loop) return rejected(loop, 'delivered_to')
      try {
        const foreign = heldToItself && (await foreignAuthor(request, senderRights))
        if (foreign) return rejected(foreign, loginMismatch)
        // Last, since it counts: only what is taken was sent.
        const tooMuch = await deps.sending.count(request)
        return tooMuch ? rejected(tooMuch, deps.sending.restriction.name) : permitted
      } catch (error) {
        deps.log.error({ queueId: request.queueId, error }, 'message not decided')
        return rejected(tryLater, 'failure')
      }
    },
  }
}

/**
 * RFC 5321 §6.3: where every recipient has the message already its sender is told; those who have it among others are left out at
 * delivery, as are those whom only an alias leads to.
 */
function forwardingLoopOf({ envelope, deliveredTo = [] }: MessageRequest): SmtpReply | undefined {
  const before = new Set(deliveredTo.map(lookupKey))
  const { recipients } = envelope
  const [first] = recipients
  const all = recipients.every(({ address }) => before.has(lookupKey(address)))
  return first !== undefined && all ? forwardingLoop(first.address) : undefined
}

const permitted = {
  kind: 'permit',
  prepend: '',
  finalRecipients: 1,
} as const satisfies PolicyVerdict

const rejected = (reply: SmtpReply, restriction: string): PolicyVerdict => ({
  kind: 'reject',
  reply,
  restriction,
})
