// The directory's expansion in the words of the queue: recipients are rewritten first (canonical(5)), and keep what the envelope said
// about them.

import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { EnvelopeRecipient } from '#shared/contracts/spool.ts'
import type { Directory } from '#shared/directory/directory.ts'
import type { FailedRecipient } from '#shared/directory/expansion.ts'
import type { AddressRewriting } from '#shared/directory/rewriting.ts'
import { type Address, formatAddress, parseAddress } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import type { Expand } from '#shared/queue/pipeline.ts'
import type { RecipientResult } from '#shared/queue/results.ts'

export function createExpand(deps: {
  readonly directory: Directory
  readonly rewriting: Pick<AddressRewriting, 'envelope'>
  readonly defaultDomain: Domain | undefined
  /** Whether all mail for accounts of a domain goes through a script. */
  readonly isFiltered?: (domain: Domain) => boolean
}): Expand {
  const { directory, rewriting, defaultDomain, isFiltered = () => false } = deps

  return async function expand(recipients, message) {
    const envelope = new Map<Address, EnvelopeRecipient>()
    const unreadable: RecipientResult[] = []
    for (const recipient of recipients) {
      const given = parseAddress(recipient.address, defaultDomain)
      const canonical = given && (await rewriting.envelope('recipient', formatAddress(given)))
      const address = canonical === undefined ? undefined : parseAddress(canonical)
      if (address) envelope.set(address, recipient)
      else unreadable.push(notAnAddress(recipient))
    }
    const { local, remote, failed } = await directory.expand([...envelope.keys()], message)
    const final = (found: {
      readonly address: Address
      readonly originalRecipient: Address
      readonly forwardedBy?: Address
      readonly atSource?: AccountId
    }): FinalRecipient => {
      const { forwardedBy, atSource = null } = found
      const original = envelope.get(found.originalRecipient)
      return {
        address: formatAddress(found.address),
        accountId: atSource,
        extension: null,
        original: original?.address ?? formatAddress(found.originalRecipient),
        notify: original?.notify ?? [],
        originalRecipient: original?.originalRecipient ?? null,
        ...(forwardedBy && { forwardedBy: formatAddress(forwardedBy) }),
      }
    }
    return {
      local: local.map((found) => ({
        ...final(found),
        accountId: found.accountId,
        extension: found.extension,
        needsContent: found.filtered || isFiltered(found.address.domain),
      })),
      remote: remote.map(final),
      failed: [
        ...unreadable,
        ...failed.map((found) => ({ recipient: final(found), result: failure(found) })),
      ],
    }
  }
}

const reasons = {
  unknown: ['5.1.1', 'User unknown'],
  disabled: ['5.2.1', 'Mailbox disabled'],
  loop: ['5.4.6', 'Alias loop'],
  'too-many': ['5.4.6', 'Alias leads to too many addresses'],
  // RFC 3463 §3.6: X.5.3, too many recipients.
  'message-limit': ['5.5.3', 'Message leads to too many addresses'],
} as const satisfies Record<FailedRecipient['reason'], readonly [string, string]>

function failure({ address, reason }: FailedRecipient): RecipientResult['result'] {
  const [status, text] = reasons[reason]
  return { kind: 'failed', status, reply: `<${formatAddress(address)}>: ${text}` }
}

/** Cannot happen: policy refused it at RCPT. It must not get lost all the same. */
function notAnAddress(recipient: EnvelopeRecipient): RecipientResult {
  return {
    recipient: {
      address: recipient.address,
      accountId: null,
      extension: null,
      original: recipient.address,
      notify: recipient.notify,
      originalRecipient: recipient.originalRecipient,
    },
    result: { kind: 'failed', status: '5.1.3', reply: `<${recipient.address}>: not an address` },
  }
}
