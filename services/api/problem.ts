// What went wrong, as problem documents (RFC 9457). A refusal of administration keeps all its facts in `refusal`, so that a client of ours
// makes the refusal of it again (shared/administration/problems.ts).

import { explainRefusal } from '#shared/administration/explain.ts'
import type { Problem, ProblemError } from '#shared/administration/problems.ts'
import type { Field, Refusal } from '#shared/administration/refusals.ts'
import { unreachable } from '#shared/runtime/errors.ts'

export type ProblemFacts = {
  readonly status: number
  /** Stable, in small letters with hyphens: clients decide by it. */
  readonly code: string
  /** A sentence in English, for people. */
  readonly detail: string
  readonly errors?: readonly ProblemError[]
  readonly refusal?: Refusal
  readonly headers?: { readonly [name: string]: string }
  /** Other members (RFC 9457 §3.2). */
  readonly more?: { readonly [name: string]: unknown }
}

/** Where a field of a refusal stands in what was asked. */
export type FieldPlace = {
  readonly in: 'path' | 'query' | 'body' | 'header'
  readonly name: string
}
export type FieldPlaces = { readonly [field in Field]?: FieldPlace }

/** Fields as the API calls them, where that is not their own name. */
const apiNames: { readonly [field in Field]?: readonly string[] } = {
  address: ['address', 'account'],
  alias: ['alias'],
  quota: ['quotaBytes', 'quota'],
  password: ['password', 'passwordHash'],
  targets: ['targets', 'forward'],
  accessTable: ['table'],
  accessKey: ['key'],
  after: ['cursor'],
  queueId: ['queueId', 'message'],
  row: ['rows'],
}

export type Asked = {
  readonly params: object
  readonly query: object
  readonly body: unknown
  readonly fields?: FieldPlaces | undefined
}

function placeOf(field: Field, { params, query, body, fields }: Asked): FieldPlace {
  const named = fields?.[field]
  if (named !== undefined) return named
  const names = apiNames[field] ?? [field]
  const of = (members: unknown) =>
    typeof members === 'object' && members !== null
      ? names.find((name) => Object.hasOwn(members, name))
      : undefined
  // What the body says again is meant; a path names what is there.
  const inBody = of(body)
  if (inBody !== undefined) return { in: 'body', name: inBody }
  const inPath = of(params)
  if (inPath !== undefined) return { in: 'path', name: inPath }
  const inQuery = of(query)
  if (inQuery !== undefined) return { in: 'query', name: inQuery }
  return { in: 'body', name: names[0] ?? field }
}

export function problemOfRefusal(refusal: Refusal, asked: Asked): ProblemFacts {
  const place = placeOf(refusal.field, asked)
  const status = statusOf(refusal, place)
  const error: ProblemError = {
    field: refusal.field,
    ...(place.in === 'body'
      ? { pointer: pointerTo([place.name]) }
      : { in: place.in, name: place.name }),
    value: refusal.value,
    ...(refusal.kind === 'bad-value' && { rule: refusal.rule }),
  }
  const detail = explainRefusal(refusal, { [refusal.field]: place.name })
  return { status, code: refusal.kind, detail, errors: [error], refusal }
}

/** RFC 6901 §3. */
export const pointerTo = (path: readonly (string | number | symbol)[]) =>
  path.map((name) => `/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

function statusOf(refusal: Refusal, place: FieldPlace): number {
  switch (refusal.kind) {
    case 'bad-value':
      return place.in === 'query' ? 400 : 422
    case 'no-such-domain':
    case 'no-such-account':
    case 'no-such-token':
    case 'no-such-link':
    case 'no-such-recovery-address':
    case 'no-such-alias':
    case 'no-such-folder':
    case 'no-such-access-table':
    case 'no-such-access-entry':
    case 'no-such-selector':
    case 'no-such-job':
    case 'leads-nowhere':
    case 'not-queued':
    case 'not-traced':
    case 'no-such-setting':
    case 'not-quarantined':
    case 'no-such-app-password':
    case 'no-such-session':
    case 'no-such-factor':
    case 'no-such-script':
    case 'no-such-message':
    case 'no-such-source':
      return place.in === 'path' ? 404 : 422
    case 'switched-off':
    case 'more-rights':
      return 403
    case 'too-often':
    case 'export-too-often':
      return 429
    case 'wrong-answer':
    case 'is-owner':
    case 'same-table':
    case 'wrong-script':
      return 422
    case 'changed-meanwhile':
      return 412
    case 'exists':
    case 'last-owner':
    case 'not-empty':
    case 'too-many-grants':
    case 'too-many':
    case 'over-domain-limit':
    case 'not-waiting':
    case 'others-wait':
    case 'setting-locked':
    case 'differs':
    case 'still-running':
    case 'export-under-way':
    case 'script-is-active':
    case 'source-in-use':
      return 409
    default:
      return unreachable(refusal)
  }
}

const titles: { readonly [status: number]: string } = {
  400: 'Bad request',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  412: 'Changed meanwhile',
  413: 'Too large',
  415: 'Unknown type of content',
  422: 'Not possible as it stands',
  428: 'If-Match is missing',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Not now',
}

export function problemResponse(
  { status, code, detail, errors, refusal, headers, more }: ProblemFacts,
  requestId: string,
): Response {
  const body: Problem = {
    ...more,
    type: `urn:postwolke:problem:${code}`,
    title: titles[status] ?? 'Problem',
    status,
    code,
    detail,
    requestId,
    ...(errors && { errors }),
    ...(refusal && { refusal }),
  }
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  })
}
