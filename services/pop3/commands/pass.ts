import { text } from '../arguments.ts'
import { defineCommand, inAuthorization } from '../command.ts'
import { logIn } from '../login.ts'
import { replies } from '../replies.ts'

/** PASS string. RFC 1939 §7: all after the one space is the password, spaces included. */
export const pass = defineCommand({
  state: inAuthorization,
  parse: text,
  run(session, password, { user }) {
    if (!session.plaintextAllowed) return replies.plaintextDisabled
    return user === null ? replies.userFirst : logIn(session, user, Buffer.from(password, 'latin1'))
  },
})
