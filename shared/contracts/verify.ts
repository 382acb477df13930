// Whether an address exists, asked of the server that mail for it goes to: RCPT without a message. Policy asks; services/delivery knows
// the way.

import type { AccountId } from './mailbox.ts'

/** Never rejects. `accountId`: of an account here that is still on an old server, which is asked. */
export type ProbeAddress = (address: string, accountId?: AccountId) => Promise<ProbeResult>

export type ProbeResult =
  | { readonly kind: 'deliverable' }
  /** It said that there is no such address, or that it takes no mail; or there is no such domain. */
  | { readonly kind: 'undeliverable'; readonly reply: string }
  /** Nobody answered, or not about the address. */
  | { readonly kind: 'unknown'; readonly reply: string }
