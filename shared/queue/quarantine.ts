// Mail that was taken and set aside by policy, a filter or a check, before it was given to anybody: somebody decides whether it is safe. What
// an operator holds is another matter, and so is the mail of an account that is frozen.
//
// A message is released for all of its recipients or for some. Those it is not released for wait on in a group of their own, as the
// envelope has them: their aliases are followed when they are released.

import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { EnvelopeRecipient } from '#shared/contracts/spool.ts'
import { lookupKey } from '#shared/mail/address.ts'
import type { NewGroup } from './new-groups.ts'
import { HELD_BY_OPERATOR, HELD_FOR_FROZEN } from './pipeline.ts'
import type { Group, QueuedMessage, QueueEntry } from './records.ts'

const reasonsOfOthers: ReadonlySet<string> = new Set([HELD_BY_OPERATOR, HELD_FOR_FROZEN])

/** Envelope recipients who wait for somebody to release it to them; none where it is in no quarantine. */
export function quarantinedFor({ message, groups }: QueueEntry): readonly string[] {
  const { state, reason, envelope } = message
  if (reason === null || reasonsOfOthers.has(reason)) return []
  if (state === 'held') return envelope.recipients.map(({ address }) => address)
  if (state !== 'split' || message.releasedFor === undefined) return []
  return keptOf(groups).flatMap(({ recipients }) => recipients.map((one) => one.original))
}

/** Of a message that was released to some: what the others wait in. */
export const keptOf = (groups: readonly Group[]): readonly Group[] => groups.filter(isKept)

/** Whom nobody has asked the directory about. */
const isKept = ({ state, destination, recipients }: Group) =>
  state === 'held' &&
  destination.kind === 'local' &&
  recipients.every(({ accountId, last, address, original }) => {
    return accountId === null && last === undefined && address === original
  })

/** Of its envelope recipients, those who get it and those who wait on. */
export function releasedOf({ envelope, releasedFor }: QueuedMessage): {
  readonly released: readonly EnvelopeRecipient[]
  readonly kept: readonly EnvelopeRecipient[]
} {
  const { recipients } = envelope
  if (releasedFor === undefined) return { released: recipients, kept: [] }
  const wanted = new Set(releasedFor.map(lookupKey))
  const isReleased = ({ address }: EnvelopeRecipient) => wanted.has(lookupKey(address))
  return {
    released: recipients.filter(isReleased),
    kept: recipients.filter((one) => !isReleased(one)),
  }
}

/** Nothing is known of them but their addresses. */
export function keptGroups(kept: readonly EnvelopeRecipient[]): readonly NewGroup[] {
  if (kept.length === 0) return []
  const recipients = kept.map(
    ({ address, notify, originalRecipient }): FinalRecipient => ({
      address,
      accountId: null,
      extension: null,
      original: address,
      notify,
      originalRecipient,
    }),
  )
  return [{ destination: { kind: 'local' }, recipients, state: { kind: 'held' }, unreserved: true }]
}
