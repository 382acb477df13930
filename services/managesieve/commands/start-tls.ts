import { beforeLogin, nothing } from '../command.ts'
import { replies } from '../replies.ts'

/** STARTTLS. RFC 5804 §2.2. The connection discards what the client pipelined behind it, and tells the capabilities anew. */
export const startTls = beforeLogin({
  parse: nothing,
  run({ transport }) {
    if (transport.security === 'tls') return replies.tlsActive
    return transport.tlsAvailable ? replies.beginTls : replies.tlsUnavailable
  },
})
