// Decisions as policy tells them to whoever keeps them.

import type { Decided } from '#services/policy/records/recorder.ts'
import type { Decision } from '#services/policy/restriction.ts'
import type { PolicyVerdict } from '#shared/contracts/policy.ts'
import { newQueueId, type QueueId } from '#shared/mail/queue-id.ts'
import { recipientRequest, stranger } from './policy-facts.ts'

export const taken: PolicyVerdict = { kind: 'permit', prepend: '', finalRecipients: 1 }
export const refused: PolicyVerdict = {
  kind: 'reject',
  reply: { code: 550, status: '5.7.1', text: 'no' },
  restriction: 'reject',
}

/** About a recipient; `said`: what each restriction of the list `recipient` said. */
export const decidedRecipient = ({
  queueId = newQueueId(0),
  verdict = taken,
  remoteAddress = stranger.remoteAddress,
  said = {},
}: {
  readonly queueId?: QueueId
  readonly verdict?: PolicyVerdict
  readonly remoteAddress?: string
  readonly said?: { readonly [restriction: string]: Decision }
} = {}): Decided => ({
  ask: 'recipient',
  request: recipientRequest({ queueId, origin: { ...stranger, remoteAddress } }),
  trail: [
    {
      stage: 'recipient',
      steps: Object.entries(said).map(([restriction, decision]) => ({ restriction, decision })),
    },
  ],
  lookups: { 'MX remote.test': { kind: 'nxdomain' } },
  verdict,
})
