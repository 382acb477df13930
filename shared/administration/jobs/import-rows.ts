// Domains, accounts or aliases of a text, some dozens at a time. All of it is checked first, as every import is; then what it is about is written
// down for whoever undoes it; then each slice is one chunk of rows. A slice that is done again finds its rows there.
//
// Implementation notes: all keys are kept before the first row is done. Rejected: keeping those of a slice with it, for what a slice has done is
// there also when a crash, and a cancellation then, keep nothing of it.

import { badInput, JobFailure } from '#shared/jobs/failure.ts'
import type { JobError } from '#shared/jobs/job.ts'
import { ERRORS_A_SLICE_MAX, type JobKind, type Slice } from '#shared/jobs/kind.ts'
import type { Domain } from '#shared/mail/domain.ts'
import { chunks } from '#shared/runtime/chunks.ts'
import type { Administration } from '../administration.ts'
import type { AdministrationDeps } from '../deps.ts'
import type { ImportWhat } from '../imports/imports.ts'
import { sourceOf } from '../imports/lines.ts'
import { CHUNK_ROWS, type RowOutcome } from '../imports/plan.ts'
import type { Refusal } from '../refusals.ts'
import { makerOf, reachOfMaker, refusalOf } from './maker.ts'

export const IMPORT_ROWS = 'import'

export type ImportInput = {
  readonly what: ImportWhat
  readonly update?: boolean
  /** Only what would become of each row is found out. */
  readonly dryRun?: boolean
  /** Of whoever may not import everywhere. */
  readonly within?: readonly Domain[]
}

const importable: readonly ImportWhat[] = ['domains', 'accounts', 'aliases']
/** Of cursors: wrong rows that are told of, all of them, keys that are written down. A row's is its number alone. */
const TOLD = 'told'
const FAULTY = 'faulty'
const KEYS = 'keys'

export function importRows({
  administration,
  directory: { accounts },
}: {
  readonly administration: Pick<Administration, 'imports'>
  readonly directory: Pick<AdministrationDeps['directory'], 'accounts'>
}): JobKind {
  return {
    name: IMPORT_ROWS,
    async *run(work) {
      const { what, update, dryRun, within } = inputOf(work.input)
      if (work.cursor.startsWith(FAULTY)) throw faulty(Number(work.cursor.slice(FAULTY.length)))
      const right = what === 'domains' ? 'domains.write' : 'directory.write'
      const look = () => reachOfMaker(work.owner, accounts, right, within)
      await look()
      const maker = await makerOf(work.owner, accounts)
      // A row of an account has a password.
      const rightOfRow = what === 'accounts' ? 'credentials.reset' : right
      const source = sourceOf(await work.text())
      const plan = await administration.imports.plan(what, source, {
        madeBy: work.id,
        within,
        // Whoever may everywhere has nobody above him.
        ...(within && { refusalOf: (account) => refusalOf(maker, rightOfRow, account) }),
      })
      if (plan.kind === 'faulty') {
        let told = numberBehind(TOLD, work.cursor)
        const errors = plan.problems.map(({ line, refusal }) => errorOf(line, '', refusal))
        for (const some of chunks(errors.slice(told), ERRORS_A_SLICE_MAX)) {
          told += some.length
          yield { cursor: `${TOLD}${told}`, done: 0, failed: some.length, errors: some }
        }
        // From here on it is known, also after a crash.
        yield { cursor: `${FAULTY}${plan.count}`, done: 0, total: plan.count }
        throw faulty(plan.count)
      }
      const isAtRows = /^\d+$/.test(work.cursor)
      if (!isAtRows && !dryRun) {
        const keys = plan.keys?.() ?? []
        yield* writtenDown(keys, numberBehind(KEYS, work.cursor), plan.rows)
      }
      const skip = isAtRows ? Number(work.cursor) : 0
      let row = skip
      let some: RowOutcome[] = []
      const slice = (): Slice => {
        row += some.length
        return sliceOf(some, { cursor: String(row), total: plan.rows })
      }
      for await (const outcome of plan.run({ update, dryRun, skip })) {
        some.push(outcome)
        if (some.length < CHUNK_ROWS) continue
        yield slice()
        some = []
        await look()
      }
      if (some.length > 0) yield slice()
    },
  }
}

/** Whoever undoes it looks at these. */
function* writtenDown(keys: Iterable<string>, skip: number, total: number): Generator<Slice> {
  let n = 0
  let text = ''
  for (const key of keys) {
    if (++n <= skip) continue
    text += `${key}\n`
    if (text.length < KEYS_CHARACTERS) continue
    yield { cursor: `${KEYS}${n}`, done: 0, total, output: Buffer.from(text) }
    text = ''
  }
  if (text !== '') yield { cursor: `${KEYS}${n}`, done: 0, total, output: Buffer.from(text) }
}

/** Of one part, before the key that is one too many; of those that take most three bytes a character. */
const KEYS_CHARACTERS = 100_000

const numberBehind = (name: string, cursor: string) =>
  cursor.startsWith(name) ? Number(cursor.slice(name.length)) : 0

function sliceOf(
  some: readonly RowOutcome[],
  { cursor, total }: { readonly cursor: string; readonly total: number },
): Slice {
  const errors = some.flatMap((row) =>
    row.kind === 'refused' ? errorOf(row.line, row.key, row.refusal) : [],
  )
  const counts: { [outcome: string]: number } = {}
  for (const { kind } of some) counts[kind] = (counts[kind] ?? 0) + 1
  const failed = errors.length
  return { cursor, total, done: some.length - failed, failed, errors, counts }
}

const errorOf = (line: number, key: string, refusal: Refusal): JobError => ({ line, key, refusal })

const faulty = (count: number) => new JobFailure({ kind: 'wrong-rows', count })

function inputOf(input: unknown): ImportInput {
  const { what, update, dryRun, within } = Object(input)
  const known = importable.find((each) => each === what)
  if (known === undefined) throw badInput('what', what)
  const limits = Array.isArray(within) ? { within } : {}
  return { what: known, update: update === true, dryRun: dryRun === true, ...limits }
}
