// System flags as a bit set, keywords as a sorted list: the small form a message item keeps (RFC 9051 §2.3.2).

import type { Flag } from '#shared/contracts/mailbox.ts'

export const SYSTEM_FLAGS = ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft'] as const
export const SEEN = 1 << SYSTEM_FLAGS.indexOf('\\Seen')
export const DELETED = 1 << SYSTEM_FLAGS.indexOf('\\Deleted')
export const SYSTEM_BITS = (1 << SYSTEM_FLAGS.length) - 1
/** Keywords one message can carry. */
export const KEYWORDS_MAX = 100
/** Characters of one keyword. */
export const KEYWORD_CHARACTERS_MAX = 100

/** Different keywords in one folder, those of messages that are gone included. */
export const KEYWORDS_PER_FOLDER_MAX = 128

export type FlagSet = { readonly bits: number; readonly keywords: readonly string[] }

export const noFlags: FlagSet = { bits: 0, keywords: [] }

/** Flags are compared without case (RFC 9051 §2.3.2); of two spellings of a keyword the first stays. */
export function flagSet(flags: readonly Flag[]): FlagSet {
  let bits = 0
  const keywords = new Map<string, string>()
  for (const flag of flags) {
    const system = SYSTEM_FLAGS.findIndex((name) => name.toLowerCase() === flag.toLowerCase())
    if (system >= 0) bits |= 1 << system
    else if (!keywords.has(flag.toLowerCase())) keywords.set(flag.toLowerCase(), flag)
  }
  if (keywords.size === 0) return bits === 0 ? noFlags : { bits, keywords: [] }
  return { bits, keywords: [...keywords.values()].sort() }
}

/**
 * Keywords as their folder spells them, and those that are new to it. What the folder has no room for is left out: flags
 * are preserved as far as possible, a message is never refused for them.
 */
export function fitKeywords(
  flags: FlagSet,
  known: readonly string[],
): { readonly flags: FlagSet; readonly added: readonly string[] } {
  if (flags.keywords.length === 0) return { flags, added: [] }
  const spelling = new Map(known.map((keyword) => [keyword.toLowerCase(), keyword]))
  const keywords = new Set<string>()
  const added: string[] = []
  for (const keyword of flags.keywords) {
    const spelled = spelling.get(keyword.toLowerCase())
    if (spelled !== undefined) keywords.add(spelled)
    else if (known.length + added.length < KEYWORDS_PER_FOLDER_MAX) {
      keywords.add(keyword)
      added.push(keyword)
    }
  }
  return { flags: { bits: flags.bits, keywords: [...keywords].sort() }, added }
}

export function flagList(set: FlagSet): Flag[] {
  const flags: Flag[] = []
  for (let i = 0; i < SYSTEM_FLAGS.length; i++) {
    const name = SYSTEM_FLAGS[i]
    if (name !== undefined && set.bits & (1 << i)) flags.push(name)
  }
  return flags.concat(set.keywords)
}

export function sameFlags(a: FlagSet, b: FlagSet): boolean {
  return a.bits === b.bits && a.keywords.join(' ') === b.keywords.join(' ')
}

/** Flags that somebody may set and clear. */
export type FlagScope = { readonly bits: number; readonly keywords: boolean }

/** Those of the flags that are in the scope. */
export const flagsWithin = ({ bits, keywords }: FlagSet, scope: FlagScope): FlagSet => ({
  bits: bits & scope.bits,
  keywords: scope.keywords ? keywords : [],
})

export type FlagChange = {
  readonly mode: 'replace' | 'add' | 'remove'
  readonly flags: readonly Flag[]
  /** All others stay as they are. */
  readonly scope?: FlagScope
}

export function changeFlags(current: FlagSet, change: FlagChange): FlagSet {
  const { scope } = change
  const changed = changeAll(current, change)
  if (scope === undefined) return changed
  return {
    bits: (current.bits & ~scope.bits) | (changed.bits & scope.bits),
    keywords: scope.keywords ? changed.keywords : current.keywords,
  }
}

function changeAll(current: FlagSet, change: FlagChange): FlagSet {
  const given = flagSet(change.flags)
  const lower = new Set(given.keywords.map((keyword) => keyword.toLowerCase()))
  switch (change.mode) {
    case 'replace':
      return given
    case 'add':
      return flagSet([...flagList(current), ...flagList(given)])
    case 'remove':
      return {
        bits: current.bits & ~given.bits,
        keywords: current.keywords.filter((keyword) => !lower.has(keyword.toLowerCase())),
      }
  }
}
