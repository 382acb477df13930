// What was asked, read within its limits and checked by the row's own schemas. A body is counted while it comes, and parsed no deeper than DEPTH_MAX
// and with no more than MEMBERS_MAX members.

import { z } from '@hono/zod-openapi'
import type { Problem, ProblemError } from '#shared/administration/problems.ts'
import { ByteBudget } from '#shared/runtime/byte-budget.ts'
import type { AnyInput, Operation } from './operation.ts'
import { type ProblemFacts, pointerTo } from './problem.ts'
import type { Routed } from './routed.ts'

/** Of a body, unless its row says another. */
export const BODY_BYTES_MAX = 64 * 1024
/**
 * What bodies in hand have beyond BODY_BYTES_MAX each, in this process: many large ones at once are refused for now, and a small one never
 * is because of them.
 */
export const LARGE_BODIES_BYTES_MAX = 96 * 1024 ** 2
/** Of objects and lists within each other. */
export const DEPTH_MAX = 16
/** Of all objects of a body together: a thousand rows with twenty each. Whoever checks them looks at each by its name. */
export const MEMBERS_MAX = 20_000
/** In an address. */
export const PARAMETERS_MAX = 200
/** Told of one request. */
export const ERRORS_TOLD_MAX = 100
/** Of a value that is told back. */
const VALUE_CHARACTERS_MAX = 200
export const DRY_RUN = 'dryRun'

export type ReadInput =
  | { readonly kind: 'read'; readonly input: AnyInput; readonly isRehearsal: boolean }
  | { readonly kind: 'problem'; readonly problem: ProblemFacts }

export async function readInput(operation: Operation, routed: Routed): Promise<ReadInput> {
  const { request, params } = routed
  const { searchParams } = new URL(request.url)
  const rehearsal = rehearsalOf(operation, searchParams)
  if (rehearsal.kind === 'problem') return rehearsal
  if (searchParams.size > PARAMETERS_MAX) {
    return problemOf(400, 'too-many-parameters', `at most ${PARAMETERS_MAX} parameters are read`)
  }
  let body: unknown
  if (operation.input.body !== undefined) {
    const read = await readBody(operation, request)
    if (read.kind === 'problem') return read
    body = read.value
  }
  const checked = checkInput(operation, { params, query: queryOf(searchParams), body })
  return checked.kind === 'problem' ? checked : { ...checked, ...rehearsal, kind: 'read' }
}

/** By the row's own schemas; all that is wrong with it at once. */
export function checkInput(
  { input: schemas }: Operation,
  given: AnyInput,
):
  | { readonly kind: 'checked'; readonly input: AnyInput }
  | { readonly kind: 'problem'; readonly problem: ProblemFacts } {
  const errors: ProblemError[] = []
  let count = 0
  let isQuery = true
  function check(schema: z.ZodType | undefined, value: unknown, place: Place): unknown {
    if (schema === undefined) return value
    const checked = schema.safeParse(value)
    if (checked.success) return checked.data
    isQuery &&= place === 'query'
    for (const issue of checked.error.issues) {
      count += issue.code === 'unrecognized_keys' ? issue.keys.length : 1
      errors.push(...errorsOf(issue, value, place, ERRORS_TOLD_MAX - errors.length))
    }
    return undefined
  }
  const input = {
    params: check(schemas.params, given.params, 'path'),
    query: check(schemas.query ?? noQuery, given.query, 'query'),
    body: check(schemas.body, given.body, 'body'),
  }
  return count > 0
    ? { kind: 'problem', problem: invalid(errors, count, isQuery ? 400 : 422) }
    : { kind: 'checked', input }
}

/** For refusals, to say where the field stands that they name. */
export const askedOf = (operation: Operation, { params, query, body }: AnyInput) => ({
  params: Object(params),
  query: Object(query),
  body,
  fields: operation.fields,
})

const noQuery = z.strictObject({})

type Place = 'path' | 'query' | 'body'

function rehearsalOf({ method, onlyAsks, recordsItself }: Operation, query: URLSearchParams) {
  const text = query.get(DRY_RUN)
  if (text === null) return { kind: 'ok', isRehearsal: false } as const
  query.delete(DRY_RUN)
  const mayBe = method !== 'get' && onlyAsks !== true && recordsItself !== true
  if (mayBe && (text === 'true' || text === 'false')) {
    return { kind: 'ok', isRehearsal: text === 'true' } as const
  }
  const rule = mayBe ? { name: 'one-of', allowed: ['true', 'false'] } : { name: 'unknown-member' }
  const error = { field: DRY_RUN, in: 'query', name: DRY_RUN, value: cut(text), rule } as const
  return { kind: 'problem', problem: invalid([error], 1, 400) } as const
}

/** A name that comes once is a text, one that comes again a list. */
function queryOf(parameters: URLSearchParams): { readonly [name: string]: string | string[] } {
  const found = new Map<string, string[]>()
  for (const [name, value] of parameters) {
    const values = found.get(name)
    if (values === undefined) found.set(name, [value])
    else values.push(value)
  }
  const entries = [...found].map(([name, values]) => {
    const [first = ''] = values
    return [name, values.length === 1 ? first : values] as const
  })
  return Object.fromEntries(entries)
}

type Body =
  | { readonly kind: 'read'; readonly value: unknown }
  | { readonly kind: 'problem'; readonly problem: ProblemFacts }

async function readBody(operation: Operation, request: Request): Promise<Body> {
  const [type = ''] = (request.headers.get('content-type') ?? '').toLowerCase().split(';', 1)
  const bytes = await readBytes(request, operation.bodyBytesMax ?? BODY_BYTES_MAX)
  if (bytes.kind === 'problem') return bytes
  // A verb with nothing to say.
  if (bytes.value.length === 0) return { kind: 'read', value: {} }
  const isLines = operation.takesLines === true && type.trim() === 'application/x-ndjson'
  if (!isJson(type.trim()) && !isLines) {
    return problemOf(415, 'unsupported-media-type', 'a body is application/json', 'content-type')
  }
  const text = utf8(bytes.value)
  if (text === undefined) return problemOf(400, 'malformed-body', 'the body is not UTF-8')
  const fault = faultOfShape(text)
  if (fault !== undefined) return fault
  try {
    if (!isLines) return { kind: 'read', value: JSON.parse(text) }
    const lines = text.split('\n').filter((line) => line.trim() !== '')
    return { kind: 'read', value: { rows: lines.map((line): unknown => JSON.parse(line)) } }
  } catch {
    return problemOf(400, 'malformed-body', 'the body is not JSON')
  }
}

const isJson = (type: string) =>
  type === 'application/json' || type === 'application/merge-patch+json'

export async function readBytes(
  request: Request,
  max: number,
): Promise<
  | { readonly kind: 'read'; readonly value: Uint8Array }
  | { readonly kind: 'problem'; readonly problem: ProblemFacts }
> {
  const tooLarge = () =>
    problemOf(413, 'body-too-large', `a body here has at most ${max} bytes`, undefined, {
      name: 'bytes',
      max,
    })
  const length = request.headers.get('content-length')
  if (length !== null && Number(length) > max) return tooLarge()
  if (request.body === null) return { kind: 'read', value: new Uint8Array() }
  const chunks: Uint8Array[] = []
  let count = 0
  try {
    for await (const chunk of request.body) {
      count += chunk.length
      if (count > max) return tooLarge()
      if (!hold(request, count)) return busy
      chunks.push(chunk)
    }
  } catch {
    // Whoever asks is gone in the midst of it: no mistake of ours, and nothing that strangers fill the log with.
    return problemOf(400, 'body-cut', 'the body ended before its end')
  }
  return { kind: 'read', value: Buffer.concat(chunks) }
}

const largeBodies = new ByteBudget(LARGE_BODIES_BYTES_MAX)
const held = new WeakMap<Request, number>()

/** False: there is no room now. */
function hold(request: Request, count: number): boolean {
  const before = held.get(request) ?? 0
  const wanted = count - BODY_BYTES_MAX
  if (wanted <= before) return true
  if (!largeBodies.tryTake(wanted - before)) return false
  held.set(request, wanted)
  return true
}

/** When it is answered. */
export function releaseBody(request: Request): void {
  const count = held.get(request)
  if (count === undefined) return
  held.delete(request)
  largeBodies.give(count)
}

const busy = {
  kind: 'problem',
  problem: {
    status: 503,
    code: 'busy',
    detail: 'others send large bodies at this moment; try again',
    headers: { 'retry-after': '5' },
  },
} as const

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/**
 * Before it is parsed: the parser and all who walk through what it makes call themselves for each level, and what is made of each member
 * costs many times its bytes.
 */
function faultOfShape(text: string) {
  let depth = 0
  let members = 0
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (isQuoted) {
      if (character === 0x5c) at++
      else if (character === 0x22) isQuoted = false
    } else if (character === 0x22) isQuoted = true
    else if (character === 0x7b || character === 0x5b) {
      if (++depth > DEPTH_MAX) {
        return problemOf(400, 'too-deep', `the body is nested deeper than ${DEPTH_MAX}`)
      }
    } else if (character === 0x7d || character === 0x5d) depth--
    else if (character === 0x3a && ++members > MEMBERS_MAX) {
      return problemOf(413, 'too-many-members', `a body has at most ${MEMBERS_MAX} members`)
    }
  }
  return undefined
}

function problemOf(
  status: number,
  code: string,
  detail: string,
  header?: string,
  rule: unknown = { name: code },
) {
  const place = header === undefined ? { pointer: '' } : ({ in: 'header', name: header } as const)
  const errors = [{ field: header ?? 'body', ...place, rule }]
  return { kind: 'problem', problem: { status, code, detail, errors } } as const
}

/** The first of what is wrong, in a sentence; `errors` has all of it. */
function whyOf({ name, pointer, rule: broken }: ProblemError): string {
  const rule: object = Object(broken)
  const place = name ?? pointer ?? ''
  const what = place === '' ? 'the body' : place
  const isUnknown = 'name' in rule && rule.name === 'unknown-member'
  if (isUnknown) return `${what} is not known here`
  const message = 'message' in rule ? `: ${rule.message}` : ''
  return `${what} is not as it has to be${message}`
}

/** `count`: how many there are, of which the first are told. */
function invalid(errors: readonly ProblemError[], count: number, status: 400 | 422): ProblemFacts {
  const [first] = errors
  return {
    status,
    code: 'invalid',
    detail: first === undefined ? 'the body is not as it has to be' : whyOf(first),
    errors,
    ...(count > errors.length && { more: { errorCount: count } }),
  }
}

type Issue = z.core.$ZodIssue

function errorsOf(
  issue: Issue,
  value: unknown,
  place: Place,
  max: number,
): readonly ProblemError[] {
  if (max <= 0) return []
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .slice(0, max)
      .map((key) => error([...issue.path, key], { name: 'unknown-member' }))
  }
  const { code, path, message, input: _, ...facts } = issue
  return [error(path, { name: ruleNames[code] ?? code, message, ...plainFacts(facts) })]

  function error(at: readonly PropertyKey[], rule: unknown): ProblemError {
    const name = String(at.at(-1) ?? '')
    const told = valueAt(value, at)
    const where = place === 'body' ? { pointer: pointerTo(at) } : { in: place, name }
    const isTold = told !== undefined && !secretNames.has(name)
    return { field: name === '' ? place : name, ...where, ...(isTold && { value: told }), rule }
  }
}

const ruleNames: { readonly [code: string]: string } = {
  invalid_type: 'type',
  too_big: 'at-most',
  too_small: 'at-least',
  invalid_format: 'format',
  invalid_value: 'one-of',
  invalid_union: 'one-of-forms',
  not_multiple_of: 'multiple-of',
  custom: 'rule',
}

/** Nobody is told a secret back, wherever it stood. */
const secretNames: ReadonlySet<string> = new Set([
  'password',
  'passwordHash',
  'secret',
  'token',
  'code',
  'privateKey',
  'ticket',
  'answer',
  // What an issuer led back with, and whose it is.
  'query',
  'binding',
])

function plainFacts(facts: { readonly [name: string]: unknown }): object {
  return Object.fromEntries(
    Object.entries(facts)
      .filter(([, fact]) => ['string', 'number', 'boolean'].includes(typeof fact))
      .map(([name, fact]) => [name, typeof fact === 'string' ? cut(fact) : fact]),
  )
}

function valueAt(value: unknown, path: readonly PropertyKey[]): Problem['value'] {
  const found = path.reduce<unknown>(
    (of, name) =>
      typeof of === 'object' && of !== null && Object.hasOwn(of, name)
        ? Reflect.get(of, name)
        : undefined,
    value,
  )
  if (typeof found === 'string') return cut(found)
  // What is within it may be secret.
  return typeof found === 'number' || typeof found === 'boolean' || found === null
    ? found
    : undefined
}

const cut = (text: string) =>
  text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX)}…` : text
