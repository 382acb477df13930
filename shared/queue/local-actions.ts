// What became of a recipient, for the queue and for the log: of one elsewhere it is what the other host said, of one here what follows
// from all that was done for him. Cleanup and delivery ask, so that both do the same.

import type { DeliveryResult, LocalAction } from '#shared/contracts/delivery.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import type { LocalResult } from './pipeline.ts'

export type RecipientOutcome = Omit<LocalResult, 'actions'> & {
  readonly result: DeliveryResult
  /** A line of the log for each. */
  readonly told: readonly (DeliveryResult | LocalAction)[]
}

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
 * one that failed keeps the recipient in the queue. Until bounces are written a refusal waits for an operator like what failed.
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
    case 'discarded':
      return 'discarded as its recipient wants'
    default:
      return unreachable(action)
  }
}
