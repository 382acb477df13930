// Access tables, and those that stand for lists and maps. Entries that are there and not in the plan stay.

import type { PlannedEntry, PlannedTable } from '#shared/moving/configurations/plan.ts'
import type { Administration } from '../administration.ts'
import { sourceOf } from '../imports/lines.ts'
import type { ApplyOptions, Outcome } from './outcome.ts'

export async function* applyTables(
  access: Administration['access'],
  tables: readonly PlannedTable[],
  { dryRun }: ApplyOptions,
): AsyncGenerator<Outcome> {
  for (const { table, entries, from } of tables) {
    const told = { what: 'table', name: table, from } as const
    const imported = await access.import({
      table,
      source: sourceOf(Buffer.from(entries.map(lineOf).join('\n'))),
      skipFaulty: true,
      // The readers have judged results with the classes of the plan, which are not in force yet.
      anyResult: true,
      dryRun,
    })
    if (imported.kind === 'bad-value') {
      yield { ...told, kind: 'refused', refusal: imported }
      continue
    }
    for (const { line, refusal } of imported.problems) {
      const entry = entries[line - 1]
      const name = entry === undefined ? table : `${table}: ${entry.key}`
      yield { ...told, name, from: entry?.from ?? from, kind: 'refused', refusal }
    }
    if (imported.kind === 'faulty') continue
    const { added, changed } = imported
    yield { ...told, kind: changed > 0 ? 'changed' : added > 0 ? 'added' : 'unchanged' }
  }
}

/** As postmap reads it: one line, whatever stood in the source. */
const lineOf = ({ key, result }: PlannedEntry) => `${key} ${result}`.replaceAll(/[\r\n]+/g, ' ')
