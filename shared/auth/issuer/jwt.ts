// A signed token (JWT, RFC 7519 on JWS, RFC 7515), verified as RFC 8725 wants it: algorithms of a list of ours, keys of the issuer alone,
// whoever issued it and for whom.

import { constants, type KeyObject, verify } from 'node:crypto'
import type { Issuer } from './issuer.ts'

export type Claims = { readonly [name: string]: unknown }

export type Verified =
  | { readonly kind: 'claims'; readonly claims: Claims; readonly expiresMs: number }
  | { readonly kind: 'invalid'; readonly fault: TokenFault }

export type TokenFault =
  | 'form'
  | 'type'
  | 'algorithm'
  | 'key'
  | 'signature'
  | 'issuer'
  | 'audience'
  | 'expired'
  | 'too-early'

/** No `none`, and nothing with a shared secret. */
const algorithms = {
  RS256: { hash: 'sha256', pss: false },
  RS384: { hash: 'sha384', pss: false },
  RS512: { hash: 'sha512', pss: false },
  PS256: { hash: 'sha256', pss: true },
  PS384: { hash: 'sha384', pss: true },
  PS512: { hash: 'sha512', pss: true },
  ES256: { hash: 'sha256', pss: false },
  ES384: { hash: 'sha384', pss: false },
  ES512: { hash: 'sha512', pss: false },
  EdDSA: { hash: null, pss: false },
} as const

type Algorithm = keyof typeof algorithms

/** Clocks of two machines. */
export const SKEW_MS = 60_000
/** With one name, or none, an issuer has few keys. */
const KEYS_TRIED_MAX = 8

export const isJwt = (token: string): boolean =>
  /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(token)

export async function verifyJwt(
  token: string,
  asked: {
    readonly issuer: Issuer
    readonly audiences: readonly string[]
    /** Only what its header calls an access token (RFC 9068 §2.1), and no ID token. */
    readonly onlyAccessTokens: boolean
    readonly nowMs: number
  },
): Promise<Verified> {
  const { issuer, audiences, onlyAccessTokens, nowMs } = asked
  const [header = '', payload = '', signature = ''] = token.split('.')
  const said = jsonOf(header)
  const claims = jsonOf(payload)
  if (!isJwt(token) || said === undefined || claims === undefined) return invalid('form')
  const { alg, kid, crit, typ } = said
  if (!isAlgorithm(alg)) return invalid('algorithm')
  // RFC 7515 §4.1.11: what must be understood and is not.
  if (crit !== undefined) return invalid('form')
  if (onlyAccessTokens && !isAccessTokenType(typ)) return invalid('type')
  // What is not for us is not worth a key.
  const fault = judgeClaims(claims, { issuer: issuer.url, audiences, nowMs })
  if (fault !== undefined) return invalid(fault)
  const keys = await issuer.keys({ kid: typeof kid === 'string' ? kid : undefined, alg })
  if (keys.length === 0) return invalid('key')
  const signed = Buffer.from(`${header}.${payload}`, 'latin1')
  const given = Buffer.from(signature, 'base64url')
  const isSigned = keys.slice(0, KEYS_TRIED_MAX).some((key) => isSignedBy(key, alg, signed, given))
  if (!isSigned) return invalid('signature')
  return { kind: 'claims', claims, expiresMs: Number(claims.exp) * 1_000 }
}

/** Of whatever says who a token is for, signed or asked for. */
export function judgeClaims(
  { iss, aud, exp, nbf }: Claims,
  asked: {
    readonly issuer: string
    readonly audiences: readonly string[]
    readonly nowMs: number
  },
): TokenFault | undefined {
  const { issuer, audiences, nowMs } = asked
  if (iss !== issuer) return 'issuer'
  const named = (Array.isArray(aud) ? aud : [aud]).filter((one) => typeof one === 'string')
  if (!named.some((one) => audiences.includes(one))) return 'audience'
  if (typeof exp !== 'number' || exp * 1_000 + SKEW_MS <= nowMs) return 'expired'
  if (nbf !== undefined && (typeof nbf !== 'number' || nbf * 1_000 - SKEW_MS > nowMs)) {
    return 'too-early'
  }
  return undefined
}

const invalid = (fault: TokenFault): Verified => ({ kind: 'invalid', fault })

/** RFC 9068 §4; capitals do not matter, and `application/` may be left out (RFC 7515 §4.1.9). */
const isAccessTokenType = (typ: unknown): boolean =>
  typeof typ === 'string' && /^(?:application\/)?at\+jwt$/i.test(typ)

const isAlgorithm = (alg: unknown): alg is Algorithm =>
  typeof alg === 'string' && Object.hasOwn(algorithms, alg)

function isSignedBy(key: KeyObject, alg: Algorithm, signed: Buffer, given: Buffer): boolean {
  const { hash, pss } = algorithms[alg]
  try {
    return verify(
      hash,
      signed,
      {
        key,
        dsaEncoding: 'ieee-p1363',
        ...(pss && {
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
        }),
      },
      given,
    )
  } catch {
    return false
  }
}

function jsonOf(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { ...value }
      : undefined
  } catch {
    return undefined
  }
}
