// One question of a listener on its way through the lists that it concerns, until one of them refuses.

import type { SpfResult } from '#shared/contracts/authentication.ts'
import type { EarlyStage, Judged, PolicyStage, PolicyVerdict } from '#shared/contracts/policy.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import { evaluate, type ListVerdict, noProgress, type Progress, type Step } from './evaluate.ts'
import type { RestrictionList } from './restriction.ts'

export class Question {
  readonly #passed: EarlyStage[]
  /** What early stages found; the others' is not for the next question. */
  #early: Progress
  #progress: Progress
  #keeps = true
  #verdict: ListVerdict = { kind: 'permit' }
  /** Of all that were asked, whatever came of it. */
  #warnings: readonly string[] = []
  #spf: Promise<SpfResult> | undefined
  #foundSpf: SpfResult | undefined
  /** In order, for the log and for whoever explains the verdict. */
  readonly trail: { readonly stage: PolicyStage; readonly steps: readonly Step[] }[] = []

  constructor({ passed, score, deferIfPermit, spf }: Judged = { passed: [], score: 0 }) {
    this.#foundSpf = spf
    this.#passed = [...passed]
    this.#early = { ...noProgress, score, deferIfPermit }
    this.#progress = this.#early
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
    const { verdict, trail, ...progress } = await evaluate(list, facts, this.#progress)
    this.trail.push({ stage, steps: trail })
    this.#verdict = verdict
    this.#warnings = progress.effects.warnings
    if (this.isPermitted) this.#progress = progress
  }

  /** Not again where it was passed. `isKept`: what it said holds for whatever is asked later of the transaction. */
  async askEarly<Facts extends object>(
    stage: EarlyStage,
    list: RestrictionList<Facts>,
    facts: Facts,
    isKept: () => boolean = () => true,
  ): Promise<void> {
    if (list.length === 0 || this.#passed.includes(stage)) return
    await this.ask(stage, list, facts)
    this.endStage()
    if (!this.isPermitted) return
    // What is asked again begins where the last that is kept ended.
    this.#keeps &&= isKept()
    if (!this.#keeps) return
    this.#passed.push(stage)
    this.#early = this.#progress
  }

  /** Found out by the first question that wants to know. */
  async spf(check: () => Promise<SpfResult>): Promise<SpfResult> {
    this.#spf ??= this.#foundSpf ? Promise.resolve(this.#foundSpf) : check()
    this.#foundSpf = await this.#spf
    return this.#foundSpf
  }

  /** DEFER_IF_REJECT is of one stage only. */
  endStage(): void {
    this.#progress = { ...this.#progress, deferIfReject: undefined }
  }

  /** Where DEFER_IF_PERMIT comes true: whatever is not refused is put off. */
  conclude(): void {
    const { deferIfPermit } = this.#progress
    if (deferIfPermit && this.#verdict.kind !== 'reject') {
      this.#verdict = { kind: 'reject', ...deferIfPermit }
    }
  }

  /** What there is nothing of is not there: verdicts go over the wire. */
  verdict(finalRecipients: number): PolicyVerdict {
    const verdict = this.#verdict
    // What was wanted for the sake of a recipient who is refused is not for those who get the message.
    const { effects } = verdict.kind === 'reject' ? this.#early : this.#progress
    const { prepend, hold, redirect, filter, bcc } = effects
    const { score, deferIfPermit } = this.#early
    const warnings = this.#warnings
    const spf = this.#foundSpf
    const judged: Judged = {
      passed: this.#passed,
      score,
      ...(deferIfPermit && { deferIfPermit }),
      ...(spf && { spf }),
    }
    const isJudged = judged.passed.length > 0 || spf !== undefined
    const besides = {
      ...(warnings.length > 0 && { warnings }),
      ...(hold !== undefined && { hold }),
      ...(redirect !== undefined && { redirect }),
      ...(filter !== undefined && { filter }),
      ...(bcc.length > 0 && { bcc }),
      ...(isJudged && { judged }),
    }
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
