// Files of another mail system, copied here or still in their place. Whoever wrote them decides which others they name: nothing is read
// outside of the folder that was given, by links neither, unless a root says where the old machine's files are.

import { isUtf8 } from 'node:buffer'
import { closeSync, existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import {
  FILE_BYTES_MAX,
  type FileContent,
  type SourceFiles,
} from '#shared/moving/configurations/source-files.ts'
import { type Opened, openTrusted } from '#shared/moving/trusted-path.ts'
import { CommandFailure } from '../failure.ts'

export type ForeignFilesOptions = {
  readonly folder: string
  /** Below it are the absolute paths of the old machine; `/` where it is this one. */
  readonly root?: string | undefined
  /** Where the folder may have been there. */
  readonly originals: readonly string[]
}

export function openForeignFiles(options: ForeignFilesOptions): SourceFiles {
  const folder = realFolder(options.folder)
  const root = options.root === undefined ? undefined : realFolder(options.root)
  const originals = [...options.originals, resolve(options.folder), folder]
  const allowed = root === undefined ? [folder] : [folder, root]

  /** Where it may be here: in the folder before it is below the root. None: outside. */
  function placesOf(path: string): readonly string[] {
    if (!path.startsWith('/')) return [join(folder, path)]
    const original = originals.find((one) => isBelow(path, one))
    return [
      ...(original === undefined ? [] : [join(folder, path.slice(original.length))]),
      ...(root === undefined ? [] : [join(root, path)]),
    ]
  }

  /** With what is made of it while it is open. */
  function at<T>(path: string, use: (opened: Opened) => T): T | { readonly reason: string } {
    const places = placesOf(path)
    const place = places.find((one) => existsSync(one)) ?? places[0]
    if (place === undefined) return { reason: `outside of the folder; ${rootHint}` }
    const opened = openTrusted(place)
    if ('reason' in opened) return opened
    try {
      return allowed.some((one) => isBelow(opened.real, one))
        ? use(opened)
        : { reason: `a link leads out of the folder; ${rootHint}` }
    } finally {
      closeSync(opened.file)
    }
  }

  return {
    read(path) {
      try {
        const read = at(path, readText)
        return 'kind' in read ? read : { kind: 'refused', ...read }
      } catch (error) {
        return { kind: 'refused', reason: reasonOf(error) }
      }
    },
    list(path) {
      try {
        const names = at(path, ({ real }) => readdirSync(real).toSorted())
        return 'reason' in names ? undefined : names
      } catch {
        return undefined
      }
    },
  }
}

const rootHint = '--root says where the old machine has its files'

function realFolder(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    throw new CommandFailure(`cannot read ${path}: ${reasonOf(error)}`, 'noInput')
  }
}

const isBelow = (path: string, folder: string) =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`)

/** Nothing but files: a pipe would be waited for, and a device never ends. */
function readText({ file, stats }: Opened): FileContent {
  if (!stats.isFile()) return { kind: 'refused', reason: 'is no file' }
  if (stats.size > FILE_BYTES_MAX) {
    return { kind: 'refused', reason: `has more than ${FILE_BYTES_MAX} bytes` }
  }
  const bytes = readFileSync(file)
  // What is older than UTF-8 keeps its bytes.
  const text = isUtf8(bytes) ? bytes.toString('utf8') : bytes.toString('latin1')
  return { kind: 'text', text: text.replace(/^\ufeff/, '') }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'is not there'
    case 'EACCES':
      return 'may not be read by you'
    case 'ELOOP':
      return 'links lead in a circle'
    default:
      return error instanceof Error ? error.message : String(error)
  }
}
