// Flags of another system as they can be kept here: `\Recent` is no flag of a message, and system flags that nobody defines are dropped.

import { isFlag, spelledFlag } from '#shared/imap/flag.ts'
import {
  type FlagSet,
  flagSet,
  KEYWORD_CHARACTERS_MAX,
  KEYWORDS_MAX,
  SYSTEM_FLAGS,
} from '#shared/mailbox/flags.ts'

/** `dropped`: names, for the report. */
export function keptFlags(flags: readonly string[]): {
  readonly kept: FlagSet
  readonly dropped: readonly string[]
} {
  const kept: string[] = []
  const dropped: string[] = []
  for (const flag of new Set(flags.map(spelledFlag))) {
    if (flag === '\\Recent') continue
    if (isKept(flag) && kept.length < KEYWORDS_MAX) kept.push(flag)
    else dropped.push(flag)
  }
  return { kept: flagSet(kept), dropped }
}

function isKept(flag: string): boolean {
  if (flag.startsWith('\\')) return SYSTEM_FLAGS.some((one) => one === flag)
  return flag !== '' && flag.length <= KEYWORD_CHARACTERS_MAX && isFlag(flag)
}
