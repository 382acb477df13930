import type { OutboundMessage } from '../outbound-form.ts'
import type { Transfer } from '../transport.ts'

/** What is sent in a session: a transfer with its message opened. */
export type Mailing = Pick<
  Transfer,
  'sender' | 'recipients' | 'dsnReturn' | 'dsnEnvelopeId' | 'requireTls'
> & {
  readonly message: OutboundMessage
}
