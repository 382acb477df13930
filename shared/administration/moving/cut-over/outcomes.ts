// What is asked of a cut-over, and what comes back.

import type { ChangeState } from './published.ts'
import type { RecordSet } from './record-set.ts'
import type { CutOverState } from './state.ts'
import type { StepId } from './steps.ts'

export type BeginCutOver = {
  readonly domain: string
  readonly zoneId: string | null
  /** As somebody knows it. */
  readonly ttlSeconds: number | undefined
  readonly old: CutOverState['old']
}

export type CutOverView = {
  readonly kind: 'cut-over'
  readonly domain: string
  readonly zoneId: string | null
  readonly oldTtlSeconds: number
  readonly isTtlMeasured: boolean
  readonly steps: readonly StepView[]
}
export type StepView = {
  readonly id: StepId
  readonly about: string
  readonly confirm: string | undefined
  readonly state: 'done' | 'now' | 'later'
  readonly doneMs: number | null
  /** Of the one that is worked on; null: it may be done. */
  readonly notBeforeMs: number | null
  readonly changes: readonly ChangeView[]
}
export type ChangeView = {
  readonly before: RecordSet
  readonly to: RecordSet
  readonly state: ChangeState
  readonly isOptional: boolean
}

export type NoCutOver = { readonly kind: 'no-cut-over'; readonly domain: string }
export type NextOptions = {
  /** A person says that what only a person knows is so, and what could not be measured as well. */
  readonly confirmed?: boolean
  /** Changes the zone. */
  readonly apply?: boolean
}
export type NextOutcome =
  | { readonly kind: 'done'; readonly step: StepId; readonly view: CutOverView }
  | { readonly kind: 'finished'; readonly domain: string }
  | { readonly kind: 'too-early'; readonly step: StepId; readonly untilMs: number }
  | { readonly kind: 'not-yet'; readonly step: StepId; readonly lacking: readonly ChangeView[] }
  | { readonly kind: 'unsure'; readonly step: StepId; readonly unknown: readonly ChangeView[] }
  | { readonly kind: 'to-confirm'; readonly step: StepId; readonly text: string }
  | { readonly kind: 'changed-meanwhile' }
  | { readonly kind: 'cannot-apply' }
export type BackOutcome =
  | { readonly kind: 'undone'; readonly step: StepId; readonly view: CutOverView }
  | { readonly kind: 'to-restore'; readonly step: StepId; readonly changes: readonly ChangeView[] }
  | { readonly kind: 'at-beginning' }
  | { readonly kind: 'changed-meanwhile' }
  | { readonly kind: 'cannot-apply' }
