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
    logIn(session, { login: utf8(name), password: utf8(password) }, completed('LOGIN')),
})

/** Byte string to text: names and passwords are UTF-8 (RFC 6855 §5). */
const utf8 = (bytes: string) => Buffer.from(bytes, 'latin1').toString('utf8')
