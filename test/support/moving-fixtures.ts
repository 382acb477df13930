// Installations of other mail systems, and their files as readers ask for them.

import { cp, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SourceFiles } from '#shared/moving/configurations/source-files.ts'

/** By path; what is not there is refused. */
export function filesFrom(texts: { readonly [path: string]: string }): SourceFiles {
  return {
    read: (path) =>
      Object.hasOwn(texts, path)
        ? { kind: 'text', text: texts[path] ?? '' }
        : { kind: 'refused', reason: 'is not there' },
    list(path) {
      const folder = path === '.' ? '' : `${path.replace(/\/$/, '')}/`
      const names = Object.keys(texts)
        .filter((one) => one.startsWith(folder))
        .map((one) => one.slice(folder.length).split('/')[0] ?? '')
      return names.length === 0 ? undefined : [...new Set(names)].sort()
    },
  }
}

const fixtures = fileURLToPath(new URL('../fixtures/moving/', import.meta.url))

export const fixturePath = (name: string): string => join(fixtures, name)

/** A copy that may be changed, and that programs of others may read. */
export async function copyFixture(name: string, to: string): Promise<void> {
  await cp(join(fixtures, name), to, { recursive: true })
}

/** All files below a folder, by their paths from it. */
export async function textsBelow(folder: string): Promise<{ readonly [path: string]: string }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const texts = await Promise.all(
    files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name)
      return [path.slice(folder.length), await readFile(path, 'utf8')] as const
    }),
  )
  return Object.fromEntries(texts)
}
