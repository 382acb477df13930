// SASL PLAIN, RFC 4616.

import { credentialText } from './credential-text.ts'
import { isPassword } from './password.ts'
import type { SaslServer, SaslStep } from './sasl-steps.ts'

const NUL = 0

export function createPlain(): SaslServer {
  let challenged = false
  return {
    step(response) {
      if (response !== undefined) return parsePlain(response)
      if (challenged) return { kind: 'malformed' }
      challenged = true
      return { kind: 'challenge', data: new Uint8Array() }
    },
  }
}

// message = [authzid] UTF8NUL authcid UTF8NUL passwd; NUL in any of them is an error.
function parsePlain(message: Uint8Array): SaslStep {
  const first = message.indexOf(NUL)
  const second = message.indexOf(NUL, first + 1)
  if (first < 0 || second < 0 || message.includes(NUL, second + 1)) return { kind: 'malformed' }
  const identity = first === 0 ? '' : credentialText(message.subarray(0, first))
  const login = credentialText(message.subarray(first + 1, second))
  const password = message.subarray(second + 1)
  if (identity === undefined || login === undefined || !isPassword(password))
    return { kind: 'malformed' }
  // Deliberately: nobody acts for somebody else here, so an authorization identity is only taken when it says the same.
  // Another one is refused as a wrong password is (RFC 4616 §2), and nothing is looked up for it.
  if (identity !== '' && identity !== login) return { kind: 'other-identity', login }
  return { kind: 'credentials', login, password }
}
