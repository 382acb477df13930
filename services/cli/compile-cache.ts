// What Node made of the sources is kept for the next start: stripping types and compiling is most of what a command costs.
//
// Whoever can write there can run code as whoever reads it, so that Node's own place below /tmp is none for an administrator's
// command: it is a folder of this user alone, or there is no cache.

import { existsSync, mkdirSync, statSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'

type Environment = { readonly [name: string]: string | undefined }

/** Never fails: without it a start takes longer. */
export function keepCompiled(environment: Environment): void {
  const folder = compileCacheFolder(environment)
  if (folder !== undefined) enableCompileCache(folder)
}

/** `CACHE_DIRECTORY` is what systemd gives a service with `CacheDirectory=`; else it is in the user's home, whatever `HOME` says. */
export function compileCacheFolder(environment: Environment): string | undefined {
  try {
    const { uid, homedir } = userInfo()
    const folder = environment.CACHE_DIRECTORY ?? join(homedir, '.cache', 'postwolke')
    make(dirname(folder))
    make(folder)
    const found = statSync(folder)
    const isOurs = found.uid === uid && (found.mode & 0o022) === 0
    return isOurs ? folder : undefined
  } catch {
    return undefined
  }
}

/** One folder by itself: Node's `recursive` goes on for ever below /proc. */
function make(folder: string): void {
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 })
}
