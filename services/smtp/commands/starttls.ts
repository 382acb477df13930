// STARTTLS (RFC 3207 §4).

import { answer, defineCommand } from '../command.ts'
import { replies } from '../replies.ts'
import { noParameters } from './no-parameters.ts'

export const starttls = defineCommand({
  beforeTls: true,
  junk: true,
  flushes: true,
  parse: noParameters('STARTTLS'),
  run(session) {
    if (session.tls) return answer(replies.tlsActive)
    if (!session.deps.certificates) return answer(replies.tlsUnavailable)
    if (!session.takes('tls-sessions')) {
      return answer(replies.tooManyTlsSessions(session.remoteAddress))
    }
    return { kind: 'start-tls', reply: replies.startTls }
  },
})
