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
    if (readFile === undefined) return { kind: 'fault', reason: 'files cannot be named here' }
    try {
      const content = readFile(entry)
      if (content.length > FILE_CHARACTERS_MAX) {
        return { kind: 'fault', reason: `${entry} has more than ${FILE_CHARACTERS_MAX} characters` }
      }
      for (const line of content.split('\n')) entries.push(line.split('#', 1)[0] ?? '')
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return { kind: 'fault', reason: `cannot read ${entry}: ${reason}` }
    }
  }
  return { kind: 'text', text: entries.join(' ').trim() }
}
