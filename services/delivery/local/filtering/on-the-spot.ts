// What of scripts is done with a message that has no group yet, where whoever expands its recipients may read it. Most scripts file a
// message and cost less than a group would. What takes long, fails, or makes anything is left to delivery, which has a lease for it and the
// transaction that others are told something in.

import type { Action } from '#shared/sieve/actions.ts'
import type { RunContext } from '#shared/sieve/run/context.ts'
import type { RunResult } from '#shared/sieve/run/interpreter.ts'

/** Some milliseconds: those who wait for the same batch of messages hardly notice. */
export const STEPS_ON_THE_SPOT_MAX = 20_000
/** What a script says is kept until it is known who does its actions. */
export const SAID_ON_THE_SPOT_MAX = 32

/** `said`: takes what the script says. */
export function hasty(context: RunContext, said: string[]): RunContext {
  const { limits } = context
  return {
    ...context,
    limits: { ...limits, steps: Math.min(limits.steps, STEPS_ON_THE_SPOT_MAX) },
    note: (text) => {
      if (said.length <= SAID_ON_THE_SPOT_MAX) said.push(text)
    },
  }
}

/** Something goes into folders as it came, and nothing else is wanted. Where nothing keeps the message its object has to be told dead. */
export function isSoonDone(
  result: RunResult,
  said: readonly string[],
): result is Extract<RunResult, { readonly kind: 'done' }> {
  if (result.kind === 'failed' || said.length > SAID_ON_THE_SPOT_MAX) return false
  const { actions } = result
  return actions.length > 0 && actions.every(isFiledAsItCame)
}

const isFiledAsItCame = (action: Action): boolean =>
  (action.kind === 'keep' || action.kind === 'fileinto') && action.message.changed === undefined
