// What makes a start quick, before the first module of ours is read. JavaScript, because Node brings its TypeScript along for a single
// module that it has to strip itself, and that alone costs as much as Node's own start.
//
// What Node made of the sources is kept for the next start. Whoever can write there can run code as whoever reads it, so that Node's own
// place below /tmp is none for an administrator's command: it is a folder of this user alone, or there is no cache.

import { existsSync, mkdirSync, statSync } from 'node:fs'
import module from 'node:module'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'

/** Of a Node that is new enough. Never fails: without it a start takes longer. */
export function startQuickly(environment) {
  const folder = compileCacheFolder(environment)
  if (folder !== undefined) module.enableCompileCache(folder)
  module.registerHooks({ resolve: resolveOwn })
}

const root = new URL('../../', import.meta.url).href

/** Imports of our own name a file exactly; Node would ask the file system and package.json about each of them. */
function resolveOwn(specifier, context, next) {
  if (!specifier.endsWith('.ts')) return next(specifier, context)
  if (specifier.startsWith('#')) return ownModule(root + specifier.slice(1))
  if (specifier.startsWith('.') && context.parentURL?.startsWith(root)) {
    return ownModule(new URL(specifier, context.parentURL).href)
  }
  return next(specifier, context)
}

const ownModule = (url) => ({ url, format: 'module-typescript', shortCircuit: true })

/** `CACHE_DIRECTORY` is what systemd gives a service with `CacheDirectory=`; else it is in the user's home, whatever `HOME` says. */
export function compileCacheFolder(environment) {
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
function make(folder) {
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 })
}
