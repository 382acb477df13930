// What all imports have in common. First the whole text is read and checked: where a row is wrong, nothing is done. Then it is read
// again and done, some rows at a time, so that not the rows but only their names are kept. What is missing is added; what is there and is
// as the row says is left alone, so that an import can be run again from its beginning after it ended early; what is there and differs
// is changed where that was asked for, and otherwise refused.

import type { Directory } from '#shared/directory/directory.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import type { Domain } from '#shared/mail/domain.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import type { Log } from '#shared/runtime/log.ts'
import { badValue, type Differs, type Field, type Parsed, type Refusal } from '../refusals.ts'
import type { Warning } from '../warnings.ts'
import { type OnProblem, type Row, type RowProblem, rowsOf, type Source } from './lines.ts'

/** What one kind of import does with its rows. */
export type RowKind<Wanted extends Named> = {
  readonly many: 'domains' | 'accounts' | 'aliases'
  readonly field: Differs['field'] & Field
  readonly columns: readonly string[]
  /** Rows that belong together as one; else each is one. */
  readonly join?: (rows: Iterable<Row>) => Iterable<Row>
  readonly parse: (row: Row) => Parsed<Wanted>
  /** That must be there before. */
  readonly domainOf?: (wanted: Wanted) => Domain
  readonly standing: (wanted: Wanted) => Promise<Standing>
  /** Results in their order; undefined: done. */
  readonly add: (some: readonly Wanted[]) => Promise<readonly (Refusal | undefined)[]>
  readonly update: (wanted: Wanted) => Promise<Refusal | undefined>
  /** When all are there: they may lead to each other. */
  readonly warn?: (wanted: Wanted) => Promise<readonly Warning[]>
}

/** `key`: what it is told apart by, and called. */
export type Named = { readonly key: string }

/** `kept`: it is there, and whether its password is that of the row cannot be seen; only an update changes it. */
export type Standing = 'missing' | 'same' | 'kept' | 'differs'

export type ImportPlan =
  | { readonly kind: 'faulty'; readonly problems: readonly RowProblem[]; readonly count: number }
  | {
      readonly kind: 'plan'
      readonly rows: number
      /** Of all rows, in their order; absent where the rows are elsewhere. */
      readonly keys?: () => Iterable<string>
      /**
       * One outcome a row, some rows at a time, each once it is so. Rejects with a TemporaryFailure when the store fails: what was
       * told until then is done, and the import may be run again.
       */
      readonly run: (options: ImportOptions) => AsyncGenerator<RowOutcome>
      /** Of all rows, once they are there. */
      readonly warnings: () => AsyncGenerator<Warning>
    }

/** `dryRun`: nothing is done, and the outcomes say what would be. */
export type ImportOptions = {
  readonly update?: boolean | undefined
  readonly dryRun?: boolean | undefined
  /** Rows at the beginning that are done already: whole chunks. */
  readonly skip?: number | undefined
}

export type RowOutcome = { readonly line: number; readonly key: string } & (
  | { readonly kind: 'added' | 'changed' | 'unchanged' }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
)

/** Rows worked on between two looks at what has been done. */
export const CHUNK_ROWS = 180
/** Reads and changes on the way at once. */
const AT_ONCE = 16
/** Kept of one text; all are counted. What is wrong with one row is mostly wrong with all. */
export const PROBLEMS_KEPT_MAX = 1_000

/** `within`: other domains are none to whoever imports. */
export type CheckOptions = { readonly within?: readonly Domain[] | undefined }

type NumberedRow<Wanted> = { readonly line: number; readonly wanted: Wanted }

export async function planImport<Wanted extends Named>(
  kind: RowKind<Wanted>,
  source: Source,
  deps: { readonly directory: Pick<Directory, 'domains'>; readonly log: Log },
  { within }: CheckOptions = {},
): Promise<ImportPlan> {
  const problems: RowProblem[] = []
  let count = 0
  const domains = {
    isOurs: async (domain: Domain) =>
      within?.includes(domain) !== false &&
      (await deps.directory.domains.get(domain)) !== undefined,
  }
  const rows = await checkRows(kind, source, domains, (problem) => {
    count++
    if (problems.length < PROBLEMS_KEPT_MAX) problems.push(problem)
  })
  if (count > 0) return { kind: 'faulty', problems, count }
  return {
    kind: 'plan',
    rows,
    keys: () => keysOf(kind, source),
    run: (options) => run(kind, source, { ...options, rows, log: deps.log }),
    warnings: () => warn(kind, source),
  }
}

/** `madeBy`: what accounts and aliases that are added remember as who made them, so that it can be undone. */
export type PlanOptions = CheckOptions & {
  readonly madeBy?: string | undefined
  /** Whether an account that is there may be changed so; undefined: it may. */
  readonly refusalOf?: ((account: AccountRecord) => Refusal | undefined) | undefined
}

/** How many rows there are. */
async function checkRows<Wanted extends Named>(
  kind: RowKind<Wanted>,
  source: Source,
  { isOurs }: { readonly isOurs: (domain: Domain) => Promise<boolean> },
  onProblem: OnProblem,
): Promise<number> {
  const firstLines = new Map<string, number>()
  const looked = new Set<Domain>()
  let rows = 0
  for (const { line, wanted } of wantedRows(kind, source, onProblem)) {
    rows++
    const domain = kind.domainOf?.(wanted)
    // Told once for each domain, with the first row that is in it.
    if (domain !== undefined && !looked.has(domain)) {
      looked.add(domain)
      if (!(await isOurs(domain))) {
        onProblem({
          line,
          refusal: { kind: 'no-such-domain', field: 'domain', value: domain, domain },
        })
      }
    }
    const firstLine = firstLines.get(wanted.key)
    if (firstLine === undefined) firstLines.set(wanted.key, line)
    else onProblem({ line, refusal: badValue('row', wanted.key, { name: 'once', firstLine }) })
  }
  return rows
}

function* wantedRows<Wanted extends Named>(
  kind: RowKind<Wanted>,
  source: Source,
  onProblem: OnProblem,
): Generator<NumberedRow<Wanted>> {
  const rows = rowsOf(source.lines(), kind.columns, onProblem)
  for (const row of kind.join?.(rows) ?? rows) {
    const parsed = kind.parse(row)
    if (parsed.kind === 'ok') yield { line: row.number, wanted: parsed.value }
    else onProblem({ line: row.number, refusal: parsed })
  }
}

function* keysOf<Wanted extends Named>(kind: RowKind<Wanted>, source: Source): Generator<string> {
  for (const { wanted } of wantedRows(kind, source, sure)) yield wanted.key
}

/** Of a source that was checked. */
function sure({ line }: RowProblem): never {
  throw new Error(`line ${line} was sound before`)
}

async function* run<Wanted extends Named>(
  kind: RowKind<Wanted>,
  source: Source,
  options: ImportOptions & { readonly rows: number; readonly log: Log },
): AsyncGenerator<RowOutcome> {
  const { dryRun = false, skip = 0, rows, log } = options
  const counts = { added: 0, changed: 0, unchanged: 0, refused: 0 }
  try {
    let seen = 0
    for (const some of chunks(wantedRows(kind, source, sure))) {
      seen += some.length
      if (seen <= skip) continue
      const outcomes = await runChunk(kind, some, options)
      for (const { kind } of outcomes) counts[kind]++
      yield* outcomes
    }
  } finally {
    const { refused: _, ...done } = counts
    if (!dryRun) log.info({ ...done, of: rows }, `${kind.many} imported`)
  }
}

async function runChunk<Wanted extends Named>(
  kind: RowKind<Wanted>,
  rows: readonly NumberedRow<Wanted>[],
  { update = false, dryRun = false }: ImportOptions,
): Promise<readonly RowOutcome[]> {
  const standings = await concurrently(rows, AT_ONCE, ({ wanted }) => kind.standing(wanted))
  const steps = rows.map((row, i) => ({ row, step: stepOf(standings[i], update) }))
  const toDo = (wanted: Step) => steps.filter(({ step }) => step === wanted && !dryRun)
  const toAdd = toDo('added').map(({ row }) => row)
  const refusals = new Map<NumberedRow<Wanted>, Refusal>()
  const settle = (some: readonly NumberedRow<Wanted>[], ends: readonly (Refusal | undefined)[]) => {
    for (const [i, row] of some.entries()) {
      const refusal = ends[i]
      if (refusal !== undefined) refusals.set(row, refusal)
    }
  }
  if (toAdd.length > 0) settle(toAdd, await kind.add(toAdd.map(({ wanted }) => wanted)))
  const toChange = toDo('changed').map(({ row }) => row)
  settle(toChange, await concurrently(toChange, AT_ONCE, ({ wanted }) => kind.update(wanted)))
  return steps.map(({ row, step }): RowOutcome => {
    const { line, wanted } = row
    const { key } = wanted
    const differs: Differs = { kind: 'differs', field: kind.field, value: key }
    if (step === 'refused') return { kind: step, line, key, refusal: differs }
    const refusal = refusals.get(row)
    if (refusal !== undefined) return { kind: 'refused', line, key, refusal }
    return { kind: step, line, key }
  })
}

type Step = RowOutcome['kind']

function stepOf(standing: Standing | undefined, update: boolean): Step {
  switch (standing) {
    case undefined:
    case 'missing':
      return 'added'
    case 'same':
      return 'unchanged'
    case 'kept':
      return update ? 'changed' : 'unchanged'
    case 'differs':
      return update ? 'changed' : 'refused'
  }
}

async function* warn<Wanted extends Named>(
  kind: RowKind<Wanted>,
  source: Source,
): AsyncGenerator<Warning> {
  const { warn } = kind
  if (warn === undefined) return
  for (const some of chunks(wantedRows(kind, source, sure))) {
    const found = await concurrently(some, AT_ONCE, ({ wanted }) => warn(wanted))
    yield* found.flat()
  }
}

function* chunks<T>(all: Iterable<T>): Generator<readonly T[]> {
  let chunk: T[] = []
  for (const one of all) {
    chunk.push(one)
    if (chunk.length < CHUNK_ROWS) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}
