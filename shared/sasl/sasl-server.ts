// The server's side of SASL (RFC 4422) for the mechanisms that carry a password: PLAIN and LOGIN, up to the password;
// sasl-exchange.ts has it checked.

import { createLogin } from './login.ts'
import { createPlain } from './plain.ts'

const mechanisms = { PLAIN: createPlain, LOGIN: createLogin } as const

export type PasswordMechanism = keyof typeof mechanisms

export interface SaslServer {
  /** The first call gets the initial response, or undefined when the client sent none; each later one the answer to a challenge. */
  step(response: Uint8Array | undefined): SaslStep
}

export type SaslStep =
  | { readonly kind: 'challenge'; readonly data: Uint8Array }
  | { readonly kind: 'credentials'; readonly login: string; readonly password: Uint8Array }
  /** Asks to act for somebody else, which nobody may here. */
  | { readonly kind: 'other-identity'; readonly login: string }
  | { readonly kind: 'malformed' }

export function createSaslServer(mechanism: PasswordMechanism): SaslServer {
  return mechanisms[mechanism]()
}
