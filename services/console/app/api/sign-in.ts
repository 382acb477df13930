// Signing in, and proving oneself again: every call of it stands here.

import { call } from './client.ts'
import { type FactorMethod, type Session, type SignedIn, session } from './session.ts'

export type SignInWays = {
  /** Undefined: no issuer is set. */
  readonly oidc?: { readonly name: string; readonly href: string } | null
  readonly passkeys: boolean
}

export const ways = async () => (await call<SignInWays>('GET', '/signIn', { isSignIn: true })).body

type Begun = Session | { readonly ticket: string; readonly methods: readonly FactorMethod[] }

const read = (body: Begun): SignedIn =>
  'ticket' in body
    ? { kind: 'needs-factor', ticket: body.ticket, methods: body.methods }
    : { kind: 'session', session: body }

async function post(path: string, body: unknown): Promise<SignedIn> {
  return read((await call<Begun>('POST', path, { body, isSignIn: true })).body)
}

export const withPassword = (address: string, password: string) =>
  post('/session', { address, password })

export const withFactor = (ticket: string, method: FactorMethod, answer: unknown) =>
  post('/session:factor', { ticket, method, answer })

/** What the browser's authenticator is asked. */
export const questionOf = async (ticket: string, method: FactorMethod): Promise<unknown> =>
  (
    await call<{ question: unknown }>('POST', '/session:ask', {
      body: { ticket, method },
      isSignIn: true,
    })
  ).body.question

export function begin(begun: Session): void {
  session.value = { kind: 'signed-in', session: begun }
}
