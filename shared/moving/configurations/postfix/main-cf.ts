// main.cf of postconf(5), and what `postconf -n` prints, which is the same: `name = value`, continued by lines that begin with white space.

import { joinedLines } from '../source-files.ts'

export type Assignment = {
  readonly name: string
  /** With its `$names`. */
  readonly value: string
  readonly line: number
}

export type MainCf = {
  /** The last of each name counts. */
  readonly values: ReadonlyMap<string, Assignment>
  /** Earlier ones, which count for nothing. */
  readonly overridden: readonly Assignment[]
  readonly faults: readonly { readonly line: number; readonly reason: string }[]
}

export function parseMainCf(text: string): MainCf {
  const values = new Map<string, Assignment>()
  const overridden: Assignment[] = []
  const faults: { line: number; reason: string }[] = []
  for (const { line, text: joined } of joinedLines(text)) {
    const parsed = splitAssignment(joined)
    if (parsed === undefined) {
      faults.push({ line, reason: `'${joined.trim().slice(0, 80)}' is not name = value` })
      continue
    }
    const before = values.get(parsed.name)
    if (before !== undefined) overridden.push(before)
    values.set(parsed.name, { ...parsed, line })
  }
  return { values, overridden, faults }
}

/** `name = value`; a name has no white space. */
export function splitAssignment(
  text: string,
): { readonly name: string; readonly value: string } | undefined {
  const equals = text.indexOf('=')
  if (equals === -1) return undefined
  const name = text.slice(0, equals).trim()
  if (name === '' || /\s/.test(name)) return undefined
  return { name, value: text.slice(equals + 1).trim() }
}
