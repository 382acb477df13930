// The flags of a message as FETCH answers them. RFC 9051 §7.5.2.

import { isFlag } from '#shared/imap/flag.ts'
import { type FlagSet, flagList, SYSTEM_FLAGS } from '#shared/mailbox/flags.ts'

/** System flags by their bits, as most messages have no others. */
const systemFlags: readonly string[] = Array.from({ length: 1 << SYSTEM_FLAGS.length }, (_, bits) =>
  flagList({ bits, keywords: [] }).join(' '),
)

/** RFC 3501 §2.3.2: no flag that is stored. */
const withRecent = (flags: string) => (flags === '' ? '\\Recent' : `${flags} \\Recent`)

/** `FLAGS (…)`. What no client could read as a flag is left out. */
export function flagsText({ bits, keywords }: FlagSet, isRecent = false): string {
  const stored = systemFlags[bits] ?? ''
  const system = isRecent ? withRecent(stored) : stored
  if (keywords.length === 0) return `FLAGS (${system})`
  const all = system === '' ? keywords : [system, ...keywords]
  return `FLAGS (${all.filter((flag) => flag === system || isFlag(flag)).join(' ')})`
}
