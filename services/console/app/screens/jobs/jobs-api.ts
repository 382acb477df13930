// Jobs as the API tells them.

import { call, get } from '../../api/client.ts'

export const jobStates = ['waiting', 'running', 'done', 'failed', 'cancelled'] as const
export type JobState = (typeof jobStates)[number]

export type Job = {
  readonly id: string
  /** The name of what it does. */
  readonly kind: string
  readonly about: { readonly [name: string]: string | number | boolean | null }
  readonly startedBy: string
  readonly state: JobState
  readonly cancelling: boolean
  readonly createdAt: string
  readonly startedAt: string | null
  readonly endedAt: string | null
  readonly done: number
  readonly failed: number
  /** Null: nobody knows yet. */
  readonly total: number | null
  readonly counts: { readonly [outcome: string]: number }
  /** In a second. */
  readonly rate: number
  readonly secondsLeft: number | null
  readonly reason: string | null
  readonly hasOutput: boolean
}

export type JobError = {
  readonly line: number
  readonly key: string
  readonly refusal: { readonly kind?: string; readonly field?: string; readonly value?: string }
}

export const isOver = ({ state }: Pick<Job, 'state'>) => state !== 'waiting' && state !== 'running'

const path = (id: string) => `/jobs/${encodeURIComponent(id)}`

export const readJob = (id: string, signal: AbortSignal) => get<Job>(path(id), {}, signal)
export const cancelJob = (id: string) => call<Job>('POST', `${path(id)}:cancel`)
export const readErrors = (id: string, signal?: AbortSignal, cursor?: string) =>
  get<{ readonly data: readonly JobError[]; readonly next: string | null }>(
    `${path(id)}/errors`,
    { cursor },
    signal,
  )
