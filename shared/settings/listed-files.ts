// Lists that go on in files: an entry that is a path stands for what the file has, one or more entries a line, with comments behind `#`, as
// in Postfix's mynetworks. Files do not name further files. `/…/` is an expression: no path of a file ends so.

import type { Expanded } from './references.ts'

/** Read at once, into memory. */
const FILE_CHARACTERS_MAX = 1_000_000

export function withFiles(
  text: string,
  readFile: ((path: string) => string) | undefined,
): Expanded {
  const entries: string[] = []
  for (const entry of text.split(/[\s,]+/)) {
    if (!/^\.{0,2}\//.test(entry) || (entry.length > 1 && entry.endsWith('/'))) {
      entries.push(entry)
      continue
    }
    const content = contentOf(entry, readFile)
    if (content.kind === 'fault') return content
    for (const line of content.text.split('\n')) entries.push(line.split('#', 1)[0] ?? '')
  }
  return { kind: 'text', text: entries.join(' ').trim() }
}

/** A text that is nothing but a path, which may be named as Postfix names the kind of its table, is the file's. */
export function asFile(text: string, readFile: ((path: string) => string) | undefined): Expanded {
  const [, path] = /^(?:(?:regexp|pcre):)?(\.{0,2}\/[^\s/]\S*)$/.exec(text) ?? []
  if (path === undefined || path.length > PATH_CHARACTERS_MAX) return { kind: 'text', text }
  return contentOf(path, readFile)
}

const PATH_CHARACTERS_MAX = 4_096

function contentOf(path: string, readFile: ((path: string) => string) | undefined): Expanded {
  if (readFile === undefined) return { kind: 'fault', reason: 'files cannot be named here' }
  try {
    const text = readFile(path)
    return text.length > FILE_CHARACTERS_MAX
      ? { kind: 'fault', reason: `${path} has more than ${FILE_CHARACTERS_MAX} characters` }
      : { kind: 'text', text }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { kind: 'fault', reason: `cannot read ${path}: ${reason}` }
  }
}
