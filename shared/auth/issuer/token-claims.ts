// What a token of the issuer says, whether it is signed or only the issuer knows what it means (RFC 7662). What the claims lack of who it
// is, the issuer is asked for (userinfo, OpenID Connect §5.3). A good answer is remembered for a moment: a mail client shows the same token
// in each of its connections.

import { createHash } from 'node:crypto'
import type { Clock } from '#shared/runtime/clock.ts'
import { takeOldest } from '#shared/runtime/take-oldest.ts'
import type { Issuer } from './issuer.ts'
import { type Claims, isJwt, judgeClaims, type TokenFault, verifyJwt } from './jwt.ts'

export type TokenClaims =
  | { readonly kind: 'claims'; readonly claims: Claims }
  | { readonly kind: 'invalid'; readonly fault: TokenFault }

export type ClientCredentials = { readonly id: string; readonly secret: string }

/** A token that was revoked is taken for so long where it was seen before. */
export const HELD_MS = 60_000
const HELD_MAX = 1_000

export function createTokenClaims(deps: {
  readonly issuer: Issuer
  readonly audiences: readonly string[]
  /** Of signed ones: ID tokens are for the client, too, and no login at a mail service. */
  readonly onlyAccessTokens: boolean
  /** Undefined: only signed tokens are known. */
  readonly client: () => Promise<ClientCredentials | undefined>
  /** Without this one they do not say who it is. */
  readonly accountClaim: string
  readonly clock: Pick<Clock, 'now'>
}): (token: string) => Promise<TokenClaims> {
  const { issuer, audiences, onlyAccessTokens, client: clientOf, accountClaim, clock } = deps
  const held = new Map<string, { readonly claims: Claims; readonly untilMs: number }>()

  async function introspect(token: string): Promise<TokenClaims> {
    const [{ introspectionEndpoint }, client] = await Promise.all([issuer.metadata(), clientOf()])
    if (introspectionEndpoint === undefined || client === undefined) return invalid('form')
    const form = { token, token_type_hint: 'access_token' }
    const { status, body } = await issuer.post(introspectionEndpoint, form, basic(client))
    const said: Claims = { ...Object(body) }
    if (status !== 200 || said.active !== true) return invalid('expired')
    // RFC 7662 §2.2: all but `active` is optional; whoever it was given to is for whom it is.
    const claims = { ...said, iss: said.iss ?? issuer.url, aud: said.aud ?? said.client_id }
    const fault = judgeClaims(claims, { issuer: issuer.url, audiences, nowMs: clock.now() })
    return fault === undefined ? { kind: 'claims', claims } : invalid(fault)
  }

  async function withUserinfo(token: string, claims: Claims): Promise<Claims> {
    if (claims[accountClaim] !== undefined) return claims
    const { userinfoEndpoint } = await issuer.metadata()
    if (userinfoEndpoint === undefined) return claims
    const { status, body } = await issuer.get(userinfoEndpoint, `Bearer ${token}`)
    const said: Claims = { ...Object(body) }
    // OpenID Connect §5.3.2: or it is of somebody else.
    return status === 200 && said.sub === claims.sub ? { ...said, ...claims } : claims
  }

  return async (token) => {
    const name = createHash('sha256').update(token).digest('base64')
    const nowMs = clock.now()
    const known = held.get(name)
    if (known !== undefined && known.untilMs > nowMs)
      return { kind: 'claims', claims: known.claims }
    const found = isJwt(token)
      ? await verifyJwt(token, { issuer, audiences, onlyAccessTokens, nowMs })
      : await introspect(token)
    if (found.kind === 'invalid') return found
    const claims = await withUserinfo(token, found.claims)
    const untilMs = Math.min(nowMs + HELD_MS, Number(claims.exp) * 1_000)
    held.delete(name)
    held.set(name, { claims, untilMs })
    takeOldest(held, HELD_MAX)
    return { kind: 'claims', claims }
  }
}

const invalid = (fault: TokenFault): TokenClaims => ({ kind: 'invalid', fault })

/** RFC 6749 §2.3.1: both are encoded as in a form first. */
export const basic = ({ id, secret }: ClientCredentials): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`
