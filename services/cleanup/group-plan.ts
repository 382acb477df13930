// Which groups a message is split into: for whoever could not be delivered to on the spot, and for every other destination.

import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { Tried } from '#shared/queue/local-actions.ts'
import { type NewGroup, type Routes, remoteGroups } from '#shared/queue/new-groups.ts'
import type { ExpandedRecipients, LocalRecipient } from '#shared/queue/pipeline.ts'
import type { QueuedMessage, QueuedRecipient } from '#shared/queue/records.ts'
import { isReservedFor } from '#shared/queue/references.ts'
import { lastResult, type RecipientResult } from '#shared/queue/results.ts'
import type { RetrySchedule } from '#shared/queue/retry-schedule.ts'
import type { Clock } from '#shared/runtime/clock.ts'

/** What delivery does, and does again. */
export const isCreating = ({ result, creates, isLeft }: Tried) =>
  isLeft === true || (result.kind === 'delivered' && creates.length > 0)

/**
 * Whose mail depends on bytes that cleanup may not read, and whose sender wants to be told of success: what he is told is written with the
 * result, and stored by whoever may store messages.
 */
export const isLeftToDelivery = (
  { needsContent, notify }: LocalRecipient,
  mayRead: boolean,
): boolean => (needsContent && !mayRead) || notify.includes('SUCCESS')

export interface GroupPlan {
  /** After what was delivered on the spot; none where all was. */
  groupsLeft(message: QueuedMessage, left: Left): Promise<NewGroup[]>
  /** Of a message too large for that. The work of one step is bounded: each group is durable, and is delivered under a lease of its own. */
  allGroups(
    message: QueuedMessage,
    expansion: ExpandedRecipients & Pick<Left, 'aliases'>,
  ): Promise<NewGroup[]>
}

type Left = {
  /** What became of those with whom something was tried; who is delivered to is not left. */
  readonly ended: readonly Tried[]
  readonly leftToDelivery: readonly FinalRecipient[]
  /** Of these only their success is to be told. */
  readonly aliases: readonly QueuedRecipient[]
  readonly creating: readonly Tried[]
  readonly remote: readonly FinalRecipient[]
}

export function createGroupPlan(deps: {
  readonly schedule: RetrySchedule
  readonly options: Routes
  readonly clock: Clock
}): GroupPlan {
  async function groupsLeft(
    message: QueuedMessage,
    { ended, leftToDelivery, aliases, creating, remote }: Left,
  ): Promise<NewGroup[]> {
    return [
      ...groupByReason(message, ended),
      ...forDelivery(leftToDelivery),
      ...toBeTold(aliases),
      ...toBeCreated(creating),
      ...(await remoteGroups(remote, message.envelope.sender, deps.options)),
    ]
  }

  async function allGroups(
    message: QueuedMessage,
    { local, remote, failed, aliases }: ExpandedRecipients & Pick<Left, 'aliases'>,
  ): Promise<NewGroup[]> {
    return [
      ...forDelivery(local),
      ...toBeTold(aliases),
      ...groupByReason(message, failed),
      ...(await remoteGroups(remote, message.envelope.sender, deps.options)),
    ]
  }

  /** Deferred and failed recipients of one reason share a group; of the failed delivery tells their sender. */
  function groupByReason(
    message: QueuedMessage,
    settled: readonly (RecipientResult & { readonly contended?: boolean })[],
  ): NewGroup[] {
    const groups = new Map<string, NewGroup & { recipients: QueuedRecipient[] }>()
    const atMs = deps.clock.now()
    for (const { recipient, result: came, ...one } of settled) {
      const { uncertain = false, contended = false } = one
      // Who used his may come to another folder the next time, which then adds a reference of its own.
      const unreserved = one.usedReserved === true || !isReservedFor(recipient)
      const result = deps.schedule.expire(message, came)
      if (result.kind === 'delivered') continue
      const key = `${unreserved} ${contended ? '' : `${uncertain} ${result.kind} ${result.reply}`}`
      const last = lastResult(result, { remoteMta: null, atMs, attempts: 1 })
      // Who is contended is tried again at once, as if for the first time.
      const queued = contended ? recipient : { ...recipient, last }
      const group = groups.get(key)
      if (group) group.recipients.push(queued)
      else {
        const state = contended
          ? ({ kind: 'waiting' } as const)
          : deps.schedule.afterAttempt(message.arrivedMs, result.kind)
        const recipients = [queued]
        const destination = { kind: 'local' } as const
        groups.set(key, { destination, recipients, state, uncertain, unreserved })
      }
    }
    return [...groups.values()]
  }

  return { groupsLeft, allGroups }
}

/** With whom nothing is tried. */
function toBeTold(aliases: readonly QueuedRecipient[]): NewGroup[] {
  const destination = { kind: 'local' } as const
  const state = { kind: 'waiting' } as const
  return aliases.length === 0 ? [] : [{ destination, recipients: aliases, state, unreserved: true }]
}

/** Delivered at once, by delivery. Who has no reference reserved is in a group that says so. */
function forDelivery(recipients: readonly FinalRecipient[]): NewGroup[] {
  const all = [false, true].map((unreserved): NewGroup => {
    const some = recipients.filter((recipient) => isReservedFor(recipient) !== unreserved)
    return {
      destination: { kind: 'local' },
      recipients: some,
      state: { kind: 'waiting' },
      unreserved,
    }
  })
  return all.filter((group) => group.recipients.length > 0)
}

/**
 * Messages are created with the result of their recipient, which the worker of a group writes: it does again what was done here, and
 * nothing twice.
 */
function toBeCreated(tried: readonly Tried[]): NewGroup[] {
  return [true, false].flatMap((used) => {
    const some = tried.filter(({ usedReserved }) => usedReserved === used)
    const groups = forDelivery(some.map(({ recipient }) => recipient))
    return groups.map((group) => ({ ...group, unreserved: used || group.unreserved === true }))
  })
}
