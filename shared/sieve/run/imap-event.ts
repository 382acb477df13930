// What is for mail that is being delivered, and for nothing that happens in a mailbox later (RFC 6785 §3.11, §4.6).

import type { CompiledScript } from '../compiled.ts'
import { SieveRunError } from './failure.ts'
import type { Run } from './run.ts'

export function refuseAtImapEvent(run: Run, what: string): void {
  const cause = run.context.environment('imap.cause')
  if (cause)
    throw new SieveRunError(`${what} is for mail that is being delivered, and not for ${cause}`)
}

/** RFC 6785 §3.11: that a script requires them is an error already. */
const ofDelivery: readonly string[] = ['reject', 'ereject', 'vacation', 'vacation-seconds']

/** Throws SieveRunError for a script that may not run at an event. */
export function checkForImapEvent({ extensions }: Pick<CompiledScript, 'extensions'>): void {
  const found = ofDelivery.find((name) => extensions.has(name))
  if (found === undefined) return
  throw new SieveRunError(`"${found}" is for mail that is being delivered, and not for IMAP events`)
}
