// Files of another system by their path, opened and then looked at: where the kernel has really opened one decides, so that nobody gains by
// changing what leads there meanwhile. An import may run as root over folders that users own, and a link of theirs may lead anywhere: one counts
// only where root or whoever runs the import made it, or the owner of what it leads to.

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  type Stats,
} from 'node:fs'
import { join, resolve } from 'node:path'

/** As the kernel: more lead in a circle (path_resolution(7)). */
const LINKS_MAX = 40

export const LINK_OF_OTHERS = 'a link of somebody else than its owner leads there'

export type Opened = { readonly file: number; readonly stats: Stats; readonly real: string }

/** A file or a folder, to be closed by the caller; an exception of the system, or why not. A pipe is not waited for. */
export function openTrusted(path: string): Opened | { readonly reason: string } {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  try {
    const stats = fstatSync(file)
    const real = realPathOf(file).toString()
    if (followed(path, [0, process.geteuid?.(), stats.uid]) === real) return { file, stats, real }
  } catch (error) {
    closeSync(file)
    throw error
  }
  closeSync(file)
  return { reason: LINK_OF_OTHERS }
}

/** Where an open file is, whatever path it was opened by (proc(5)). */
export const realPathOf = (file: number): Buffer =>
  readlinkSync(`/proc/self/fd/${file}`, { encoding: 'buffer' })

/** Where a path leads by links of these owners alone; undefined: by one of somebody else. */
function followed(path: string, owners: readonly (number | undefined)[]): string | undefined {
  let at = '/'
  let links = 0
  const left = resolve(path).split('/')
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    const next = join(at, part)
    if (part === '..' || !lstatSync(next).isSymbolicLink()) {
      at = next
      continue
    }
    if (!owners.includes(lstatSync(next).uid) || ++links > LINKS_MAX) return undefined
    const target = readlinkSync(next)
    if (target.startsWith('/')) at = '/'
    left.unshift(...target.split('/'))
  }
  return at
}
