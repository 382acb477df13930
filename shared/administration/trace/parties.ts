// Whom a story or a decision is about.

import type { DecisionRecord } from '#shared/contracts/decisions.ts'
import type { Story } from '#shared/queue/trace/story.ts'
import type { MessageParties } from '../rights/message-scope.ts'

/** Those of the envelope, and whom these led to. */
export function partiesOfStory({ head, steps, groups }: Story): MessageParties {
  const named = steps.flatMap((step) =>
    step.kind === 'attempt'
      ? step.event.results.flatMap(({ recipients }) => recipients.map(({ address }) => address))
      : [],
  )
  const waiting = groups.flatMap(({ recipients }) => recipients.map(({ address }) => address))
  return {
    origin: head.origin,
    sender: head.sender,
    recipients: [...new Set([...head.recipients, ...named, ...waiting])],
  }
}

export function partiesOfDecision({ request }: DecisionRecord): MessageParties {
  const { origin } = request
  if ('envelope' in request) {
    const { sender, recipients } = request.envelope
    return { origin, sender, recipients: recipients.map(({ address }) => address) }
  }
  const recipients = 'recipient' in request ? [request.recipient] : []
  return { origin, sender: request.sender, recipients }
}
