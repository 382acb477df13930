import { nothing } from '../arguments.ts'
import { defineCommand, inAuthorization } from '../command.ts'
import { replies } from '../replies.ts'

/** STLS. RFC 2595 §4. The connection discards what the client pipelined behind it. */
export const stls = defineCommand({
  state: inAuthorization,
  parse: nothing,
  run(session) {
    if (session.transport.security === 'tls') return replies.tlsActive
    if (!session.transport.tlsAvailable) return replies.tlsUnavailable
    // RFC 6856 §2.1: a client must not send STLS after UTF8, a server may refuse it.
    return session.utf8 ? replies.tlsAfterUtf8 : replies.beginTls
  },
})
