// The server's side of SASL (RFC 4422) for the mechanisms that carry a password: PLAIN and LOGIN. Listeners pass decoded
// responses in and encoded challenges out; the password is checked by shared/auth. Cancelling (`*`) is the listener's business.

import { createLogin } from './login.ts'
import { createPlain } from './plain.ts'

const mechanisms = { PLAIN: createPlain, LOGIN: createLogin } as const

export type Mechanism = keyof typeof mechanisms

export interface SaslServer {
  /** The first call gets the initial response, or undefined when the client sent none; each later one the answer to a challenge. */
  step(response: Uint8Array | undefined): SaslStep
}

export type SaslStep =
  | { readonly kind: 'challenge'; readonly data: Uint8Array }
  | { readonly kind: 'credentials'; readonly login: string; readonly password: string }
  | { readonly kind: 'malformed' }

export function createSaslServer(mechanism: Mechanism): SaslServer {
  return mechanisms[mechanism]()
}

/** Mechanism names are written in any case (RFC 4422 §3.1 has them in capitals; clients do not). */
export function findMechanism(name: string): Mechanism | undefined {
  const upper = name.toUpperCase()
  return upper === 'PLAIN' || upper === 'LOGIN' ? upper : undefined
}
