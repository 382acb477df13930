// Signing in, and proving oneself again: every call of it stands here.

import { call, get } from './client.ts'
import { type FactorMethod, type Session, session } from './session.ts'

export type NeedsFactor = {
  readonly state: 'needs-factor'
  readonly ticket: string
  readonly methods: readonly FactorMethod[]
}
export type SignedIn = Session & { readonly state: 'signed-in' }

async function post<Body>(path: string, body: unknown): Promise<Body> {
  return (await call<Body>('POST', path, { body, isSignIn: true })).body
}

export const withPassword = (login: string, password: string) =>
  post<SignedIn | NeedsFactor>('/session', { login, password })

export const withFactor = (ticket: string, method: FactorMethod, answer: unknown) =>
  post<SignedIn>('/session/factor', { ticket, method, answer })

type Asked = { readonly question: unknown }

/** What the browser's authenticator is asked. */
export const askFactor = async (ticket: string, method: FactorMethod) =>
  (await post<Asked>('/session/factor:ask', { ticket, method })).question

/** A passkey alone, which knows whose it is. `binding`: the same in both. */
export const askPasskey = async (binding: string) =>
  (await post<Asked>('/session/passkey:ask', { binding })).question

export const withPasskey = (binding: string, answer: unknown) =>
  post<SignedIn>('/session/passkey', { binding, answer })

const OIDC = 'postwolke.oidc'

/** Leaves for the issuer; `to` is where one wanted to go. */
export const readWays = (signal: AbortSignal) =>
  get<{ readonly oidc: boolean }>('/session/ways', {}, signal)

export async function leaveForIssuer(to: string): Promise<void> {
  const { url, binding } = await post<{ readonly url: string; readonly binding: string }>(
    '/session/oidc:begin',
    undefined,
  )
  sessionStorage.setItem(OIDC, JSON.stringify({ binding, to }))
  window.location.assign(url)
}

/** Where one wanted to go. */
export async function returnFromIssuer(query: string): Promise<string> {
  const { binding = '', to = '/' } = Object(JSON.parse(sessionStorage.getItem(OIDC) ?? '{}'))
  sessionStorage.removeItem(OIDC)
  begin(await post<SignedIn>('/session/oidc', { query, binding }))
  return typeof to === 'string' && to.startsWith('/') ? to : '/'
}

export const stepUpMethods = async () =>
  (
    await call<{ readonly methods: readonly (FactorMethod | 'password')[] }>(
      'GET',
      '/session/step-up',
      { isSignIn: true },
    )
  ).body.methods

export const askStepUp = async (method: FactorMethod) =>
  (await post<Asked>('/session/step-up:ask', { method })).question

export const stepUp = (proof: { readonly method: string; readonly [name: string]: unknown }) =>
  post<SignedIn>('/session/step-up', proof)

export type Link = {
  readonly kind: 'first-owner' | 'owner' | 'password' | 'forgotten'
  /** Null: of the first owner, who says it. */
  readonly address: string | null
}

export const lookAtLink = (secret: string) => post<Link>('/invitation:look', { secret })

export const useLink = (link: {
  readonly secret: string
  readonly password: string
  readonly address?: string
}) => post<SignedIn | { readonly state: 'set' }>('/invitation:accept', link)

export type RecoveryLink = { readonly address: string; readonly recoveryAddress: string }

/** What the secret of a link for a recovery address begins with. */
export const isRecoveryLink = (secret: string) => secret.startsWith('recovery-address.')

export const lookAtRecovery = (secret: string) => post<RecoveryLink>('/recovery:look', { secret })

export const confirmRecovery = (secret: string) =>
  post<RecoveryLink>('/recovery:confirm', { secret })

/** To the recovery address, if there is one. */
export const askForLink = (login: string) => post<object>('/recovery:forgotten', { login })

export function begin(begun: Session): void {
  session.value = { kind: 'signed-in', session: begun }
}
