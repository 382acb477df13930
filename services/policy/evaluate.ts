// Asks a list of restrictions in order. The first that permits, rejects, defers or discards ends it; what others want done with the
// message adds up.

import type { SmtpReply } from '#shared/contracts/policy.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import type { Decision, RestrictionList } from './restriction.ts'

/** What ended a list; going on to the next is `permit` too, with no restriction that said so. */
export type ListVerdict =
  | { readonly kind: 'permit' }
  | { readonly kind: 'reject'; readonly reply: SmtpReply; readonly restriction: string }
  | { readonly kind: 'discard'; readonly restriction: string }

/** What is to be done with a message that is taken. */
export type Effects = {
  /** Header fields, byte string. */
  readonly prepend: string
  readonly warnings: readonly string[]
  /** Why it waits for an operator: the first reason. */
  readonly hold: string | undefined
  /** Who gets it in place of its recipients: the last who was named. */
  readonly redirect: string | undefined
}

export const noEffects: Effects = {
  prepend: '',
  warnings: [],
  hold: undefined,
  redirect: undefined,
}

/** One restriction that was asked, and what it said. */
export type Step = {
  readonly restriction: string
  readonly decision: Decision
}

export type Evaluation = {
  readonly verdict: ListVerdict
  readonly effects: Effects
  /** With what was scored before. */
  readonly score: number
  /** In order, for the log and for whoever explains the verdict. */
  readonly trail: readonly Step[]
}

const passes: ListVerdict = { kind: 'permit' }

export async function evaluate<Facts extends object>(
  list: RestrictionList<Facts>,
  facts: Facts,
  before: { readonly effects: Effects; readonly score: number } = { effects: noEffects, score: 0 },
): Promise<Evaluation> {
  let { effects, score } = before
  const trail: Step[] = []
  let scored = { ...facts, score }
  for (const { name: restriction, decide } of list) {
    const decision = await decide(scored)
    trail.push({ restriction, decision })
    switch (decision.kind) {
      case 'permit':
        return { verdict: passes, effects, score, trail }
      case 'reject':
      case 'defer': {
        const { reply } = decision
        return { verdict: { kind: 'reject', reply, restriction }, effects, score, trail }
      }
      case 'discard':
        return { verdict: { kind: 'discard', restriction }, effects, score, trail }
      case 'score':
        score += decision.points
        scored = { ...facts, score }
        break
      default:
        effects = withEffect(effects, decision)
    }
  }
  return { verdict: passes, effects, score, trail }
}

type Effect = Extract<Decision, { kind: 'dunno' | 'warn' | 'prepend' | 'hold' | 'redirect' }>

function withEffect(effects: Effects, decision: Effect): Effects {
  switch (decision.kind) {
    case 'dunno':
      return effects
    case 'warn':
      return { ...effects, warnings: [...effects.warnings, decision.text] }
    case 'prepend':
      return { ...effects, prepend: effects.prepend + decision.fields }
    case 'hold':
      return { ...effects, hold: effects.hold ?? decision.reason }
    case 'redirect':
      return { ...effects, redirect: decision.to }
    default:
      return unreachable(decision)
  }
}
