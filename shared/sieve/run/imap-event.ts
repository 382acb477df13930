// What is for mail that is being delivered, and for nothing that happens in a mailbox later (RFC 6785 §3.11, §4.6).

import { SieveRunError } from './failure.ts'
import type { Run } from './run.ts'

export function refuseAtImapEvent(run: Run, what: string): void {
  const cause = run.context.environment('imap.cause')
  if (cause)
    throw new SieveRunError(`${what} is for mail that is being delivered, and not for ${cause}`)
}
