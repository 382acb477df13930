// What a kind of job is: a name, how its input is read back, and a generator that does the work slice by slice. The runner
// (runner.ts) keeps what a slice says, durably, before it asks for the next.

import type { JobError, JobId, JobOwner } from './job.ts'

export type JobKind<Input = unknown> = {
  readonly name: string
  /** It takes hours: of these a process does one at a time, so that others do not wait for them. */
  readonly isLong?: true
  /**
   * Does the work from the cursor on. It may be stopped behind any slice, by a crash or because its time is up, and is begun again with
   * the cursor of the last slice that was kept: a slice of which nothing was kept is done again, so it must be harmless to repeat.
   *
   * Throws JobFailure (failure.ts) where trying again is of no use. TemporaryFailure and everything else: it is tried again later, a few times.
   */
  run(work: JobWork<Input>): AsyncIterable<Slice>
  /** What is left to do when the job is over, however it ended; may be repeated. */
  readonly after?: (work: JobWork<Input>) => Promise<void>
}

export type JobWork<Input> = {
  readonly id: JobId
  readonly input: Input
  readonly owner: JobOwner
  readonly begunMs: number
  /** Of the last slice that was kept; '' at the beginning. */
  readonly cursor: string
  /** Of the slices that were kept, too. */
  readonly counts: { readonly [outcome: string]: number }
  /** The text that came with it, and was sealed in the store; its parts in their order. */
  text(): Promise<Uint8Array>
  /** Parts of what another job made, or this one. */
  outputOf(id: JobId): AsyncIterable<Uint8Array>
  /** The process wants to end, or the job is to be cancelled: what is under way is finished, no more is begun. */
  readonly signal: AbortSignal
}

/** What one slice did, and where the next begins. */
export type Slice = {
  readonly cursor: string
  readonly done: number
  readonly failed?: number
  readonly total?: number
  /** Added to those of the slices before. */
  readonly counts?: { readonly [outcome: string]: number }
  readonly errors?: readonly JobError[]
  /** One more part of what the job makes: OUTPUT_PART_BYTES_MAX at most. */
  readonly output?: Uint8Array
}

/** Of one part; the item that holds it must stay below ITEM_BYTES_MAX. */
export const OUTPUT_PART_BYTES_MAX = 350_000
/** Of one slice; more are counted and not kept. */
export const ERRORS_A_SLICE_MAX = 200
export const ERROR_CHARACTERS_MAX = 1_500
