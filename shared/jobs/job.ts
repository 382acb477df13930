// A job: work that takes longer than whoever asked for it waits. What is known of one, for lists, progress bars and the end of it.

import { randomBytes } from 'node:crypto'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { JobFailureReason } from './failure.ts'

/** Sorts by time. */
export type JobId = string & { readonly __brand: 'JobId' }

export const jobStates = ['waiting', 'running', 'done', 'failed', 'cancelled'] as const
export type JobState = (typeof jobStates)[number]

export const isEnded = (state: JobState) => state !== 'waiting' && state !== 'running'

/** Who began it. `accountId` null: the command on the data folder, or the system itself. */
export type JobOwner = { readonly accountId: AccountId | null; readonly name: string }

export type JobFacts = {
  readonly id: JobId
  /** What it does: the name of its kind. */
  readonly kind: string
  /** What it is about, for people: no secrets, no bulk. */
  readonly about: { readonly [name: string]: string | number | boolean | null }
  readonly owner: JobOwner
  readonly state: JobState
  /** Somebody wants it to end; it does so between two slices. */
  readonly isCancelling: boolean
  readonly begunMs: number
  /** When somebody first worked on it. */
  readonly startedMs: number | null
  readonly endedMs: number | null
  readonly done: number
  readonly failed: number
  /** Null: nobody knows yet. */
  readonly total: number | null
  /** What became of the rows, by the words of the kind: added, changed, unchanged. */
  readonly counts: { readonly [outcome: string]: number }
  /** Done and failed in a second, since it was started. */
  readonly rate: number
  readonly secondsLeft: number | null
  /** Why it failed, in English. */
  readonly reason: string | null
  /** The same as a value; null: it did not, or an older version wrote it. */
  readonly failure: JobFailureReason | null
  /** Parts of what it made, to be fetched until it is forgotten. */
  readonly outputParts: number
}

/** One row that could not be done, in a form that can be corrected and sent again. */
export type JobError = {
  /** Of the text that was sent, or 0. */
  readonly line: number
  /** What it was about: an address, a queue id. */
  readonly key: string
  /** A refusal as JSON, with field, value and rule. */
  readonly refusal: unknown
}

const timeCharacters = 11
const randomCharacters = 10

export function newJobId(nowMs: number): JobId {
  const time = nowMs.toString(16).padStart(timeCharacters, '0')
  return `j${time}${randomBytes(randomCharacters / 2).toString('hex')}` as JobId
}

/** The id in a string from outside, undefined when it is none. */
export function parseJobId(text: string): JobId | undefined {
  return /^j[0-9a-f]{21}$/.test(text) ? (text as JobId) : undefined
}
