import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { temporaryFolder } from './temporary-folder.ts'

const run = promisify(execFile)

/** A disk of its own, soon full; or why this process can have none. */
export async function smallDisk(
  mebibytes: number,
): Promise<(AsyncDisposable & { readonly path: string }) | { readonly reason: string }> {
  const folder = await temporaryFolder()
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder.path])
  } catch (error) {
    await folder[Symbol.asyncDispose]()
    return { reason: `no small disk can be mounted: ${error}` }
  }
  return {
    path: folder.path,
    async [Symbol.asyncDispose]() {
      await run('umount', ['--lazy', folder.path])
      await folder[Symbol.asyncDispose]()
    },
  }
}
