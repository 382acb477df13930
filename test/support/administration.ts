// Administration on a store of its own, with the pipeline behind it so that there is mail to look at. The store is the embedded one, unless a
// test file has its stories stand on another driver.

import { assembleAdministration } from '#services/assembly/administration.ts'
import type { Administration } from '#shared/administration/administration.ts'
import type { Change } from '#shared/administration/changes.ts'
import type { Secret } from '#shared/administration/secrets.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { type Log, type LogFields, silentLog } from '#shared/runtime/log.ts'
import type { Store } from '#shared/storage/ports.ts'
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

export type Stores = {
  /** Of administration. */
  readonly store: Store
  /** Of mail, where it comes in with other rights. */
  readonly mailStore?: Store
  close(): Promise<void>
}

type Ground = {
  readonly open: (clock: Clock) => Promise<Stores>
  /** Of questions that are asked again and again with other values: one in so many. */
  readonly sparing: number
}

let ground: Ground = { open: (clock) => openEmbedded({ clock }), sparing: 1 }

/** What stories of this file stand on from now on. */
export function standOn(other: Ground): void {
  ground = other
}

export const asOften = (times: number): number => Math.ceil(times / ground.sparing)

/** Settings as `--set` takes them; hostname mx.example.test and defaultDomain example.test unless they say otherwise. */
export async function openAdministration(set: readonly string[] = []): Promise<Administered> {
  const clock = manualClock()
  const { store, mailStore = store, close } = await ground.open(clock)
  const changes: Change[] = []
  const lines: LogFields[] = []
  const info: Log['info'] = (fields, message) => void lines.push({ ...fields, message })
  const options = { set, log: { ...silentLog, info } }
  const own = createPipeline(store, clock, options)
  const pipeline =
    mailStore === store
      ? own
      : { ...createPipeline(mailStore, clock, options), backend: own.backend }
  const administration = assembleAdministration(pipeline.backend, (change) => changes.push(change))
  return { administration, pipeline, clock, changes, lines, [Symbol.asyncDispose]: close }
}

/** crypt(3) of `a`: quickly given, and quickly verified. */
export const aHash = '9J4sZ/8wapFiA'
export const hashOfA = async (): Promise<Secret> => ({ kind: 'hash', hash: aHash })
