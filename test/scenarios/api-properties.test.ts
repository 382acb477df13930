// Every operation of the table, asked what its schemas take and what they do not: a program that knows nothing but the document. Never is
// the answer a failure of ours; what is refused is a problem document that names field and rule; what is done has the form that is promised.

import { Validator } from '@seriousme/openapi-schema-validator'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { describeApi } from '#services/api/document.ts'
import type { Operation } from '#services/api/operation.ts'
import { operations } from '#services/api/operations/index.ts'
import { problemSchema } from '#services/api/schemas.ts'
import type { Actor } from '#shared/administration/rights/actor.ts'
import {
  type Administered,
  aHash,
  asOften,
  hashOfA,
  openAdministration,
} from '#test/support/administration.ts'
import { openApi, owner, type TestApi, type Told } from '#test/support/api.ts'
import { runSeed } from '#test/support/seed.ts'

const document = describeApi(operations, { base: '/api/v1', version: '0.0.0' })

let administered: Administered
let api: TestApi

beforeAll(async () => {
  administered = await openAdministration()
  api = openApi(administered.pipeline.backend)
  const { domains, accounts, aliases, access } = administered.administration
  await domains.add({ domain: 'example.org' })
  await accounts.add({ address: 'ann@example.org', secret: hashOfA })
  await aliases.add({ alias: 'info@example.org', targets: ['ann@example.org'] })
  await access.set({ table: 'clients', key: '192.0.2.1', result: 'REJECT' })
})
afterAll(() => administered[Symbol.asyncDispose]())

/** What is there, so that not all is refused for naming nothing; and what nobody expects. */
const texts = fc.oneof(
  fc.constantFrom(
    'example.org',
    'ann@example.org',
    'info@example.org',
    '@example.org',
    'clients',
    '192.0.2.1',
    'INBOX',
    'lrs',
    'rsa',
    'true',
    '0',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    ' ',
    '../..',
    '%2f',
    'a@b',
    '\u0000',
    '\ud800',
    'x'.repeat(5_000),
    '__proto__',
  ),
)

const junk: fc.Arbitrary<unknown> = fc.oneof(
  texts,
  fc.constantFrom<unknown>(null, true, -1, 0, 1e300, 0.5, [], {}, [[]], { a: { b: null } }),
  fc.array(texts, { maxLength: 3 }),
)

/** What a member may well be, by its name. */
const apt: { readonly [name: string]: unknown } = {
  domain: 'example.org',
  account: 'ann@example.org',
  address: 'new@example.org',
  passwordHash: aHash,
  alias: 'info@example.org',
  targets: ['ann@example.org'],
  forward: { to: ['ann@example.net'], keep: true },
  quotaBytes: 10_000_000,
  enabled: true,
  shared: false,
  reason: 'a test',
  release: false,
  folder: 'INBOX',
  grantee: 'anyone',
  rights: 'lr',
  table: 'clients',
  key: '192.0.2.1',
  result: 'OK',
  of: 'client',
  value: '192.0.2.1',
  algorithm: 'rsa',
  limit: 10,
  force: 'true',
  check: 'false',
  limits: { accounts: 1_000, aliases: null },
}
/** In place of those above, where another is meant. */
const aptOf: { readonly [operation: string]: { readonly [name: string]: unknown } } = {
  'aliases.create': { alias: 'office@example.org' },
  'domains.create': { domain: 'example.com' },
  'rewrittenSenders.show': { address: 'ann@example.org' },
}

/** All members that have an apt value, and no others. */
function aptFor(id: string, schema: unknown): object {
  if (!(schema instanceof z.ZodObject)) return {}
  const values = { ...apt, ...aptOf[id] }
  const names = Object.keys(schema.shape).filter((name) => Object.hasOwn(values, name))
  return Object.fromEntries(names.map((name) => [name, values[name]]))
}

/** What a schema takes, mostly; members are left out and added. */
function sampleOf(schema: unknown): fc.Arbitrary<unknown> {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    return fc.oneof(sampleOf(schema.unwrap()), fc.constant(null))
  }
  if (schema instanceof z.ZodObject) {
    const shape: { readonly [name: string]: unknown } = schema.shape
    const members = Object.fromEntries(
      Object.entries(shape).map(([name, member]) => [
        name,
        fc.oneof(
          {
            weight: 12,
            arbitrary: Object.hasOwn(apt, name) ? fc.constant(apt[name]) : sampleOf(member),
          },
          { weight: 2, arbitrary: sampleOf(member) },
          { weight: 1, arbitrary: junk },
        ),
      ]),
    )
    const known = fc.record(members, { requiredKeys: [] })
    return fc.oneof(
      { weight: 3, arbitrary: fc.record(members) },
      { weight: 6, arbitrary: known },
      { weight: 1, arbitrary: known.map((value) => ({ ...value, other: 1 })) },
    )
  }
  if (schema instanceof z.ZodArray) return fc.array(sampleOf(schema.element), { maxLength: 4 })
  if (schema instanceof z.ZodEnum) return fc.constantFrom(...schema.options)
  if (schema instanceof z.ZodBoolean) return fc.boolean()
  if (schema instanceof z.ZodNumber) return fc.oneof(fc.nat(), fc.integer())
  return texts
}

/** Nouns whose things are there in this test. */
const directory = /^(domains|keys|accounts|aliases|grants|accessTables|rewrittenSenders)\./
/** They want something that is not there, or a body of another kind. */
const unmet: ReadonlySet<string> = new Set(['keys.revoke', 'keys.force', 'keys.import'])

const textOf = (value: unknown) =>
  (typeof value === 'object' ? JSON.stringify(value) : String(value)).toWellFormed()

type Question = {
  readonly params: object
  readonly query: object
  readonly body: unknown
  readonly headers: { readonly [name: string]: string }
}

const questionsOf = ({ input, path }: Operation): fc.Arbitrary<Question> =>
  fc.record({
    params: input.params === undefined ? fc.constant({}) : sampleOf(input.params),
    query: input.query === undefined ? fc.constant({}) : sampleOf(input.query),
    body:
      input.body === undefined
        ? fc.constant(undefined)
        : fc.oneof({ weight: 5, arbitrary: sampleOf(input.body) }, { weight: 1, arbitrary: junk }),
    headers: fc.record(
      {
        'if-match': fc.constantFrom('*', '"stale"', ''),
        'idempotency-key': fc.constantFrom(path, 'k', 'ä'.repeat(2)),
      },
      { requiredKeys: [] },
    ),
  }) as fc.Arbitrary<Question>

async function ask(
  operation: Operation,
  { params, query, body, headers }: Question,
  as: Actor,
): Promise<Told> {
  const given: { readonly [name: string]: unknown } = { ...params }
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(textOf(given[name] ?? 'x') || 'x'),
  )
  const search = new URLSearchParams(
    Object.entries(query).map(([name, value]) => [name, textOf(value)] as [string, string]),
  )
  // Nothing is kept of what the program does, so that each question finds the same; some of it runs.
  if (operation.method !== 'get' && !operation.onlyAsks) search.set('dryRun', 'true')
  const isAscii = (text: string) => /^[\x20-\x7e]*$/.test(text)
  const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => isAscii(value)))
  const hasBody = operation.input.body !== undefined && body !== undefined
  return await api.ask(
    `${operation.method.toUpperCase()} ${path}?${search}`,
    hasBody ? body : undefined,
    {
      as,
      headers: sent,
    },
  )
}

function judge(operation: Operation, { status, body, headers }: Told, isRehearsal: boolean): void {
  const about = `${operation.id}: ${JSON.stringify(body)}`
  expect(status, about).not.toBe(500)
  expect(headers.get('cache-control'), about).toBe('no-store')
  if (status >= 400) {
    expect(headers.get('content-type'), about).toBe('application/problem+json')
    expect(problemSchema.safeParse(body).success, about).toBe(true)
    expect(body.status, about).toBe(status)
    // What is wrong with a value is said of a field, by a rule.
    if (status === 422 || status === 400) {
      const named = body.errors ?? []
      expect(named.length, about).toBeGreaterThan(0)
      for (const error of named) expect(error.field, about).toEqual(expect.any(String))
    }
    return
  }
  if (operation.output === 'nothing' || operation.produces !== undefined) return
  const output = operation.output
  const shown = isRehearsal ? body.result : body
  expect(output.safeParse(shown).error, about).toBeUndefined()
}

describe('the document', () => {
  it('is OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(JSON.parse(JSON.stringify(document)))
    expect(errors ?? []).toEqual([])
    expect(valid).toBe(true)
  })

  it('tells every operation, once', () => {
    const ids = operations.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const routes = operations.map(
      ({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`,
    )
    expect(new Set(routes).size).toBe(routes.length)
    const paths: { readonly [path: string]: object } = Object(document).paths
    const told = Object.values(paths).flatMap((path) =>
      Object.values(path).map((one: { readonly operationId: string }) => one.operationId),
    )
    expect(told.sort()).toEqual(ids.sort())
  })
})

const asked = operations.filter(
  ({ id, accepts, input }) =>
    directory.test(id) &&
    accepts === undefined &&
    !(input.body instanceof z.ZodObject && 'rows' in input.body.shape),
)

describe('asked as it is meant', () => {
  it.each(asked.filter(({ id }) => !unmet.has(id)).map((one) => [one.id, one] as const))(
    '%s answers what it promises',
    async (id, operation) => {
      const { params, query, body } = operation.input
      const question = {
        params: aptFor(id, params),
        query: aptFor(id, query),
        body: body && aptFor(id, body),
        headers: { 'if-match': '*' },
      }
      const self = await administered.administration.accounts.show('ann@example.org')
      if (self.kind !== 'account') throw new Error(self.kind)
      const holder: Actor = { ...owner, role: 'holder', accountId: self.account.id }
      const isOwn = operation.access.kind === 'right' && operation.access.right === 'self.write'
      const told = await ask(operation, question, isOwn ? holder : owner)
      expect(told.status, JSON.stringify(told.body)).toBeLessThan(400)
      judge(operation, told, operation.method !== 'get' && !operation.onlyAsks)
    },
  )
})

describe('whatever it is asked', () => {
  const nobody: Actor = { ...owner, role: 'help-desk', domains: [] }
  it.each(operations.map((operation) => [operation.id, operation] as const))(
    '%s answers, or says what is wrong',
    async (_, operation) => {
      await fc.assert(
        fc.asyncProperty(questionsOf(operation), fc.boolean(), async (question, isOwner) => {
          const told = await ask(operation, question, isOwner ? owner : nobody)
          judge(operation, told, operation.method !== 'get' && !operation.onlyAsks)
        }),
        { numRuns: asOften(30), seed: runSeed },
      )
    },
    30_000,
  )
})
