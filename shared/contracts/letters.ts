// Mail that the system itself writes to one person: through the queue like any other, signed on its way out.

import type { Address } from '#shared/mail/address.ts'

export interface Letters {
  /** Resolves once it is durable in the queue. */
  send(letter: Letter): Promise<void>
}

export type Letter = {
  readonly to: Address
  /** ASCII. */
  readonly subject: string
  readonly text: string
}
