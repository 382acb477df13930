// Requests to the API of a server, as commands need them: an answer is its value, a refusal of administration is the refusal again, and
// everything else that a server says ends the command in one line. What was lost on the way is asked again where that does nothing twice: a
// question, or a POST, whose Idempotency-Key the server knows.

import { randomUUID } from 'node:crypto'
import { refusalOfProblem } from '#shared/administration/problems.ts'
import type { Refusal } from '#shared/administration/refusals.ts'
import { CommandFailure, type Exit, exitOfRefusal } from '../failure.ts'
import { explain } from '../refusal-text.ts'
import { type Received, type Transport, Unreachable } from './transport.ts'

export type Query = { readonly [name: string]: string | number | boolean | undefined }

export type Asked = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below /api/v1; names in it are encoded (`path`). */
  readonly path: string
  readonly query?: Query
  readonly body?: unknown
  /** In place of `body`. */
  readonly file?: { readonly type: string; readonly bytes: Uint8Array }
  readonly headers?: { readonly [name: string]: string }
}

export interface ApiClient {
  readonly server: URL
  /** A server of ours answers in the shapes of its document; they are taken as these. */
  ask<T>(asked: Asked): Promise<T>
  answer<T>(asked: Asked): Promise<{ readonly value: T; readonly received: Received }>
  stream(asked: Asked): Promise<AsyncIterable<Uint8Array>>
}

export type ClientDeps = {
  readonly transport: Transport
  readonly server: URL
  readonly credentials: { readonly [name: string]: string }
  readonly say: (text: string) => void
  readonly pause: (ms: number) => Promise<unknown>
}

/** What a server refused, as administration on the store would have. */
export class RefusedByServer extends CommandFailure {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(explain(refusal), exitOfRefusal(refusal))
    this.refusal = refusal
  }
}

/** What else a server has against it. */
export class ServerProblem extends CommandFailure {
  readonly code: string

  constructor(message: string, exit: Exit, code: string) {
    super(message, exit)
    this.code = code
  }
}

/** Each asked again after a pause. */
const TRIES_MAX = 5
const PAUSE_MS = 500
/** Longer nobody waits before a terminal. */
const WAIT_SECONDS_MAX = 120
/** Of one answer that is read as a whole. */
const ANSWER_BYTES_MAX = 64 * 1024 ** 2

export function createApiClient(deps: ClientDeps): ApiClient {
  const { transport, server, credentials, say, pause } = deps

  async function send(asked: Asked): Promise<Received> {
    const { method, path, query = {}, body, file, headers } = asked
    const url = new URL(`/api/v1${path}`, server)
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value))
    }
    const bytes =
      file?.bytes ?? (body === undefined ? undefined : Buffer.from(JSON.stringify(body)))
    const type = file?.type ?? 'application/json'
    const sent = {
      ...{ method, url, body: bytes },
      headers: {
        accept: 'application/json',
        'user-agent': 'postwolke',
        ...credentials,
        ...(bytes !== undefined && { 'content-type': type, 'content-length': `${bytes.length}` }),
        // A command wants what it says, whatever was there before, as on the store.
        ...(method !== 'GET' && { 'if-match': '*' }),
        ...(method === 'POST' && { 'idempotency-key': randomUUID() }),
        ...headers,
      },
    }
    const isRepeatable = method === 'GET' || method === 'POST'
    for (let tries = 1; ; tries++) {
      const isLast = tries === TRIES_MAX
      try {
        const received = await transport(sent)
        const waitSeconds = isLast ? undefined : waitOf(received, isRepeatable)
        if (waitSeconds === undefined) return received
        await readBody(received)
        say(`postwolke: ${server.host} asks to wait ${waitSeconds} s\n`)
        await pause(waitSeconds * 1_000)
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error
        if (isLast || !isRepeatable || hasNoHope(error)) throw unreachable(server, error)
        await pause(PAUSE_MS * tries)
      }
    }
  }

  async function answer<T>(asked: Asked) {
    const received = await send(asked)
    const text = await readBody(received)
    const value = parsed(text)
    if (received.status >= 400) throw failureOf(server, received.status, value)
    if (text !== '' && value === undefined) throw notOurs(server)
    return { value: value as T, received }
  }

  return {
    server,
    answer,
    ask: async <T>(asked: Asked) => (await answer<T>(asked)).value,
    async stream(asked) {
      const received = await send(asked)
      if (received.status < 400) return received.body
      throw failureOf(server, received.status, parsed(await readBody(received)))
    },
  }
}

/** Undefined: there is nothing to wait for. */
function waitOf({ status, headers }: Received, isRepeatable: boolean): number | undefined {
  if (status !== 429 && !(status === 503 && isRepeatable)) return undefined
  const seconds = Number(headers['retry-after'] ?? Number.NaN)
  return seconds >= 0 && seconds <= WAIT_SECONDS_MAX ? seconds : undefined
}

/** Whose certificate is wrong has it a second later, too. */
function hasNoHope({ cause }: Unreachable): boolean {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return /CERT|TLS|SSL|ISSUER|SIGNATURE|ENOTFOUND|ECONNREFUSED/.test(code)
}

async function readBody({ body }: Received): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const chunk of body) {
      bytes += chunk.length
      if (bytes > ANSWER_BYTES_MAX)
        throw new CommandFailure('the answer is too long', 'unavailable')
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof CommandFailure) throw error
    throw new CommandFailure(
      'the connection ended within an answer; what became of it nobody knows',
      'temporary',
    )
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

const unreachable = (server: URL, { message }: Unreachable) =>
  new CommandFailure(`cannot reach ${server.host}: ${message}`, 'unavailable')

const notOurs = (server: URL) =>
  new CommandFailure(`${server.host} does not answer as a Postwolke server`, 'unavailable')

/** By status, where no refusal says more. */
const exits: { readonly [status: number]: Exit } = {
  400: 'data',
  401: 'noPermission',
  403: 'noPermission',
  404: 'noUser',
  409: 'temporary',
  413: 'data',
  422: 'data',
  429: 'temporary',
  500: 'software',
  503: 'temporary',
}

function failureOf(server: URL, status: number, problem: unknown): CommandFailure {
  const refusal = refusalOfProblem(problem)
  if (refusal !== undefined) return new RefusedByServer(refusal)
  const { code, detail, requestId } = Object(problem)
  if (typeof code !== 'string' || typeof detail !== 'string') return notOurs(server)
  const exit = exits[status] ?? 'unavailable'
  const login = `'postwolke login ${server.origin}' signs in`
  if (status === 401) return new ServerProblem(`${server.host}: ${detail}; ${login}`, exit, code)
  const where = status >= 500 && typeof requestId === 'string' ? ` (request ${requestId})` : ''
  return new ServerProblem(`${server.host}: ${detail}${where}`, exit, code)
}

/** A path with its names encoded. */
export const path = (texts: TemplateStringsArray, ...names: readonly string[]) =>
  texts.reduce((all, text, i) => `${all}${encodeURIComponent(names[i - 1] ?? '')}${text}`)

type Methods<T> = { readonly [name in keyof T]: T[name] }

/**
 * What these methods are refused, they return, as administration does. Which refusals these may be, its interfaces say: the server has the
 * same.
 */
export function returningRefusals<T extends object>(methods: Methods<T>): T {
  const wrapped = Object.entries<unknown>(methods).map(([name, method]) => [
    name,
    isMethod(method) ? wrap(method) : method,
  ])
  return Object.fromEntries(wrapped)
}

type Method = (...words: readonly unknown[]) => unknown

const isMethod = (value: unknown): value is Method => typeof value === 'function'

function wrap(method: Method): Method {
  return (...words) => {
    try {
      const result = method(...words)
      return result instanceof Promise ? result.catch(refusalOf) : result
    } catch (error) {
      return refusalOf(error)
    }
  }
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof RefusedByServer) return error.refusal
  throw error
}

export type Page<T> = { readonly data: readonly T[]; readonly next: string | null }

/** All pages of a list, one after another. */
export async function* allOf<T>(
  client: ApiClient,
  path: string,
  query: Query = {},
): AsyncGenerator<T> {
  let cursor: string | undefined
  do {
    const page: Page<T> = await client.ask({ method: 'GET', path, query: { ...query, cursor } })
    yield* page.data
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
}

export const msOf = (time: string): number => Date.parse(time)
export const msOrNull = (time: string | null): number | null =>
  time === null ? null : Date.parse(time)
