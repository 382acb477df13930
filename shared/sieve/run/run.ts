// One run of scripts over one message: what it has used, what it knows, what is to be done. The interpreter drives it, rows of the language
// read and change it.

import { turns } from '#shared/runtime/turns.ts'
import type { Action, Seen } from '../actions.ts'
import type { Position } from '../finding.ts'
import { MESSAGES_CREATED_MAX, NOTES_MAX, STEPS_AT_ONCE } from '../limits.ts'
import type { SieveMessage } from '../message.ts'
import { BodyTexts } from './body-texts.ts'
import type { RunContext } from './context.ts'
import { LimitExceeded, SieveRunError } from './failure.ts'
import type { Flow } from './flow.ts'
import { Includes } from './includes.ts'
import { KeptValues } from './kept-values.ts'
import { PartLoop } from './part-loop.ts'
import { Variables } from './variables.ts'

/** Runs another script within this one (RFC 6609); `missing` where there is none of this name. */
export type Include = (
  run: Run,
  location: 'personal' | 'global',
  name: string,
) => Promise<Flow | 'missing'>

type WithoutPlace<A> = A extends Action ? Omit<A, 'at'> : never

export class Run {
  readonly context: RunContext
  readonly variables: Variables
  readonly parts = new PartLoop()
  readonly bodyTexts = new BodyTexts()
  readonly keptValues = new KeptValues()
  readonly include: Include
  /** As it is now: what the script changed is in it. */
  message: SieveMessage
  /** RFC 5232 §2: flags of keep and fileinto where they have none of their own; null: none were ever set. */
  flags: readonly string[] | null
  /** Extensions that the script which runs requires, and those that `ihave` granted it. */
  granted: Set<string> = new Set()
  /** The script that runs, as its owner calls it. */
  script = ''
  readonly actions: Action[] = []
  readonly seen = new Map<string, Seen>()
  readonly includes = new Includes()
  /** RFC 5228 §2.10.2: the message is kept unless an action said otherwise. */
  keepsImplicitly = true
  #steps = 0
  #stepsPaced = 0
  #notes = 0
  /** Actions of the scripts before this one. */
  #handedOn = 0
  #answeredBy: string | undefined

  constructor(context: RunContext, include: Include) {
    this.context = context
    this.include = include
    this.message = context.message
    this.flags = context.flags ?? null
    this.variables = new Variables((count) => this.spend(count))
  }

  get steps(): number {
    return this.#steps
  }

  get stepsLeft(): number {
    return this.context.limits.steps - this.#steps
  }

  /** Before what costs it: looking at a KB is one. Throws LimitExceeded. */
  spend(steps = 1): void {
    this.#steps += steps
    if (this.#steps > this.context.limits.steps) {
      throw new LimitExceeded(`the script takes more than ${this.context.limits.steps} steps`)
    }
  }

  /** Others have their turn where it has taken long. Between two looks at the clock some steps are spent. */
  pace(): Promise<void> | undefined {
    if (this.#steps < this.#stepsPaced + STEPS_AT_ONCE) return undefined
    this.#stepsPaced = this.#steps
    return turns.step()
  }

  /** Says what is to be done. Throws LimitExceeded, and SieveRunError where it cannot go together with what was said before. */
  act(at: Position, action: WithoutPlace<Action>): void {
    const { actions: actionsMax, redirects } = this.context.limits
    if (this.actions.length >= actionsMax) {
      throw new LimitExceeded(`more than ${actionsMax} actions`)
    }
    const before = this.actions.filter(({ kind }) => kind === action.kind).length
    if (action.kind === 'redirect' && before >= redirects) {
      throw new LimitExceeded(`more than ${redirects} redirects`)
    }
    if (action.kind === 'vacation' && before > 0) {
      // RFC 5230 §4.7: once in a script. Where another one before it answered, that was the answer.
      const answer = this.actions.findIndex(({ kind }) => kind === 'vacation')
      const isAnother = answer < this.#handedOn || this.#answeredBy !== this.script
      if (!isAnother) throw new SieveRunError('vacation a second time')
      this.note('vacation: a script before this one has answered')
      return
    }
    if (action.kind === 'vacation') this.#answeredBy = this.script
    const created = this.actions.filter(({ kind }) => isMessage(kind)).length
    if (isMessage(action.kind) && created >= MESSAGES_CREATED_MAX) {
      throw new LimitExceeded(`more than ${MESSAGES_CREATED_MAX} messages to others`)
    }
    const opposed = this.actions.find(({ kind }) => areOpposed(kind, action.kind))
    if (opposed) throw new SieveRunError(`${action.kind} cannot follow ${opposed.kind}`)
    this.actions.push({ ...action, at } as Action)
  }

  /** For whoever tries the script, or reads the log. */
  note(text: string): void {
    if (++this.#notes <= NOTES_MAX) this.context.note?.(text)
  }

  cancelKeep(): void {
    this.keepsImplicitly = false
  }

  /** Between two scripts: whether the message is still to be kept, which is for the next one to say; with what flags it was. */
  handOn(): boolean {
    const kept = this.actions.findLast((action) => action.kind === 'keep')
    if (kept !== undefined) {
      const others = this.actions.filter(({ kind }) => kind !== 'keep')
      this.actions.splice(0, Number.POSITIVE_INFINITY, ...others)
      this.flags = kept.flags
      this.keepsImplicitly = true
    }
    this.#handedOn = this.actions.length
    return this.keepsImplicitly
  }
}

type ActionKind = Action['kind']

/** To somebody else. */
function isMessage(kind: ActionKind): boolean {
  return kind === 'redirect' || kind === 'vacation' || kind === 'notify' || kind === 'reject'
}

/** RFC 5429 §2.1 and §2.2: a message is not refused and kept, filed or answered too; refusing twice says two things at once. */
function areOpposed(before: ActionKind, next: ActionKind): boolean {
  const isRefusal = (kind: ActionKind) => kind === 'reject' || kind === 'ereject'
  const goesOn = (kind: ActionKind) =>
    kind === 'keep' || kind === 'fileinto' || kind === 'redirect' || kind === 'vacation'
  if (isRefusal(before)) return isRefusal(next) || goesOn(next)
  return isRefusal(next) && goesOn(before)
}
