import { loginOf } from '#shared/sasl/credential-text.ts'
import { completed, defineCommand } from '../command.ts'
import { logIn } from '../log-in.ts'

/** LOGIN. RFC 9051 §6.2.3. */
export const login = defineCommand({
  states: ['not-authenticated'],
  mayReportExpunge: false,
  parse(cursor) {
    cursor.space()
    const name = cursor.astring()
    cursor.space()
    return { name, password: cursor.astring() }
  },
  run: (session, { name, password }) =>
    // The name is UTF-8 (RFC 6855 §5); a password is bytes.
    logIn(
      session,
      { login: loginOf(octets(name)), password: octets(password) },
      completed('LOGIN'),
    ),
})

const octets = (byteString: string) => Buffer.from(byteString, 'latin1')
