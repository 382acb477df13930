// What the API answers where it does not do what was asked: RFC 9457, with field, value and rule of each fault.

export type Fault = {
  /** RFC 6901, of the body; undefined where it is about the query or the path. */
  readonly pointer?: string
  readonly field?: string
  /** Of a parameter of the path or query. */
  readonly name?: string
  readonly value?: unknown
  /** The name of a rule with its numbers and words, as shared/administration/refusals.ts has them; or a sentence. */
  readonly rule?: string | { readonly name: string; readonly [fact: string]: unknown }
  readonly detail?: string
}

export type Problem = {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
  readonly requestId?: string
  readonly errors: readonly Fault[]
  /** With all its facts, where a use case refused. */
  readonly refusal?: { readonly [fact: string]: unknown }
  /** Whatever else the code tells. */
  readonly [fact: string]: unknown
}

export class ApiFailure extends Error {
  override readonly name = 'ApiFailure'
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}

/** No answer at all: the server is gone, or the way to it. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
}

const isRecord = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const text = (value: unknown, otherwise: string) => (typeof value === 'string' ? value : otherwise)

/** Found here, shown like what the server finds. */
export const localProblem = (pointer: string, detail: string): Problem => ({
  status: 422,
  code: 'bad-value',
  title: detail,
  detail,
  errors: [{ pointer, detail }],
})

/** Of whatever came: a proxy in between may have answered in its own words. */
export function readProblem(status: number, body: unknown): Problem {
  const given = isRecord(body) ? body : {}
  return {
    ...given,
    status,
    code: text(given['code'], `http-${status}`),
    title: text(given['title'], `HTTP ${status}`),
    detail: text(given['detail'], ''),
    errors: Array.isArray(given['errors']) ? given['errors'].filter(isRecord) : [],
  }
}

/** `/targets/2` is about the field `targets`, `/limits/accounts` about `accounts` where no field is called `limits`. */
export function fieldsOf({ pointer, name, field }: Fault): readonly string[] {
  const named = (pointer ?? '').split('/').filter((each) => each !== '')
  return named.length > 0
    ? named.map((each) => each.replaceAll('~1', '/').replaceAll('~0', '~'))
    : [name ?? field ?? []].flat()
}
