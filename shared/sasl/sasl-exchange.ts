// One SASL login (RFC 4422) on the server's side, whatever the mechanism. Listeners pass decoded responses in and encoded
// challenges out until it is finished; cancelling (`*`) is their business.

import type { LoginResult } from '#shared/contracts/authenticate.ts'
import type { ChannelBindings } from '#shared/net/tls/channel-binding.ts'
import { type BearerMechanism, createBearerExchange } from './bearer.ts'
import { createSaslServer, type PasswordMechanism } from './sasl-server.ts'
import type { SaslContext, SaslExchange } from './sasl-steps.ts'
import { createScramExchange } from './scram-exchange.ts'

export const mechanismNames = [
  'PLAIN',
  'LOGIN',
  'SCRAM-SHA-256',
  'SCRAM-SHA-256-PLUS',
  'OAUTHBEARER',
  'XOAUTH2',
] as const

export type Mechanism = (typeof mechanismNames)[number]

/**
 * What to advertise. SCRAM shows the password to nobody, so it is offered where passwords in clear are not; with `-PLUS` only
 * where the connection has something to bind to. A token is as good as a password, and shown inside TLS alone (RFC 7628 §4).
 */
export function offeredMechanisms(to: {
  /** What the operator wants offered at all. */
  readonly allowed: readonly Mechanism[]
  readonly passwordsAllowed: boolean
  readonly channelBindings: ChannelBindings | undefined
}): readonly Mechanism[] {
  return mechanismNames.filter((name) => {
    if (!to.allowed.includes(name)) return false
    if (isBearer(name)) return to.channelBindings !== undefined
    if (name === 'SCRAM-SHA-256-PLUS') return to.channelBindings?.available === true
    return name === 'SCRAM-SHA-256' || to.passwordsAllowed
  })
}

/** Whether the password itself is sent. */
export function sendsPassword(mechanism: Mechanism): mechanism is PasswordMechanism {
  return mechanism === 'PLAIN' || mechanism === 'LOGIN'
}

/** What there is without an issuer, whose tokens the others show. */
export const withoutIssuer = (names: readonly Mechanism[]): readonly Mechanism[] =>
  names.filter((name) => !isBearer(name))

const isBearer = (mechanism: Mechanism): mechanism is BearerMechanism =>
  mechanism === 'OAUTHBEARER' || mechanism === 'XOAUTH2'

/** Mechanism names are written in any case (RFC 4422 §3.1 has them in capitals; clients do not). */
export function findMechanism(text: string): Mechanism | undefined {
  const upper = text.toUpperCase()
  return mechanismNames.find((name) => name === upper)
}

export function createSaslExchange(mechanism: Mechanism, context: SaslContext): SaslExchange {
  if (isBearer(mechanism)) return createBearerExchange(mechanism, context)
  return sendsPassword(mechanism)
    ? createPasswordExchange(mechanism, context)
    : createScramExchange(context, { plus: mechanism === 'SCRAM-SHA-256-PLUS' })
}

const identityRefused: LoginResult = { kind: 'refused', reason: 'other-identity' }

function createPasswordExchange(mechanism: PasswordMechanism, context: SaslContext): SaslExchange {
  const { authenticator, service, remoteAddress } = context
  const server = createSaslServer(mechanism)
  return {
    async step(response) {
      const step = server.step(response)
      if (step.kind === 'other-identity') {
        return { kind: 'finished', login: step.login, result: identityRefused }
      }
      if (step.kind !== 'credentials') return step
      const { login, password } = step
      const attempt = { service, remoteAddress, login, password }
      return { kind: 'finished', login, result: await authenticator.authenticate(attempt) }
    },
  }
}
