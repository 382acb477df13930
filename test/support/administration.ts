// Administration on an embedded store of its own, with the pipeline behind it so that there is mail to look at.

import { assembleAdministration } from '#services/assembly/administration.ts'
import type { Administration } from '#shared/administration/administration.ts'
import type { Change } from '#shared/administration/changes.ts'
import type { Secret } from '#shared/administration/secrets.ts'
import { type Log, type LogFields, silentLog } from '#shared/runtime/log.ts'
import { createPipeline, manualClock, type Pipeline } from './pipeline.ts'
import { openEmbedded } from './storage-embedded.ts'

export type Administered = AsyncDisposable & {
  readonly administration: Administration
  readonly pipeline: Pipeline
  readonly clock: ReturnType<typeof manualClock>
  /** Told so far. */
  readonly changes: readonly Change[]
  /** Of the log so far. */
  readonly lines: readonly LogFields[]
}

/** Settings as `--set` takes them; hostname mx.example.test and defaultDomain example.test unless they say otherwise. */
export async function openAdministration(set: readonly string[] = []): Promise<Administered> {
  const clock = manualClock()
  const { store, close } = await openEmbedded({ clock })
  const changes: Change[] = []
  const lines: LogFields[] = []
  const info: Log['info'] = (fields, message) => void lines.push({ ...fields, message })
  const pipeline = createPipeline(store, clock, { set, log: { ...silentLog, info } })
  const administration = assembleAdministration(pipeline.backend, (change) => changes.push(change))
  return { administration, pipeline, clock, changes, lines, [Symbol.asyncDispose]: close }
}

/** crypt(3) of `a`: quickly given, and quickly verified. */
export const aHash = '9J4sZ/8wapFiA'
export const hashOfA = async (): Promise<Secret> => ({ kind: 'hash', hash: aHash })
