// Who has signed in, and what they may. Hiding is for the eye: the server asks `allowed` for every call.

import { signal } from '@preact/signals'
import type { Role } from '#shared/administration/rights/actor.ts'
import type { Right } from '#shared/administration/rights/rights.ts'
import { call } from './client.ts'
import { ApiFailure } from './problem.ts'

export type Session = {
  readonly account: { readonly id: string | null; readonly address: string }
  readonly role: Role
  readonly domains: readonly string[]
  /** How far each right goes; what there is none of is not here. */
  readonly rights: { readonly [right in Right]?: 'all' | 'domains' | 'self' }
}

export type FactorMethod = 'passkey' | 'totp' | 'recovery-code'

export type SessionState =
  | { readonly kind: 'none' }
  | { readonly kind: 'signed-in'; readonly session: Session }
  /** The server does not answer. */
  | { readonly kind: 'unreachable' }

export const session = signal<SessionState>({ kind: 'none' })

export async function startSession(): Promise<void> {
  try {
    const { body } = await call<Session>('GET', '/session', { isSignIn: true })
    session.value = { kind: 'signed-in', session: body }
  } catch (error) {
    const isAnswered = error instanceof ApiFailure && error.problem.status < 500
    session.value = { kind: isAnswered ? 'none' : 'unreachable' }
  }
}

export async function signOut(): Promise<void> {
  await call('DELETE', '/session', { isSignIn: true })
  session.value = { kind: 'none' }
}

export function current(): Session | undefined {
  return session.value.kind === 'signed-in' ? session.value.session : undefined
}

/** Of others: for everybody or in some domains. */
export function may(right: Right | undefined): boolean {
  const reach = right === undefined ? current() && 'all' : current()?.rights[right]
  return reach === 'all' || reach === 'domains'
}

/** At least of oneself. */
export const mayOwn = (right: Right) => current()?.rights[right] !== undefined

/** Whether one administers at all: holders have their own pages alone. */
export const isAdministrator = () => current() !== undefined && current()?.role !== 'holder'
