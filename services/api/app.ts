// The application: the table of operations behind a router, as one handler of requests.
//
// Implementation notes: what Hono does is the routing. Reading, checking, rights and answers are `answer-request.ts`, the same for each row.

import { OpenAPIHono } from '@hono/zod-openapi'
import type { WebCaller, WebHandler } from '#shared/contracts/web.ts'
import { answerRequest } from './answer-request.ts'
import type { ApiDeps } from './deps.ts'
import { describeApi } from './document.ts'
import type { Operation } from './operation.ts'
import { problemResponse } from './problem.ts'
import { requestIdOf } from './request-id.ts'
import { secured } from './response-headers.ts'

export const API_BASE = '/api/v1'
export const API_DOCUMENT = '/api/openapi.json'

type Env = { readonly Bindings: { readonly caller: WebCaller } }

export function createApi(deps: ApiDeps, operations: readonly Operation[]): WebHandler {
  const app = new OpenAPIHono<Env>()
  let documentText: string | undefined
  app.get(API_DOCUMENT, () => {
    documentText ??= JSON.stringify(
      describeApi(operations, { base: API_BASE, version: deps.version }),
    )
    return new Response(documentText, { headers: { 'content-type': 'application/json' } })
  })
  for (const operation of operations) {
    const { route, parameters } = routeOf(operation.path)
    app.on(operation.method.toUpperCase(), `${API_BASE}${route}`, (context) =>
      answerRequest(deps, operation, {
        request: context.req.raw,
        caller: context.env.caller,
        params: parameters(context.req.param()),
      }),
    )
  }
  const methods = methodsByRoute(operations)
  for (const [route, allowed] of methods) {
    app.all(`${API_BASE}${route}`, (context) =>
      problemResponse(
        {
          status: 405,
          code: 'method-not-allowed',
          detail: `here ${allowed.join(', ')} is answered`,
          headers: { allow: allowed.join(', ') },
        },
        requestIdOf(context.req.raw),
      ),
    )
  }
  app.notFound((context) =>
    problemResponse(
      { status: 404, code: 'no-such-operation', detail: 'there is no such operation' },
      requestIdOf(context.req.raw),
    ),
  )
  return async (request, caller) => {
    const { pathname } = new URL(request.url)
    if (pathname !== '/api' && !pathname.startsWith('/api/')) return undefined
    return secured(await app.fetch(request, { caller }))
  }
}

/**
 * Hono's form of a path. Its parameters are whole segments, and an address may hold what verbs are written with; so a verb is a part of the
 * last parameter, which has no colon of its own (in an address it is `%3A`).
 */
export function routeOf(path: string): {
  readonly route: string
  readonly parameters: (raw: { readonly [name: string]: string }) => {
    readonly [name: string]: string
  }
} {
  const names: string[] = []
  const route = path.replaceAll(/\{(\w{1,40})\}(:\w{1,40})?/g, (_, name: string, verb = '') => {
    names.push(name)
    return `:${name}{[^/:]+${verb}}`
  })
  const verb = /\}(:\w{1,40})$/.exec(path)?.[1] ?? ''
  const last = names.at(-1)
  return {
    route,
    parameters: (raw) =>
      Object.fromEntries(
        names.map((name) => {
          const text = raw[name] ?? ''
          return [name, name === last && verb !== '' ? text.slice(0, -verb.length) : text]
        }),
      ),
  }
}

function methodsByRoute(operations: readonly Operation[]): ReadonlyMap<string, readonly string[]> {
  const methods = new Map<string, string[]>()
  for (const { path, method } of operations) {
    const { route } = routeOf(path)
    const allowed = methods.get(route) ?? []
    allowed.push(method.toUpperCase())
    methods.set(route, allowed)
  }
  return methods
}
