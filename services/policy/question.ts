// One question of a listener on its way through the lists that it concerns, until one of them refuses.

import type { EarlyStage, Judged, PolicyStage, PolicyVerdict } from '#shared/contracts/policy.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import { type Effects, evaluate, type ListVerdict, noEffects, type Step } from './evaluate.ts'
import type { RestrictionList } from './restriction.ts'

export class Question {
  readonly #passed: EarlyStage[]
  #passedScore: number
  #verdict: ListVerdict = { kind: 'permit' }
  /** Of lists that were passed. */
  #effects: Effects = noEffects
  #score: number
  /** In order, for the log and for whoever explains the verdict. */
  readonly trail: { readonly stage: PolicyStage; readonly steps: readonly Step[] }[] = []

  constructor({ passed, score }: Judged = { passed: [], score: 0 }) {
    this.#passed = [...passed]
    this.#passedScore = score
    this.#score = score
  }

  get isPermitted(): boolean {
    return this.#verdict.kind === 'permit'
  }

  async ask<Facts extends object>(
    stage: PolicyStage,
    list: RestrictionList<Facts>,
    facts: Facts,
  ): Promise<void> {
    if (list.length === 0 || !this.isPermitted) return
    const before = { effects: this.#effects, score: this.#score }
    const { verdict, effects, score, trail } = await evaluate(list, facts, before)
    this.trail.push({ stage, steps: trail })
    this.#verdict = verdict
    if (!this.isPermitted) return
    this.#effects = effects
    this.#score = score
  }

  /** Not again where it was passed. */
  async askEarly<Facts extends object>(
    stage: EarlyStage,
    list: RestrictionList<Facts>,
    facts: Facts,
  ): Promise<void> {
    if (list.length === 0 || this.#passed.includes(stage)) return
    await this.ask(stage, list, facts)
    if (!this.isPermitted) return
    this.#passed.push(stage)
    this.#passedScore = this.#score
  }

  /** What there is nothing of is not there: verdicts go over the wire. */
  verdict(finalRecipients: number): PolicyVerdict {
    const { prepend, warnings, hold, redirect } = this.#effects
    const judged: Judged = { passed: this.#passed, score: this.#passedScore }
    const besides = {
      ...(warnings.length > 0 && { warnings }),
      ...(hold !== undefined && { hold }),
      ...(redirect !== undefined && { redirect }),
      ...(judged.passed.length > 0 && { judged }),
    }
    const verdict = this.#verdict
    switch (verdict.kind) {
      case 'permit':
        return { kind: 'permit', prepend, finalRecipients, ...besides }
      case 'reject':
        return { ...verdict, ...(prepend !== '' && { prepend }), ...besides }
      case 'discard':
        return { ...verdict, ...besides }
      default:
        return unreachable(verdict)
    }
  }
}
