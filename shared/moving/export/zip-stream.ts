// A zip for whoever stores it from a stream: packed as fast as it is taken, and broken off where either end fails.

import { PassThrough, type Readable } from 'node:stream'
import type { ExportTarget } from './target.ts'
import { createZip } from './zip-target.ts'

export type ZipStream<Stored> = {
  readonly target: ExportTarget
  /** What was made of all of it. Rejects with what broke it off first. */
  readonly end: () => Promise<Stored>
  /** The stream ends with an error; resolves when nothing of it is under way any more. The first cause counts. */
  readonly giveUp: (cause: unknown) => Promise<void>
}

export function openZipStream<Stored>(
  store: (bytes: Readable) => Promise<Stored>,
  nowMs: number,
): ZipStream<Stored> {
  const pipe = new PassThrough()
  // Told to whoever writes or reads it next.
  pipe.on('error', () => undefined)
  let why: unknown
  const breakOff = (cause: unknown) => {
    why ??= cause
    pipe.destroy(cause instanceof Error ? cause : new Error('given up', { cause }))
  }
  const storing = store(pipe)
  storing.catch(breakOff)
  /** Resolves when there is room for more. */
  const write = (piece: Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      pipe.write(piece, (error) => (error ? reject(why ?? error) : resolve()))
    })
  const zip = createZip(write, nowMs)
  return {
    target: zip.target,
    async end() {
      await zip.end()
      pipe.end()
      return await storing.catch((error) => {
        throw why ?? error
      })
    },
    async giveUp(cause) {
      breakOff(cause)
      await storing.catch(() => undefined)
    },
  }
}
