// Calls of the API: the cookie of the session, a header that no other site can send, and answers as values. What ends a session or asks
// for a factor is settled here, over the page, and the call is made again: who called learns nothing of it and keeps what was typed.

import { ApiFailure, readProblem, Unreachable } from './problem.ts'

export const API = '/api/v1'

export type Answer<Body> = {
  readonly status: number
  readonly body: Body
  readonly etag: string | undefined
  /** Of a job. */
  readonly location: string | undefined
}

export type CallOptions = {
  readonly query?: Query
  readonly body?: unknown
  /** Of a body that is a text. */
  readonly type?: 'text/csv' | 'application/x-ndjson'
  /** Of the version that is to be changed. */
  readonly etag?: string | undefined
  readonly dryRun?: boolean
  readonly signal?: AbortSignal
  /** Of sign-in itself: a 401 is its answer. */
  readonly isSignIn?: boolean
}

export type Query = {
  readonly [name: string]: string | number | boolean | readonly string[] | undefined
}

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'

export type Interruption = 'signed-out' | 'step-up'
/** Resolves to true once the call may be made again. */
type Settle = (why: Interruption) => Promise<boolean>

let settle: Settle = async () => false
export function settleInterruptionsBy(by: Settle): void {
  settle = by
}

/** Whether the last call was answered; the shell says so where not. */
let heard: (isReachable: boolean) => void = () => {}
export function watchReachable(watch: (isReachable: boolean) => void): void {
  heard = watch
}

export async function call<Body>(
  method: Method,
  path: string,
  options: CallOptions = {},
): Promise<Answer<Body>> {
  // The same for each attempt: one that was made and not heard of is not made twice.
  const repeat = method === 'POST' && !options.isSignIn ? crypto.randomUUID() : undefined
  for (;;) {
    const response = await send(method, path, options, repeat)
    if (response.ok) {
      return {
        status: response.status,
        body: await readBody(response),
        etag: response.headers.get('etag') ?? undefined,
        location: response.headers.get('location') ?? undefined,
      }
    }
    const problem = readProblem(response.status, await readBody(response).catch(() => undefined))
    const why = options.isSignIn ? undefined : interruptionOf(problem)
    if (why === undefined || !(await settle(why))) throw new ApiFailure(problem)
  }
}

/** What a change would answer: the same checks, and nothing changed. */
export async function rehearsed<Body>(
  method: Method,
  path: string,
  options: CallOptions,
): Promise<Body> {
  const { body } = await call<{ readonly result: Body }>(method, path, { ...options, dryRun: true })
  return body.result
}

export const get = async <Body>(path: string, query?: Query, signal?: AbortSignal): Promise<Body> =>
  (await call<Body>('GET', path, { ...(query && { query }), ...(signal && { signal }) })).body

/** Of the server's clock against this one. */
const CLOCKS_APART_MS = 30_000

/** Before the browser itself fetches what is dangerous: whether who he is was proved just now, or is. */
export async function prove(): Promise<boolean> {
  const { steppedUpUntil } = await get<{ readonly steppedUpUntil: string | null }>('/session')
  const isFresh = Date.parse(steppedUpUntil ?? '') > Date.now() + CLOCKS_APART_MS
  return isFresh || (await settle('step-up'))
}

function interruptionOf({
  status,
  code,
}: {
  status: number
  code: string
}): Interruption | undefined {
  if (status === 401) return 'signed-out'
  return status === 403 && code === 'step-up-required' ? 'step-up' : undefined
}

async function send(
  method: Method,
  path: string,
  { query, body, type, etag, dryRun, signal }: CallOptions,
  repeat: string | undefined,
): Promise<Response> {
  const headers = new Headers({ accept: 'application/json', 'x-postwolke': 'console' })
  let sent: BodyInit | undefined
  if (type !== undefined) {
    headers.set('content-type', type)
    sent = String(body)
  } else if (body !== undefined) {
    headers.set(
      'content-type',
      method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
    )
    sent = JSON.stringify(body)
  }
  if (etag !== undefined) headers.set('if-match', etag)
  if (repeat !== undefined) headers.set('idempotency-key', repeat)
  try {
    const response = await fetch(urlOf(path, dryRun ? { ...query, dryRun: true } : query), {
      method,
      headers,
      credentials: 'same-origin',
      cache: 'no-store',
      ...(sent !== undefined && { body: sent }),
      ...(signal && { signal }),
    })
    heard(true)
    return response
  } catch (error) {
    if (signal?.aborted) throw error
    heard(false)
    throw new Unreachable('no answer', { cause: error })
  }
}

export function urlOf(path: string, query: Query = {}): string {
  const text = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === '') continue
    for (const each of Array.isArray(value) ? value : [value]) text.append(name, String(each))
  }
  const said = text.toString().replaceAll('%40', '@')
  return `${API}${path}${said === '' ? '' : `?${said}`}`
}

// biome-ignore lint/suspicious/noExplicitAny: whoever calls says what the operation answers; the server validates by the same schema
async function readBody(response: Response): Promise<any> {
  if (response.status === 204) return undefined
  const type = response.headers.get('content-type') ?? ''
  return /[/+]json/.test(type) ? await response.json() : await response.text()
}
