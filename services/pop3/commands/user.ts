import { loginOf } from '#shared/sasl/credential-text.ts'
import { text } from '../arguments.ts'
import { defineCommand, inAuthorization } from '../command.ts'
import { replies } from '../replies.ts'

/** USER name. RFC 1939 §7. Any name is taken: whether it exists is not told before PASS. */
export const user = defineCommand({
  state: inAuthorization,
  parse: text,
  run(session, name) {
    // Refused here already, so that the password is not sent in clear.
    if (!session.plaintextAllowed) return replies.plaintextDisabled
    // RFC 6856 §2.2: UTF-8.
    session.setUser(loginOf(Buffer.from(name, 'latin1')))
    return replies.sendPassword
  },
})
