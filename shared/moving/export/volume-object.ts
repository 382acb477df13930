// A volume as an object of the store: a zip, under its key when it is whole, and nothing of it before.

import { PassThrough } from 'node:stream'
import type { Clock } from '#shared/runtime/clock.ts'
import type { ObjectKey, ObjectStore } from '#shared/storage/ports.ts'
import { exportMaildir } from './maildir-export.ts'
import { exportMbox } from './mbox-export.ts'
import type { ExportReport, ExportStep } from './report.ts'
import type { ExportTarget } from './target.ts'
import type { Volume } from './volumes.ts'
import { createZip } from './zip-target.ts'

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
  const pipe = new PassThrough()
  // Told to whoever writes or reads it next.
  pipe.on('error', () => undefined)
  let why: unknown
  const giveUp = (cause: unknown) => {
    why ??= cause
    pipe.destroy(cause instanceof Error ? cause : new Error('given up', { cause }))
  }
  const stop = () => giveUp(signal.reason)
  const storing = objects.put(key, pipe)
  storing.catch(giveUp)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    const zip = createZip((piece) => taken(pipe, piece), clock.now())
    const target: ExportTarget = { ...zip.target, parallel: LOOKED_UP_AHEAD }
    const write = format === 'mbox' ? exportMbox : exportMaildir
    const made = await whole(write(own, target, { isWanted }), step)
    await zip.end()
    pipe.end()
    const { bytes } = await storing
    return { bytes, made }
  } catch (error) {
    giveUp(error)
    await storing.catch(() => undefined)
    throw why
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Resolves when there is room for more. */
const taken = (pipe: PassThrough, piece: Uint8Array) =>
  new Promise<void>((resolve, reject) => {
    pipe.write(piece, (error) => (error ? reject(error) : resolve()))
  })

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
