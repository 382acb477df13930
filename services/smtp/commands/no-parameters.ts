// DATA, RSET, QUIT and STARTTLS stand alone (RFC 5321 §4.1.1, RFC 3207 §4).

import { SmtpSyntaxError } from '#shared/smtp/syntax.ts'

export function noParameters(verb: string): (text: string) => void {
  return (text) => {
    if (text !== '') {
      throw new SmtpSyntaxError({ kind: 'command', expected: `${verb} without parameters` })
    }
  }
}
