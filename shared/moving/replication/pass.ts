// One pass: both ends are read, and the target gets what it lacks. It may be repeated, and stopped anywhere: what it did is done, and
// the next one finds what is left. While the source serves, a copy may be torn between two of its writes; the pass after it mends that, and the
// last one reads a source that nobody writes to.
//
// Everything is compared, and not what change logs name. DynamoDB reads 4 KB for a unit in a scan, and one small item for half a unit in a query:
// all of a table costs less than asking for a tenth of its items one by one, and nothing depends on what an attribute means.

import type { TableName } from '#shared/storage/ports.ts'
import { type Copied, type CopyParts, copyItems } from './copy-items.ts'
import { type CopiedObjects, copyObjects } from './copy-objects.ts'
import { isReadInRuns, type Survey, survey } from './survey.ts'
import { tableNames } from './what-moves.ts'

export type Phase = 'reading' | TableName | 'objects'
/** Called when a phase begins, with how much there is to do; what it returns is called as that is done. */
export type Watch = (phase: Phase, total: number) => (done: number) => void

export type PassReport = {
  readonly tables: { readonly [table in TableName]: Copied & { readonly items: number } }
  readonly objects: CopiedObjects
  readonly readUnits: { readonly source: number; readonly target: number }
  readonly unknown: number
  readonly tookMs: number
}

export type Pass = {
  readonly report: PassReport
  /** The target was what the source is before anything was done. */
  readonly foundNothing: boolean
  readonly leaseEndMs: number
}

export type PassParts = Omit<CopyParts, 'step'> & { readonly watch: Watch }

const nothing: Survey = { readUnits: 0, leaseEndMs: 0, unknown: 0 }

/** `knowsTarget`: the ledger has it from a pass of this command, and nobody else writes to it. */
export async function makePass(
  { watch, ...parts }: PassParts,
  { knowsTarget = false, proving = false } = {},
): Promise<Pass> {
  const { source, target, ledger, clock, hold } = parts
  const begunMs = clock.now()
  await hold()
  watch('reading', 0)
  const [there, here] = await Promise.all([
    survey({ side: source, ledger, clock, nowMs: begunMs }, 'source'),
    knowsTarget ? nothing : survey({ side: target, ledger, clock, nowMs: begunMs }, 'target'),
  ])
  // Of a target that is known all was the same before.
  const which = knowsTarget && isReadInRuns(source) ? 'changed' : 'all'
  const copyTable = async (table: TableName) => {
    const total = which === 'all' ? ledger.countDifferences(table) : ledger.countChanged(table)
    const step = watch(table, total)
    const copied = await copyItems({ ...parts, step }, table, { proving, which })
    return { ...copied, items: ledger.countItems('source', table) }
  }
  const tables = {
    directory: await copyTable('directory'),
    mail: await copyTable('mail'),
    queue: await copyTable('queue'),
    counters: await copyTable('counters'),
  }
  const step = watch('objects', ledger.countMissingObjects().objects)
  const objects = await copyObjects({ ...parts, step })
  ledger.settle()
  const changed = tableNames.some((name) => tables[name].written + tables[name].removed > 0)
  return {
    report: {
      tables,
      objects,
      readUnits: { source: there.readUnits, target: here.readUnits },
      unknown: there.unknown,
      tookMs: clock.now() - begunMs,
    },
    foundNothing: !changed && objects.copied + objects.removed === 0,
    leaseEndMs: there.leaseEndMs,
  }
}
