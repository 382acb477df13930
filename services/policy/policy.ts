// policy: decides what listeners may take. At RCPT the ordered restriction list is asked; at the end of the message the
// message's own restrictions. A failure to decide is a `451`, never a yes.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { MessageRequest, PolicyClient, SmtpReply, Verdict } from '#shared/contracts/policy.ts'
import type { Directory } from '#shared/directory/directory.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { type Domain, parseDomain } from '#shared/mail/domain.ts'
import type { Usage } from '#shared/mailbox/quota.ts'
import type { Log } from '#shared/runtime/log.ts'
import { rejectEndedAccount } from './account.ts'
import { rejectUnlistedRecipient } from './listed.ts'
import { rejectOverQuota } from './quota.ts'
import { permitMynetworks, permitSaslAuthenticated, rejectUnauthDestination } from './relay.ts'
import { badRecipient, tooManyHops, tryLater } from './replies.ts'
import type { Restriction } from './restriction.ts'

export type PolicyOptions = {
  /** Completes `postmaster` without a domain (RFC 5321 §4.5.1). */
  readonly defaultDomain: string
  readonly hopcountLimit: number
  /** Messages an account may hold, 0 for no limit. */
  readonly mailboxMessageLimit: number
}

export function createPolicy(deps: {
  readonly directory: Directory
  readonly usage: (accountId: AccountId) => Promise<Usage>
  readonly isMynetwork: (address: string) => boolean
  readonly options: PolicyOptions
  readonly log: Log
}): PolicyClient {
  const defaultDomain: Domain | undefined = parseDomain(deps.options.defaultDomain)
  const restrictions: readonly Restriction[] = [
    rejectEndedAccount(deps.directory.accounts),
    permitMynetworks(deps.isMynetwork),
    permitSaslAuthenticated,
    rejectUnauthDestination,
    rejectUnlistedRecipient,
    rejectOverQuota(deps.usage, deps.options.mailboxMessageLimit),
  ]

  return {
    async recipient(request) {
      const recipient = parseAddress(request.recipient, defaultDomain)
      if (recipient === undefined) return rejected(badRecipient(request.recipient), 'syntax')
      try {
        const found = await deps.directory.resolve(recipient)
        for (const restriction of restrictions) {
          const decision = await restriction.decide({ request, recipient, found })
          if (decision.kind === 'permit') return permitted
          if (decision.kind === 'reject') return rejected(decision.reply, restriction.name)
        }
        return permitted
      } catch (error) {
        deps.log.error({ queueId: request.queueId, error }, 'recipient not decided')
        return rejected(tryLater, 'failure')
      }
    },

    message(request: MessageRequest) {
      // RFC 5321 §6.3: counting Received fields ends a loop between servers.
      const looping = request.receivedFields > deps.options.hopcountLimit
      return Promise.resolve(looping ? rejected(tooManyHops, 'hopcount_limit') : permitted)
    },
  }
}

const permitted: Verdict = { kind: 'permit', prepend: '' }

const rejected = (reply: SmtpReply, restriction: string): Verdict => ({
  kind: 'reject',
  reply,
  restriction,
})
