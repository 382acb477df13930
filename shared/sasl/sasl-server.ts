// The server's side of SASL (RFC 4422) for the mechanisms that carry a password: PLAIN and LOGIN, up to the password;
// sasl-exchange.ts has it checked.

import { createLogin } from './login.ts'
import { createPlain } from './plain.ts'
import type { SaslServer } from './sasl-steps.ts'

const mechanisms = { PLAIN: createPlain, LOGIN: createLogin } as const

export type PasswordMechanism = keyof typeof mechanisms

export function createSaslServer(mechanism: PasswordMechanism): SaslServer {
  return mechanisms[mechanism]()
}
