// One operation of the API is one row: what it is called and where it stands, which right it needs, what it is about, what comes in, what goes
// out, and what it does. The router, the rights, the document and the tests are made of the table of these (operations/index.ts); a row
// without a right and a subject does not compile.

import type { z } from '@hono/zod-openapi'
import type { Refusal } from '#shared/administration/refusals.ts'
import type { Right } from '#shared/administration/rights/rights.ts'
import type { Call, OpenCall } from './call.ts'
import type { FieldPlaces, ProblemFacts } from './problem.ts'
import type { FindSubject } from './subjects.ts'

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

/** What an operation made of what it was asked. */
export type Outcome<T> =
  | Answered<T>
  /** Made by the operation itself: a stream, a file. It bears the type that the row `produces`. */
  | { readonly kind: 'response'; readonly response: Response }
  | Refusal
  /** What no use case of administration refuses, but HTTP does. */
  | { readonly kind: 'problem'; readonly problem: ProblemFacts }

export type Answered<T> = {
  readonly kind: 'answer'
  readonly value: T
  /** Where the new thing or the job stands, below /api/v1. */
  readonly location?: string | undefined
  /** What the ETag is made of: all that a change of the thing can change, and nothing that changes by itself. */
  readonly version?: unknown
  readonly headers?: { readonly [name: string]: string }
  /** In place of the row's own: 202 for what became a job. */
  readonly status?: 200 | 201 | 202
}

export const answer = <T>(
  value: T,
  more: Omit<Answered<T>, 'kind' | 'value'> = {},
): Answered<T> => ({
  kind: 'answer',
  value,
  ...more,
})

export const problem = (facts: ProblemFacts) => ({ kind: 'problem', problem: facts }) as const

type Schema = z.ZodType | undefined

export type InputOf<P extends Schema, Q extends Schema, B extends Schema> = {
  readonly params: P extends z.ZodType ? z.output<P> : unknown
  readonly query: Q extends z.ZodType ? z.output<Q> : unknown
  readonly body: B extends z.ZodType ? z.output<B> : unknown
}

type Facts = {
  /** `noun.verb`, as the audit record and the document have it. */
  readonly id: string
  readonly method: Method
  /** Below /api/v1, with `{names}` of what `input.params` has; a verb stands behind a colon at its end. */
  readonly path: `/${string}`
  /** One sentence. */
  readonly summary: string
  /** Of success; default: 200, or 204 where the output is `nothing`. */
  readonly status?: 200 | 201 | 202
  /** The type of what goes out, where it is not JSON. */
  readonly produces?: string
  /** The type of what comes in, where it is not JSON: `run` reads `call.request` itself. The body has no schema then. */
  readonly accepts?: string
  /** Default: BODY_BYTES_MAX. */
  readonly bodyBytesMax?: number
  /** A body may come as lines of JSON too (application/x-ndjson), which become its `rows`. */
  readonly takesLines?: true
  /** The answer holds a secret that is shown once: it is not kept for a repeated request. */
  readonly secretAnswer?: true
  /**
   * It says itself what the record is to say: strangers may ask it, or it changes nothing but who has signed in. Then there is no rehearsal
   * of it, and no repeated request.
   */
  readonly recordsItself?: true
  /** It changes nothing although it is no GET: a question whose words do not fit into an address. It is not audited. */
  readonly onlyAsks?: true
  /** Where fields of refusals stand, where they are not called as they are in the body, path or query. */
  readonly fields?: FieldPlaces
}

type Inputs<P extends Schema, Q extends Schema, B extends Schema> = {
  readonly params?: P
  readonly query?: Q
  readonly body?: B
}

type Output = z.ZodType | 'nothing'
type ValueOf<O extends Output> = O extends z.ZodType ? z.input<O> : null

type Row<P extends Schema, Q extends Schema, B extends Schema, O extends Output> = Facts & {
  /** `signed-in`: whoever signed in, of his own. */
  readonly right: Right | 'signed-in'
  readonly input?: Inputs<P, Q, B>
  /** Found before it runs: `({ params }) => ofAccount(params.account)`. */
  readonly subject: (input: InputOf<P, Q, B>) => FindSubject
  readonly output: O
  /**
   * Of a change to what is there: its version as it is now, as its GET tells it. The request needs If-Match then. Undefined: it is not
   * there, and `run` says so.
   */
  readonly current?: (input: InputOf<P, Q, B>, call: Call) => Promise<unknown>
  /** In place of `run` with `?dryRun=true`, where a run whose writes are forgotten would read too much: deleting all mail. */
  readonly rehearse?: (input: InputOf<P, Q, B>, call: Call) => Promise<Outcome<unknown>>
  readonly run: (input: InputOf<P, Q, B>, call: Call) => Promise<Outcome<ValueOf<O>>>
}

export type AnyInput = { readonly params: unknown; readonly query: unknown; readonly body: unknown }

/** A row as the machinery sees it: whatever its input is, it was validated with the row's own schemas. */
export interface Operation extends Facts {
  readonly access:
    | {
        readonly kind: 'right'
        readonly right: Right | 'signed-in'
        subjectOf(input: AnyInput): FindSubject
      }
    /** Whoever asks: signing in. */
    | { readonly kind: 'open' }
  readonly input: Inputs<Schema, Schema, Schema>
  readonly output: Output
  current?(input: AnyInput, call: Call): Promise<unknown>
  rehearse?(input: AnyInput, call: Call): Promise<Outcome<unknown>>
  run(input: AnyInput, call: Call): Promise<Outcome<unknown>>
}

export function defineOperation<
  O extends Output,
  P extends Schema = undefined,
  Q extends Schema = undefined,
  B extends Schema = undefined,
>({ right, subject, input = {}, ...row }: Row<P, Q, B, O>): Operation {
  return { ...row, input, access: { kind: 'right', right, subjectOf: subject as never } }
}

/** Of those who have not signed in: signing in itself. It asks for no right, and has no actor. */
export function defineOpenOperation<
  O extends Output,
  P extends Schema = undefined,
  Q extends Schema = undefined,
  B extends Schema = undefined,
>({
  input = {},
  run,
  ...row
}: Omit<Row<P, Q, B, O>, 'right' | 'subject' | 'current' | 'rehearse' | 'run'> & {
  readonly run: (input: InputOf<P, Q, B>, call: OpenCall) => Promise<Outcome<ValueOf<O>>>
}): Operation {
  return { ...row, input, access: { kind: 'open' }, run: run as Operation['run'] }
}
