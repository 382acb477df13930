// Patterns of LIST and LSUB (RFC 9051 §6.3.9): `*` stands for anything, `%` for anything within one level of the hierarchy.
//
// Implementation notes: all positions a pattern can be at are followed at once, so that no pattern can make matching slow, as it
// could with backtracking.

import { DELIMITER, INBOX } from '#shared/mailbox/folder-path.ts'

/** Wildcards of one pattern, those beside each other counted as one; a pattern with more matches nothing. */
export const PATTERN_WILDCARDS_MAX = 50

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
  let at = reachable(pattern, [0])
  for (let i = 0; i < path.length && at.length > 0; i++) {
    const character = path[i]
    const next: number[] = []
    for (const position of at) {
      const wanted = pattern[position]
      if (wanted === '*' || (wanted === '%' && character !== DELIMITER)) next.push(position)
      else if (
        wanted !== undefined &&
        wanted !== '%' &&
        (i < caseless ? wanted.toUpperCase() : wanted) === character
      ) {
        next.push(position + 1)
      }
    }
    at = reachable(pattern, next)
  }
  return at.at(-1) === pattern.length
}

/** Wildcards may stand for nothing, so what comes after them is reachable too. */
function reachable(pattern: string, positions: readonly number[]): number[] {
  const all: number[] = []
  for (const position of positions) {
    for (let at = position; ; at++) {
      if (all.at(-1) !== at && (all.at(-1) ?? -1) < at) all.push(at)
      if (pattern[at] !== '*' && pattern[at] !== '%') break
    }
  }
  return all
}
