// A zip as a file of this machine: under another name until it is whole.

import { constants } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { systemClock } from '#shared/runtime/clock.ts'
import { type ExportTarget, TargetFailure } from './target.ts'
import { createZip } from './zip-target.ts'

const FILE_MODE = 0o600

export type OpenZip = {
  readonly target: ExportTarget
  /** `whole` false: there is none, and what was there before stays. */
  readonly end: (whole: boolean) => Promise<void>
}

export async function openZipFile(path: string): Promise<OpenZip> {
  const part = `${path}.part`
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW
  const told = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      throw new TargetFailure(`cannot write ${part}: ${String(error)}`)
    }
  }
  const file = await told(open(part, flags, FILE_MODE))
  const zip = createZip((piece) => told(file.writeFile(piece)), systemClock.now())
  return {
    target: zip.target,
    async end(whole) {
      try {
        if (whole) {
          await zip.end()
          await file.sync()
        }
      } finally {
        await file.close()
      }
      if (whole) await told(rename(part, path))
      else await rm(part, { force: true })
    },
  }
}
