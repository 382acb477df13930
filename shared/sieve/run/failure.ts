// How a run ends that cannot go on. Nothing of what the scripts wanted is done then: the message is kept (RFC 5228 §2.10.6).

import type { Position } from '../finding.ts'

export class SieveRunError extends Error {
  override readonly name = 'SieveRunError'
  /** Of the command or test; set by who runs it. */
  at: Position | undefined
  /** The script it stands in: its owner's name of it. */
  script: string | undefined
}

export class LimitExceeded extends SieveRunError {}
