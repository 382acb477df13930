// Asks a list of restrictions in order. The first that permits, rejects, defers or discards ends it; what others want done with the
// message adds up. The flags of DEFER_IF_PERMIT and DEFER_IF_REJECT are kept as Postfix keeps them (smtpd_check.c).

import type { SmtpReply } from '#shared/contracts/policy.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import { ASKED_RESTRICTIONS_MAX, NESTED_LISTS_MAX } from '#shared/settings/restrictions/nesting.ts'
import { withScore } from './known.ts'
import type { Decision, OwnDecision, RestrictionList } from './restriction.ts'

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
  /** The content filter that it goes through: the last that was named. */
  readonly filter: string | undefined
  /** Who gets it besides. */
  readonly bcc: readonly string[]
}

export const noEffects: Effects = {
  prepend: '',
  warnings: [],
  hold: undefined,
  redirect: undefined,
  filter: undefined,
  bcc: [],
}

/** A reply that waits for how things end, and who asked for it. */
export type Pending = { readonly reply: SmtpReply; readonly restriction: string }

/** One restriction that was asked, and what it said. */
export type Step = {
  readonly restriction: string
  readonly decision: Decision
  /** How many lists it stands in within this one: 1 in a restriction class. Absent: in none. */
  readonly depth?: number
  /** `warn_if_reject` stands before it, or before the list that it stands in: what it would refuse is only told. */
  readonly isWarned?: true
}

/** What lists hand on to those that are asked after them. */
export type Progress = {
  readonly effects: Effects
  readonly score: number
  /** The first DEFER_IF_PERMIT. */
  readonly deferIfPermit: Pending | undefined
  /** The first DEFER_IF_REJECT of this stage. */
  readonly deferIfReject: Pending | undefined
}

export const noProgress: Progress = {
  effects: noEffects,
  score: 0,
  deferIfPermit: undefined,
  deferIfReject: undefined,
}

export type Evaluation = Progress & {
  readonly verdict: ListVerdict
  /** In order, for the log and for whoever explains the verdict. */
  readonly trail: readonly Step[]
}

const passes: ListVerdict = { kind: 'permit' }

export async function evaluate<Facts extends object>(
  list: RestrictionList<Facts>,
  facts: Facts,
  before: Progress = noProgress,
): Promise<Evaluation> {
  const run = new Run(facts, before)
  const verdict = (await run.ask(list, 0, false)) ?? passes
  return { ...run.progress, verdict, trail: run.trail }
}

/** One list on its way, with those that stand in it. */
class Run<Facts extends object> {
  progress: Progress
  readonly trail: Step[] = []
  readonly #facts: Facts
  #scored: Facts & { readonly score: number }

  constructor(facts: Facts, before: Progress) {
    this.#facts = facts
    this.progress = before
    this.#scored = withScore(facts, before.score)
  }

  /** Undefined where nobody ended it. `isWarned`: what would refuse is only told. */
  async ask(
    list: RestrictionList<Facts>,
    depth: number,
    isWarned: boolean,
  ): Promise<ListVerdict | undefined> {
    for (const { name, decide, warnOnly = false } of list) {
      const decided = decide(this.#factsWith(this.progress.score))
      // Most are decided on the spot: a promise for each would cost more than to ask it.
      const decision = decided instanceof Promise ? await decided : decided
      const isTold = isWarned || warnOnly
      const verdict =
        decision.kind === 'list'
          ? await this.#askInner(name, decision, depth, isTold)
          : this.#follow(name, decision, depth, isTold)
      if (verdict !== undefined) return verdict
      const { deferIfPermit, deferIfReject } = this.progress
      // However it ends it is put off. As in Postfix only this list ends: of a later stage a refusal may still come.
      if (deferIfPermit && deferIfReject) return undefined
    }
    return undefined
  }

  async #askInner(
    restriction: string,
    decision: Extract<Decision, { kind: 'list' }>,
    depth: number,
    isWarned: boolean,
  ): Promise<ListVerdict | undefined> {
    this.#note(restriction, decision, depth, isWarned)
    if (depth >= NESTED_LISTS_MAX) throw new Error(`${restriction} contains itself`)
    const { restrictions, onPermit } = decision
    // A list that knows more than these facts names its own words, which say nothing of what is not known.
    const list = restrictions as RestrictionList<object>
    const verdict = await this.ask(list, depth + 1, isWarned)
    if (verdict?.kind !== 'permit' || onPermit === undefined) return verdict
    return this.#follow(restriction, onPermit(), depth, isWarned)
  }

  #note(restriction: string, decision: Decision, depth: number, isWarned: boolean): void {
    if (this.trail.length >= ASKED_RESTRICTIONS_MAX)
      throw new Error(`${restriction} is one of more than ${ASKED_RESTRICTIONS_MAX} restrictions`)
    const step = { restriction, decision }
    const isInner = depth > 0 || isWarned
    this.trail.push(
      isInner ? { ...step, ...(depth > 0 && { depth }), ...(isWarned && { isWarned }) } : step,
    )
  }

  #follow(
    restriction: string,
    decision: OwnDecision,
    depth: number,
    isWarned: boolean,
  ): ListVerdict | undefined {
    const { score, effects, deferIfPermit, deferIfReject } = this.progress
    this.#note(restriction, decision, depth, isWarned)
    switch (decision.kind) {
      case 'dunno':
        return undefined
      case 'permit':
        return passes
      case 'reject':
      case 'defer':
        if (isWarned) return this.#warn(restriction, decision.reply)
        return this.#refuse({ restriction, reply: decision.reply })
      case 'failure':
        return { kind: 'reject', restriction, reply: decision.reply }
      case 'discard':
        return { kind: 'discard', restriction }
      case 'defer-if-permit':
        if (isWarned) return this.#warn(restriction, decision.reply)
        return this.#go({ deferIfPermit: deferIfPermit ?? { restriction, reply: decision.reply } })
      case 'defer-if-reject':
        return this.#go({ deferIfReject: deferIfReject ?? { restriction, reply: decision.reply } })
      case 'score':
        return this.#go({ score: score + decision.points })
      default:
        return this.#go({ effects: withEffect(effects, decision) })
    }
  }

  #factsWith(score: number): Facts & { readonly score: number } {
    if (this.#scored.score !== score) this.#scored = withScore(this.#facts, score)
    return this.#scored
  }

  #go(change: Partial<Progress>): undefined {
    this.progress = { ...this.progress, ...change }
  }

  #warn(restriction: string, { code, status, text }: SmtpReply): undefined {
    const { effects } = this.progress
    const warning = `${restriction} would refuse: ${code} ${status} ${text}`
    return this.#go({ effects: { ...effects, warnings: [...effects.warnings, warning] } })
  }

  #refuse(refusal: Pending): ListVerdict {
    const { deferIfReject } = this.progress
    const isPutOff = deferIfReject !== undefined && refusal.reply.code >= 500
    return { kind: 'reject', ...(isPutOff ? deferIfReject : refusal) }
  }
}

type Effect = Extract<
  Decision,
  { kind: 'warn' | 'prepend' | 'hold' | 'redirect' | 'filter' | 'bcc' }
>

function withEffect(effects: Effects, decision: Effect): Effects {
  switch (decision.kind) {
    case 'warn':
      return { ...effects, warnings: [...effects.warnings, decision.text] }
    case 'prepend':
      return { ...effects, prepend: effects.prepend + decision.fields }
    case 'hold':
      return { ...effects, hold: effects.hold ?? decision.reason }
    case 'redirect':
      return { ...effects, redirect: decision.to }
    case 'filter':
      return { ...effects, filter: decision.destination }
    case 'bcc':
      return { ...effects, bcc: [...effects.bcc, decision.to] }
    default:
      return unreachable(decision)
  }
}
