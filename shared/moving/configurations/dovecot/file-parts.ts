// dovecot.conf with the files that it includes, each read once.

import type { Collector } from '../collect.ts'
import { INCLUDES_MAX, type SourceFiles } from '../source-files.ts'
import { type Block, parseDovecotConf } from './blocks.ts'

export type FilePart = { readonly file: string; readonly block: Block }

/** Undefined: it was read. Files that it includes come behind it, where Dovecot has them in its midst. */
export function readParts(
  files: SourceFiles,
  path: string,
  collect: Collector,
  parts: Map<string, Block>,
  depth: number,
): string | undefined {
  // Each once: few lines could name very many.
  if (parts.has(path)) return 'it was read already'
  const content =
    depth > INCLUDES_MAX
      ? ({ kind: 'refused', reason: 'files include each other' } as const)
      : files.read(path)
  if (content.kind === 'refused') return content.reason
  const { whole, includes, faults } = parseDovecotConf(content.text)
  for (const { line, reason } of faults) collect.note('faulty', path, reason, { file: path, line })
  parts.set(path, whole)
  for (const { path: named, line } of includes) {
    for (const one of expandPattern(files, path, named)) {
      const reason = readParts(files, one, collect, parts, depth + 1)
      if (reason !== undefined) collect.note('not-supported', one, reason, { file: path, line })
    }
  }
  return undefined
}

/** `conf.d/*.conf`, beside the file that names it; stars in the last part only. */
function expandPattern(files: SourceFiles, from: string, named: string): readonly string[] {
  const folder = from.slice(0, from.lastIndexOf('/') + 1)
  const path = named.startsWith('/') ? named : folder + named
  const slash = path.lastIndexOf('/')
  const [before, last] = [path.slice(0, slash + 1), path.slice(slash + 1)]
  const star = last.indexOf('*')
  if (star === -1) return [path]
  const [start, end] = [last.slice(0, star), last.slice(star + 1)]
  const names = files.list(before === '' ? '.' : before) ?? []
  return names
    .filter((name) => name.startsWith(start) && name.endsWith(end) && !name.startsWith('.'))
    .map((name) => before + name)
}

export function valuesOf(
  parts: readonly FilePart[],
  ...names: readonly string[]
): string | undefined {
  const found = parts.flatMap(({ block }) =>
    block.values.filter(({ name }) => names.includes(name)),
  )
  return found.at(-1)?.value || undefined
}
