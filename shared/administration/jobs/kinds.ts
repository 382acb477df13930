// Every kind of job, by its name.

import type { WordIndex } from '#shared/directory/word-index.ts'
import type { JobKind } from '#shared/jobs/kind.ts'
import type { Administration } from '../administration.ts'
import type { AdministrationDeps } from '../deps.ts'
import { type Diagnose, diagnosing } from './diagnose.ts'
import { exportDirectory } from './export-directory.ts'
import { importRows } from './import-rows.ts'
import { indexDirectory } from './index-directory.ts'
import { type MailExportParts, mailExport } from './mail-export.ts'
import { queueChange } from './queue-change.ts'
import { undoImport } from './undo-import.ts'

export type JobKindDeps = {
  readonly administration: Administration
  readonly directory: AdministrationDeps['directory']
  readonly words: WordIndex
  readonly diagnose: Diagnose
  readonly mailExports: MailExportParts
}

export function createJobKinds(deps: JobKindDeps): ReadonlyMap<string, JobKind> {
  const all = [
    importRows(deps),
    undoImport(deps),
    exportDirectory(deps),
    queueChange(deps),
    indexDirectory(deps),
    diagnosing(deps),
    mailExport(deps),
  ]
  return new Map(all.map((kind) => [kind.name, kind]))
}
