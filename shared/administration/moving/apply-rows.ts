// Domains, accounts and aliases of a plan, by way of the imports that take them from files: the same checks, the same refusals. An import
// does nothing where one row is wrong; here the wrong ones are told, and the others are done.

import { itemsOf, type MovingPlan, type Place } from '#shared/moving/configurations/plan.ts'
import type { Administration } from '../administration.ts'
import type { ImportWhat } from '../imports/imports.ts'
import { sourceOf } from '../imports/lines.ts'
import type { ImportPlan, RowOutcome } from '../imports/plan.ts'
import { guardedCell } from '../imports/spreadsheet-cell.ts'
import type { ApplyOptions, Outcome } from './outcome.ts'

type Imports = Administration['imports']

export type RowTexts = {
  readonly heading: string
  readonly what: 'domain' | 'account' | 'alias'
  readonly rows: readonly RowText[]
}
export type RowText = {
  readonly text: string
  readonly name: string
  readonly domain: string
  readonly from: Place
}

/** RFC 4180 §2. */
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
const cell = (text: string) => quoted(guardedCell(text))
const domainOf = (name: string) => name.slice(name.lastIndexOf('@') + 1).toLowerCase()

export const domainTexts = (plan: MovingPlan): RowTexts => ({
  heading: 'domain',
  what: 'domain',
  rows: itemsOf(plan, 'domain').map(({ domain, from }) => ({
    ...{ text: cell(domain), name: domain, domain, from },
  })),
})

/** In whom nobody can log in has `*` in place of a hash. */
export const accountTexts = (plan: MovingPlan): RowTexts => ({
  heading: 'address,password_hash,quota,enabled',
  what: 'account',
  rows: itemsOf(plan, 'account').map(({ address, hash, quotaBytes, enabled, from }) => ({
    text: [
      cell(address),
      quoted(hash ?? '*'),
      // As bytes, which a number alone may not say below a megabyte.
      quotaBytes === null ? '' : quotaBytes === 0 ? 'unlimited' : `${quotaBytes}B`,
      enabled ? 'yes' : 'no',
    ].join(','),
    ...{ name: address, domain: domainOf(address), from },
  })),
})

export const aliasTexts = (plan: MovingPlan): RowTexts => ({
  heading: 'alias,targets',
  what: 'alias',
  rows: itemsOf(plan, 'alias').map(({ alias, targets, from }) => ({
    text: `${cell(alias)},${cell(targets.join(', '))}`,
    ...{ name: alias, domain: domainOf(alias), from },
  })),
})

/** `coming`: domains that a rehearsal would have made. */
export async function* applyRows(
  imports: Imports,
  what: ImportWhat,
  texts: RowTexts,
  options: ApplyOptions,
  coming: ReadonlySet<string>,
): AsyncGenerator<Outcome> {
  const isComing = ({ domain }: RowText) => what !== 'domains' && coming.has(domain)
  const here = { ...texts, rows: texts.rows.filter((row) => !isComing(row)) }
  const later = { ...texts, rows: texts.rows.filter(isComing) }
  yield* applyHere(imports, what, here, options)
  yield* rehearse(imports, what, later)
}

async function* applyHere(
  imports: Imports,
  what: ImportWhat,
  texts: RowTexts,
  { dryRun, update }: ApplyOptions,
): AsyncGenerator<Outcome> {
  let { rows } = texts
  while (rows.length > 0) {
    const plan = await imports.plan(what, sourceOfRows(texts, rows))
    if (plan.kind === 'plan') {
      for await (const outcome of plan.run({ dryRun, update })) {
        yield outcomeOf(texts, rows, outcome)
      }
      return
    }
    const wrong = wrongRows(rows, plan)
    for (const [row, refusal] of wrong) yield { ...toldOf(texts, row), kind: 'refused', refusal }
    const left = rows.filter((row) => !wrong.has(row))
    // A domain that is not there is told with the first row in it alone.
    if (left.length === rows.length) throw new Error('a row is wrong, and none of these')
    rows = left
  }
}

/** Of rows in domains that are not there yet: whether they are right by themselves. */
async function* rehearse(
  imports: Imports,
  what: ImportWhat,
  texts: RowTexts,
): AsyncGenerator<Outcome> {
  let { rows } = texts
  while (rows.length > 0) {
    const plan = await imports.plan(what, sourceOfRows(texts, rows))
    const wrong =
      plan.kind === 'plan'
        ? []
        : [...wrongRows(rows, plan)].filter(([, refusal]) => refusal.kind !== 'no-such-domain')
    for (const [row, refusal] of wrong) yield { ...toldOf(texts, row), kind: 'refused', refusal }
    if (wrong.length === 0) break
    const gone = new Set(wrong.map(([row]) => row))
    rows = rows.filter((row) => !gone.has(row))
  }
  for (const row of rows) yield { ...toldOf(texts, row), kind: 'added' }
}

const sourceOfRows = ({ heading }: RowTexts, rows: readonly RowText[]) =>
  sourceOf(Buffer.from([heading, ...rows.map(({ text }) => text)].join('\n')))

/** The heading is line 1. */
const rowAt = (rows: readonly RowText[], line: number) => rows[line - 2]

function wrongRows(
  rows: readonly RowText[],
  { problems }: Extract<ImportPlan, { readonly kind: 'faulty' }>,
) {
  return new Map(
    problems.flatMap(({ line, refusal }) => {
      const row = rowAt(rows, line)
      return row === undefined ? [] : [[row, refusal] as const]
    }),
  )
}

const toldOf = ({ what }: RowTexts, { name, from }: RowText) => ({ what, name, from })

function outcomeOf(texts: RowTexts, rows: readonly RowText[], outcome: RowOutcome): Outcome {
  const row = rowAt(rows, outcome.line)
  const from = row?.from ?? { file: '', line: 0 }
  const told = { what: texts.what, name: row?.name ?? outcome.key, from }
  return outcome.kind === 'refused'
    ? { ...told, kind: 'refused', refusal: outcome.refusal }
    : { ...told, kind: outcome.kind }
}
