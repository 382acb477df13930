// Whom a story or a decision is about, and what of it is told to whoever is not to know of all of them.

import type { DecisionRecord } from '#shared/contracts/decisions.ts'
import type { Story, StoryStep } from '#shared/queue/trace/story.ts'
import type { MessageParties } from '../message-scope.ts'

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

/** Of recipients who are not told their number is not told either. */
export function narrowedStory(story: Story, isTold: (address: string) => boolean): Story {
  const isNamed = ({
    address,
    original,
  }: {
    readonly address: string
    readonly original: string
  }) => isTold(address) || isTold(original)
  const { head, steps, groups } = story
  return {
    ...story,
    head: { ...head, recipients: head.recipients.filter(isTold), more: 0 },
    groups: groups
      .map((group) => ({ ...group, recipients: group.recipients.filter(isNamed) }))
      .filter(({ recipients }) => recipients.length > 0),
    steps: steps.flatMap((step): readonly StoryStep[] => {
      if (step.kind === 'deed') {
        const recipients = step.deed.recipients.filter(isTold)
        const isOfAll = step.deed.recipients.length === 0
        return isOfAll || recipients.length > 0
          ? [{ ...step, deed: { ...step.deed, recipients } }]
          : []
      }
      const results = step.event.results
        .map((result) => ({ ...result, recipients: result.recipients.filter(isNamed), more: 0 }))
        .filter(({ recipients }) => recipients.length > 0)
      const births = step.event.births.filter(({ to }) => isTold(to))
      return results.length === 0 ? [] : [{ ...step, event: { ...step.event, results, births } }]
    }),
  }
}

/** Of a question about all of a message those who are told. */
export function narrowedDecision<R extends DecisionRecord>(
  record: R,
  isTold: (address: string) => boolean,
): R {
  const { request } = record
  if (!('envelope' in request)) return record
  const recipients = request.envelope.recipients.filter(({ address }) => isTold(address))
  return { ...record, request: { ...request, envelope: { ...request.envelope, recipients } } }
}
