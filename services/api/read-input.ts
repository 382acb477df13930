// What was asked, read within its limits and checked by the row's own schemas. A body is counted while it comes, parsed no deeper than DEPTH_MAX.

import { z } from '@hono/zod-openapi'
import type { Problem, ProblemError } from '#shared/administration/problems.ts'
import type { AnyInput, Operation } from './operation.ts'
import { type ProblemFacts, pointerTo } from './problem.ts'
import type { Routed } from './routed.ts'

/** Of a body, unless its row says another. */
export const BODY_BYTES_MAX = 64 * 1024
/** Of objects and lists within each other. */
export const DEPTH_MAX = 16
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
  function check(schema: z.ZodType | undefined, value: unknown, place: Place): unknown {
    if (schema === undefined) return value
    const checked = schema.safeParse(value)
    if (checked.success) return checked.data
    errors.push(...checked.error.issues.flatMap((issue) => errorsOf(issue, value, place)))
    return undefined
  }
  const input = {
    params: check(schemas.params, given.params, 'path'),
    query: check(schemas.query ?? noQuery, given.query, 'query'),
    body: check(schemas.body, given.body, 'body'),
  }
  return errors.length > 0
    ? { kind: 'problem', problem: invalid(errors) }
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
  return { kind: 'problem', problem: invalid([error]) } as const
}

/** A name that comes once is a text, one that comes again a list. */
function queryOf(parameters: URLSearchParams): { readonly [name: string]: string | string[] } {
  const names = [...new Set(parameters.keys())]
  return Object.fromEntries(
    names.map((name) => {
      const values = parameters.getAll(name)
      return [name, values.length === 1 ? (values[0] ?? '') : values]
    }),
  )
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
  if (isTooDeep(text)) {
    return problemOf(400, 'too-deep', `the body is nested deeper than ${DEPTH_MAX}`)
  }
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
  for await (const chunk of request.body) {
    count += chunk.length
    if (count > max) return tooLarge()
    chunks.push(chunk)
  }
  return { kind: 'read', value: Buffer.concat(chunks) }
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Before it is parsed: the parser and all who walk through what it makes call themselves for each level. */
function isTooDeep(text: string): boolean {
  let depth = 0
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (isQuoted) {
      if (character === 0x5c) at++
      else if (character === 0x22) isQuoted = false
    } else if (character === 0x22) isQuoted = true
    else if (character === 0x7b || character === 0x5b) {
      if (++depth > DEPTH_MAX) return true
    } else if (character === 0x7d || character === 0x5d) depth--
  }
  return false
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
function whyOf({ name, pointer, rule }: ProblemError): string {
  const place = name ?? pointer ?? ''
  const what = place === '' ? 'the body' : place
  const facts = typeof rule === 'object' && rule !== null ? rule : {}
  if ('name' in facts && facts.name === 'unknown-member') return `${what} is not known here`
  const message = 'message' in facts ? `: ${facts.message}` : ''
  return `${what} is not as it has to be${message}`
}

function invalid(errors: readonly ProblemError[]): ProblemFacts {
  const [first] = errors
  const isQuery = errors.every((error) => error.in === 'query')
  return {
    status: isQuery ? 400 : 422,
    code: 'invalid',
    detail: first === undefined ? 'the body is not as it has to be' : whyOf(first),
    errors: errors.slice(0, ERRORS_TOLD_MAX),
    ...(errors.length > ERRORS_TOLD_MAX && { more: { errorCount: errors.length } }),
  }
}

type Issue = z.core.$ZodIssue

function errorsOf(issue: Issue, value: unknown, place: Place): readonly ProblemError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => error([...issue.path, key], { name: 'unknown-member' }))
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
  'pem',
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
