// check: walks a store and holds everything in it against everything else that says the same. What must never happen has a kind of
// finding (`finding.ts`); a sound store, whatever was killed in it, has none.

import type { FolderRecord } from '#shared/mailbox/records.ts'
import { checkBlobObjects, checkOwners, checkReferences, ReferenceCount } from './blobs.ts'
import { checkDirectory } from './directory.ts'
import type { CheckFinding } from './finding.ts'
import { checkAccounts, checkFolders } from './folders.ts'
import { checkQueue } from './queue.ts'
import type { CheckDeps } from './reading.ts'

export type CheckOptions = {
  /** Blobs whose references are counted in one pass. */
  readonly together?: number
}

export async function* checkStore(
  deps: CheckDeps,
  options: CheckOptions = {},
): AsyncGenerator<CheckFinding> {
  yield* checkDirectory(deps)
  const folders = new Map<string, FolderRecord>()
  yield* checkAccounts(deps, folders)
  const passes = yield* checkBlobObjects(deps, options)
  for (let pass = 0; pass < passes; pass++) {
    const counted = new ReferenceCount(pass, passes)
    const findings = checkFolders(deps, folders, (blobId) => counted.add(blobId))
    for await (const finding of findings) if (pass === 0) yield finding
    yield* checkReferences(deps, counted)
  }
  yield* checkOwners(deps)
  yield* checkQueue(deps)
}
