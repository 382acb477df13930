// A volume as an object of the store: a zip, under its key when it is whole, and nothing of it before.

import type { Clock } from '#shared/runtime/clock.ts'
import type { ObjectKey, ObjectStore } from '#shared/storage/ports.ts'
import { exportMaildir } from './maildir-export.ts'
import { exportMbox } from './mbox-export.ts'
import type { ExportReport, ExportStep } from './report.ts'
import type { ExportTarget } from './target.ts'
import type { Volume } from './volumes.ts'
import { openZipStream } from './zip-stream.ts'

/** Messages that are looked up while the one before them is packed: in a store that is far away each costs a way there. */
const LOOKED_UP_AHEAD = 8

export type VolumeOrder = {
  readonly key: ObjectKey
  readonly format: ExportReport['format']
  readonly volume: Volume
  readonly step: (step: ExportStep) => void
  /** Under it nothing is stored. */
  readonly signal: AbortSignal
  readonly clock: Clock
}

export async function exportTo(
  objects: Pick<ObjectStore, 'put'>,
  { key, format, volume: { own, isWanted }, step, signal, clock }: VolumeOrder,
): Promise<{ readonly bytes: number; readonly made: ExportReport }> {
  const zip = openZipStream((bytes) => objects.put(key, bytes), clock.now())
  const stop = () => void zip.giveUp(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    const target: ExportTarget = { ...zip.target, parallel: LOOKED_UP_AHEAD }
    const write = format === 'mbox' ? exportMbox : exportMaildir
    const made = await whole(write(own, target, { isWanted }), step)
    const { bytes } = await zip.end()
    return { bytes, made }
  } catch (error) {
    await zip.giveUp(error)
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

async function whole(
  steps: AsyncGenerator<ExportStep, ExportReport>,
  tell: (step: ExportStep) => void,
): Promise<ExportReport> {
  for (;;) {
    const step = await steps.next()
    if (step.done) return step.value
    tell(step.value)
  }
}
