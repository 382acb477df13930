// Patterns of LIST and LSUB (RFC 9051 §6.3.9): `*` stands for anything, `%` for anything within one level of the hierarchy.
//
// Implementation notes: all positions a pattern can be at are followed at once, so that no pattern can make matching slow, as it
// could with backtracking.

import { DELIMITER, INBOX } from '#shared/mailbox/folder-path.ts'

/** Wildcards of one pattern, those beside each other counted as one; a pattern with more matches nothing. */
export const PATTERN_WILDCARDS_MAX = 10

export type MailboxPattern = (path: string) => boolean

/** The reference is put before the pattern as it is. */
export function compilePattern(reference: string, pattern: string): MailboxPattern {
  const text = (reference + pattern)
    .normalize('NFC')
    .replace(/[*%]{2,}/g, (run) => (run.includes('*') ? '*' : '%'))
  const wildcards = text.match(/[*%]/g)?.length ?? 0
  if (wildcards === 0) return (path) => path === text || (isInbox(path) && isInbox(text))
  if (wildcards > PATTERN_WILDCARDS_MAX) return () => false
  if (text === '*') return () => true
  if (text === '%') return (path) => !path.includes(DELIMITER)
  return (path) => matches(text, path)
}

const isInbox = (path: string) => path.toUpperCase() === INBOX

/** INBOX, and INBOX as the first name of a path, matches in any case (RFC 9051 §5.1). */
const beginsWithInbox = (path: string) => path === INBOX || path.startsWith(INBOX + DELIMITER)

function matches(pattern: string, path: string): boolean {
  const caseless = beginsWithInbox(path) ? INBOX.length : 0
  // Positions in the pattern before which all of the path so far has been matched, ascending.
  let at = reach([], pattern, 0)
  for (let i = 0; i < path.length && at.length > 0; i++) {
    const character = path[i]
    const next: number[] = []
    for (const position of at) {
      const wanted = pattern[position]
      if (wanted === '*') reach(next, pattern, position)
      else if (wanted === '%') {
        if (character !== DELIMITER) reach(next, pattern, position)
      } else if (wanted === character || (i < caseless && wanted?.toUpperCase() === character)) {
        reach(next, pattern, position + 1)
      }
    }
    at = next
  }
  return at.at(-1) === pattern.length
}

/** Adds a position, and those behind the wildcards that stand there: they may stand for nothing. */
function reach(positions: number[], pattern: string, position: number): number[] {
  for (let at = position; ; at++) {
    const last = positions.at(-1)
    if (last === undefined || last < at) positions.push(at)
    if (pattern[at] !== '*' && pattern[at] !== '%') return positions
  }
}
