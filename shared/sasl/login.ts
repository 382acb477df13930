// SASL LOGIN: never standardised (draft-murchison-sasl-login), but what Outlook speaks. Login and password are two responses;
// some clients send the login at once.

import { credentialText } from './credential-text.ts'
import { isPassword } from './password.ts'
import type { SaslServer } from './sasl-steps.ts'

const USERNAME = new TextEncoder().encode('Username:')
const PASSWORD = new TextEncoder().encode('Password:')

export function createLogin(): SaslServer {
  let asked: 'nothing' | 'login' = 'nothing'
  let login: string | undefined
  return {
    step(response) {
      if (response === undefined) {
        if (asked !== 'nothing') return { kind: 'malformed' }
        asked = 'login'
        return { kind: 'challenge', data: USERNAME }
      }
      if (login !== undefined) {
        if (!isPassword(response)) return { kind: 'malformed' }
        return { kind: 'credentials', login, password: response }
      }
      login = credentialText(response)
      if (login === undefined) return { kind: 'malformed' }
      asked = 'login'
      return { kind: 'challenge', data: PASSWORD }
    },
  }
}
