// Many rows in one request: each is an operation of the table, with its schemas, its right and its refusals, and stands or falls by itself. Rows
// are done in their order; those of a kind that follow each other may be done together where the operation can (`together`).

import { z } from '@hono/zod-openapi'
import type { Right } from '#shared/administration/rights/rights.ts'
import { RehearsalTooLarge } from '#shared/storage/rehearsal-table.ts'
import type { Call } from './call.ts'
import { conditionProblem, isKnownVersion } from './etag.ts'
import { type AnyInput, defineOperation, type Operation, type Outcome } from './operation.ts'
import { permit, problemOfRule } from './permit.ts'
import { type ProblemFacts, problemOfRefusal } from './problem.ts'
import { askedOf, checkInput } from './read-input.ts'
import { ofList } from './subjects.ts'

export const BULK_ROWS_MAX = 1_000
const BULK_BYTES_MAX = 4 * 1024 * 1024
const REF_CHARACTERS_MAX = 200

type Together = (inputs: readonly AnyInput[], call: Call) => Promise<readonly Outcome<unknown>[]>

export type BulkOperation = {
  readonly operation: Operation
  /** The same for many, which come one after the other. */
  readonly together?: Together
}

const row = z.looseObject({
  ref: z.string().max(REF_CHARACTERS_MAX).optional(),
  op: z.string().max(64),
})
type Row = z.output<typeof row>

const result = z
  .looseObject({
    ref: z.string().nullable(),
    status: z.number().int(),
    code: z.string().optional(),
    detail: z.string().optional(),
  })
  .openapi('BulkResult')

const summary = z
  .object({ rows: z.number().int(), done: z.number().int(), failed: z.number().int() })
  .openapi('BulkSummary')

type Result = z.input<typeof result>

/** The rows of a noun, for those that are done in bulk. */
export const operationsById = (operations: readonly Operation[]) => (id: string) => {
  const found = operations.find((operation) => operation.id === id)
  if (found === undefined) throw new Error(`no operation ${id}`)
  return found
}

export function defineBulk(of: {
  readonly id: string
  readonly path: `/${string}`
  readonly summary: string
  readonly right: Right
  readonly operations: { readonly [op: string]: BulkOperation }
}): Operation {
  const { operations, ...facts } = of
  return defineOperation({
    ...facts,
    method: 'post',
    bodyBytesMax: BULK_BYTES_MAX,
    takesLines: true,
    input: { body: z.strictObject({ rows: z.array(row).min(1).max(BULK_ROWS_MAX) }) },
    // Each row is about something of its own.
    subject: () => ofList,
    output: z.object({ data: z.array(result), summary }),
    async run({ body: { rows } }, call) {
      const data = await runRows(rows, operations, call)
      const done = data.filter(({ status }) => status < 400).length
      const counts = { rows: data.length, done, failed: data.length - done }
      const { headers } = call.request
      if (!(headers.get('accept') ?? '').includes(LINES)) {
        return { kind: 'answer', value: { data, summary: counts } }
      }
      const lines = [...data, { summary: counts }].map((line) => JSON.stringify(line))
      const response = new Response(`${lines.join('\n')}\n`, { headers: { 'content-type': LINES } })
      return { kind: 'response', response }
    },
  })
}

const LINES = 'application/x-ndjson'

type Prepared =
  | {
      readonly kind: 'ready'
      readonly row: Row
      readonly bulk: BulkOperation
      readonly input: AnyInput
      readonly ifMatch: string
    }
  | { readonly kind: 'not'; readonly row: Row; readonly problem: ProblemFacts }

async function runRows(
  rows: readonly Row[],
  operations: { readonly [op: string]: BulkOperation },
  call: Call,
): Promise<Result[]> {
  const results: Result[] = []
  for (let at = 0; at < rows.length; ) {
    const some = alike(rows, at, operations)
    at += some.length
    const prepared: Prepared[] = []
    for (const one of some) prepared.push(await prepare(one, operations, call))
    results.push(...(await runAlike(prepared, call)))
  }
  return results
}

/** The rows from here on that can be done together. */
function alike(
  rows: readonly Row[],
  at: number,
  operations: { readonly [op: string]: BulkOperation },
): readonly Row[] {
  const { op = '' } = rows[at] ?? {}
  const isTogether = Object.hasOwn(operations, op) && operations[op]?.together !== undefined
  let end = at + 1
  while (isTogether && rows[end]?.op === op) end++
  return rows.slice(at, end)
}

async function prepare(
  given: Row,
  operations: { readonly [op: string]: BulkOperation },
  call: Call,
): Promise<Prepared> {
  const { ref: _, op, ifMatch = '*', ...members } = given
  const bulk = Object.hasOwn(operations, op) ? operations[op] : undefined
  const not = (problem: ProblemFacts): Prepared => ({ kind: 'not', row: given, problem })
  if (bulk === undefined) {
    const rule = { name: 'one-of', allowed: Object.keys(operations) }
    const errors = [{ field: 'op', pointer: '/op', value: op, rule }]
    return not({ status: 422, code: 'invalid', detail: 'there is no such op', errors })
  }
  const { operation } = bulk
  const checked = checkInput(operation, inputOf(operation, members))
  if (checked.kind === 'problem') return not(checked.problem)
  const { input } = checked
  const permitted = await permit(call.deps, operation, input, call.actor, call.nowMs)
  if (permitted.kind === 'no') return not(problemOfRule(permitted.rule))
  if (permitted.kind === 'missing') {
    return not(problemOfRefusal(permitted.refusal, askedOf(operation, input)))
  }
  const current = await operation.current?.(input, call)
  const wanted = String(ifMatch)
  const unmet = current === undefined ? undefined : conditionProblem(wanted, current)
  return unmet === undefined
    ? { kind: 'ready', row: given, bulk, input, ifMatch: wanted }
    : not(unmet)
}

/** What a row says is of the path, the query or the body, by the schemas. */
function inputOf({ input }: Operation, members: object): AnyInput {
  const namesOf = (schema: unknown) =>
    new Set(schema instanceof z.ZodObject ? Object.keys(schema.shape) : [])
  const inPath = namesOf(input.params)
  const inQuery = namesOf(input.query)
  const entries = Object.entries(members)
  const isText = (value: unknown) => (typeof value === 'boolean' ? String(value) : value)
  return {
    params: Object.fromEntries(entries.filter(([name]) => inPath.has(name))),
    query: Object.fromEntries(
      entries.filter(([name]) => inQuery.has(name)).map(([name, value]) => [name, isText(value)]),
    ),
    body: Object.fromEntries(entries.filter(([name]) => !inPath.has(name) && !inQuery.has(name))),
  }
}

async function runAlike(prepared: readonly Prepared[], call: Call): Promise<Result[]> {
  const ready = prepared.flatMap((one) => (one.kind === 'ready' ? [one] : []))
  const [first] = ready
  const together = first?.bulk.together
  const outcomes = (
    together === undefined
      ? await oneByOne(ready, call)
      : await together(
          ready.map(({ input }) => input),
          call,
        )
  ).values()
  return prepared.map((one) => {
    if (one.kind === 'not') return resultOfProblem(one.row, one.problem)
    const outcome = outcomes.next().value
    if (outcome === undefined) throw new Error('a row without an outcome')
    return resultOf(one.row, one.bulk.operation, one.input, outcome)
  })
}

async function oneByOne(
  ready: readonly Extract<Prepared, { readonly kind: 'ready' }>[],
  call: Call,
): Promise<readonly Outcome<unknown>[]> {
  const outcomes: Outcome<unknown>[] = []
  for (const { bulk, input, ifMatch } of ready) {
    const { operation } = bulk
    const rowCall = { ...call, isKnownVersion: isKnownVersion(ifMatch) }
    const run = call.isRehearsal ? (operation.rehearse ?? operation.run) : operation.run
    try {
      outcomes.push(await run.call(operation, input, rowCall))
    } catch (error) {
      if (error instanceof RehearsalTooLarge) throw error
      call.log.warn({ operation: operation.id, requestId: call.requestId, error }, 'row failed')
      const detail = 'this row failed here, and is logged; others may have been done'
      outcomes.push({ kind: 'problem', problem: { status: 500, code: 'internal-error', detail } })
    }
  }
  return outcomes
}

function resultOf(
  row: Row,
  operation: Operation,
  input: AnyInput,
  outcome: Outcome<unknown>,
): Result {
  if (outcome.kind === 'answer') {
    const status = outcome.status ?? operation.status ?? 200
    return { ref: row.ref ?? null, status, result: outcome.value }
  }
  if (outcome.kind === 'response') throw new Error('a row answers with no response of its own')
  const facts =
    outcome.kind === 'problem'
      ? outcome.problem
      : problemOfRefusal(outcome, askedOf(operation, input))
  return resultOfProblem(row, facts)
}

const resultOfProblem = (
  row: Row,
  { status, code, detail, errors, refusal }: ProblemFacts,
): Result => ({
  ref: row.ref ?? null,
  status,
  code,
  detail,
  ...(errors && { errors }),
  ...(refusal && { refusal }),
})
