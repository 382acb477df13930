// What became of a recipient, for the queue and for the log: of one elsewhere it is what the other host said, of one here what follows
// from all that was done for him. Cleanup and delivery ask, so that both do the same.

import type {
  Contact,
  DeliveryResult,
  FinalRecipient,
  LocalAction,
} from '#shared/contracts/delivery.ts'
import type { Blob } from '#shared/mailbox/records.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import type { LocalDelivery, LocalResult } from './pipeline.ts'
import type { QueuedMessage } from './records.ts'
import { isReservedFor } from './references.ts'

/** Deliveries of one message, or of one group, into mailboxes at the same time. */
const DELIVERIES_AT_ONCE = 25
/** Whom an attempt to deliver here speaks to. */
export const here: Contact = { relay: 'local', connectMs: 0 }

export type RecipientOutcome = Omit<LocalResult, 'actions'> & {
  readonly result: DeliveryResult
  /** A line of the log for each. */
  readonly told: readonly (DeliveryResult | LocalAction)[]
}

/** One outcome for each, in order. `reserved`: references are reserved for those who have one. Rejects only for bugs. */
export function deliverHere(
  deliverLocal: LocalDelivery,
  message: QueuedMessage,
  blob: Blob,
  given: { readonly recipients: readonly FinalRecipient[]; readonly reserved: boolean },
): Promise<readonly Tried[]> {
  return concurrently(given.recipients, DELIVERIES_AT_ONCE, async (recipient) => {
    const isReserved = given.reserved && isReservedFor(recipient)
    return { recipient, ...outcomeHere(await deliverLocal(message, blob, recipient, isReserved)) }
  })
}

/** A recipient with whom something was tried. */
export type Tried = RecipientOutcome & { readonly recipient: FinalRecipient }

/** Of a recipient elsewhere, or of one with whom nothing was tried. */
export function outcomeOf(result: DeliveryResult): RecipientOutcome {
  const nothing = { creates: [], usedReserved: false, contended: false, uncertain: false }
  return { ...nothing, result, told: [result] }
}

export function outcomeHere({ actions, ...done }: LocalResult): RecipientOutcome {
  const result = resultOf(actions)
  return { ...done, result, told: actions.length === 0 ? [result] : actionsInForce(actions) }
}

/**
 * The result of the recipient. One action that is to be tried again has all of them tried again, which puts nothing into a folder twice;
 * one that failed ends it, and the sender is told, of a refusal in the recipient's words.
 */
function resultOf(actions: readonly LocalAction[]): DeliveryResult {
  const [first] = actions
  // A bug, and the message must not get lost by it.
  if (first === undefined) return { kind: 'deferred', status: '4.3.0', reply: 'nothing was done' }
  const obstacle = obstacleOf(actions)
  if (obstacle === undefined) return { kind: 'delivered', reply: actions.map(replyOf).join('; ') }
  const { kind, status, reply } = obstacle
  return { kind: kind === 'deferred' ? kind : 'failed', status, reply }
}

/** What of it is so, whatever comes: as long as the recipient is not done with, nothing is created, and other actions are told when they count. */
function actionsInForce(actions: readonly LocalAction[]): readonly LocalAction[] {
  const obstacle = obstacleOf(actions)
  if (obstacle === undefined) return actions
  return actions.filter(({ kind }) => kind === 'delivered' || kind === obstacle.kind)
}

/** What keeps the recipient in the queue: worth another try before final. */
function obstacleOf(actions: readonly LocalAction[]): Obstacle | undefined {
  const obstacles = actions.filter(isObstacle)
  return (
    obstacles.find(({ kind }) => kind === 'deferred') ??
    obstacles.find(({ kind }) => kind === 'failed') ??
    obstacles[0]
  )
}

type Obstacle = Extract<LocalAction, { readonly kind: 'deferred' | 'failed' | 'refused' }>

function isObstacle(action: LocalAction): action is Obstacle {
  return action.kind === 'deferred' || action.kind === 'failed' || action.kind === 'refused'
}

/** In one line, for the log. */
export function replyOf(action: LocalAction): string {
  switch (action.kind) {
    case 'delivered':
    case 'refused':
    case 'deferred':
    case 'failed':
      return action.reply
    case 'redirected':
      return `redirected to <${action.to}>`
    case 'replied':
      return `replied to <${action.to}>`
    case 'notified':
      return `notified <${action.to}>`
    case 'returned':
      return `refused, as <${action.to}> is told`
    case 'discarded':
      return 'discarded as its recipient wants'
    default:
      return unreachable(action)
  }
}
