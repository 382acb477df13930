// Every kind of job, by its name.

import type { JobKind } from '#shared/jobs/kind.ts'
import type { Administration } from '../administration.ts'
import type { AdministrationDeps } from '../deps.ts'
import { exportDirectory } from './export-directory.ts'
import { importRows } from './import-rows.ts'
import { queueChange } from './queue-change.ts'
import { undoImport } from './undo-import.ts'

export type JobKindDeps = {
  readonly administration: Administration
  readonly directory: AdministrationDeps['directory']
}

export function createJobKinds(deps: JobKindDeps): ReadonlyMap<string, JobKind> {
  const all = [importRows(deps), undoImport(deps), exportDirectory(deps), queueChange(deps)]
  return new Map(all.map((kind) => [kind.name, kind]))
}
