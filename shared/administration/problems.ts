// Problem documents as the API answers with them (RFC 9457), and the refusal that a client of ours makes of one again, so that it says
// what it would say on the store itself.

import type { Field, Refusal } from './refusals.ts'

export type ProblemError = {
  /** Of a refusal; else as the schema calls it. */
  readonly field: Field | (string & {})
  /** Into the body (RFC 6901). */
  readonly pointer?: string
  /** Where it stands, if not in the body, and under which name. */
  readonly in?: 'path' | 'query' | 'header'
  readonly name?: string
  /** Never a secret. */
  readonly value?: unknown
  readonly rule?: unknown
}

export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly requestId: string
  readonly errors?: readonly ProblemError[]
  /** With all its facts. */
  readonly refusal?: Refusal
  readonly [member: string]: unknown
}

/** Undefined: it tells of something else than a refusal of administration. */
export function refusalOfProblem(problem: unknown): Refusal | undefined {
  if (typeof problem !== 'object' || problem === null || !('refusal' in problem)) return undefined
  const { refusal } = problem
  if (typeof refusal !== 'object' || refusal === null) return undefined
  if (!('kind' in refusal && 'field' in refusal && 'value' in refusal)) return undefined
  const texts = [refusal.kind, refusal.field, refusal.value]
  return texts.every((text) => typeof text === 'string') ? (refusal as Refusal) : undefined
}
