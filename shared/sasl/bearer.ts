// SASL OAUTHBEARER (RFC 7628) and XOAUTH2, which came before it and which most clients speak: the client shows a token of an issuer in place of
// a password. What is wrong with it is told as JSON in a challenge, which the client answers with nothing to say; then the exchange has failed.

import type { LoginRefused, TokenRefused } from '#shared/contracts/authenticate.ts'
import { CREDENTIAL_BYTES_MAX } from './credential-text.ts'
import type { SaslContext, SaslExchange } from './sasl-steps.ts'

export type BearerMechanism = 'OAUTHBEARER' | 'XOAUTH2'

/** Of issuers known here the longest has some 4,000 characters. A line of SASL in SMTP has room for so many in base64. */
export const TOKEN_CHARACTERS_MAX = 8_192
const MESSAGE_BYTES_MAX = TOKEN_CHARACTERS_MAX + CREDENTIAL_BYTES_MAX + 512
const PAIRS_MAX = 16

export type Bearer =
  /** `login` '': whoever the token is of. */
  | { readonly kind: 'token'; readonly login: string; readonly token: string }
  | { readonly kind: 'malformed' }

const malformed = { kind: 'malformed' } as const

export function createBearerExchange(
  mechanism: BearerMechanism,
  { authenticator, service, remoteAddress }: SaslContext,
): SaslExchange {
  let isAsked = false
  let failed: { readonly login: string; readonly result: LoginRefused } | undefined
  return {
    async step(response) {
      // RFC 7628 §3.2.3: what the client says then is one %x01, and of no matter.
      if (failed !== undefined) return { kind: 'finished', ...failed }
      if (response === undefined) {
        if (isAsked) return malformed
        isAsked = true
        return { kind: 'challenge', data: new Uint8Array() }
      }
      const bearer =
        mechanism === 'OAUTHBEARER' ? parseOAuthBearer(response) : parseXOAuth2(response)
      if (bearer.kind === 'malformed') return malformed
      const { login, token } = bearer
      const result = await authenticator.authenticateToken({ service, remoteAddress, login, token })
      if (result.kind !== 'refused') return { kind: 'finished', login, result }
      failed = { login, result }
      return { kind: 'challenge', data: Buffer.from(faultText(mechanism, result)) }
    },
  }
}

/** RFC 7628 §3.2.2; of XOAUTH2 as Google has it. */
function faultText(mechanism: BearerMechanism, { configuration, scope }: TokenRefused): string {
  const where = {
    ...(scope !== undefined && { scope }),
    ...(configuration !== undefined && { 'openid-configuration': configuration }),
  }
  return JSON.stringify(
    mechanism === 'OAUTHBEARER'
      ? { status: 'invalid_token', ...where }
      : { status: '401', schemes: 'bearer', ...where },
  )
}

// client-resp = (gs2-header kvsep *kvpair kvsep); gs2-header = ("n" / "y") "," [ "a=" saslname ] ","; kvpair = key "=" value kvsep
// RFC 7628 §3.1, RFC 5801 §4
export function parseOAuthBearer(message: Uint8Array): Bearer {
  const text = messageText(message)
  const [header, ...pairs] = text?.split('\x01', PAIRS_MAX + 1) ?? []
  if (header === undefined || text === undefined || !text.endsWith('\x01\x01')) return malformed
  const [, identity] = /^[ny],(?:a=([^,]{1,1024}))?,$/.exec(header) ?? []
  const login = identity === undefined ? '' : saslName(identity)
  if (!/^[ny],/.test(header) || !header.endsWith(',') || login === undefined) return malformed
  // Between the flag and the last comma there is nothing but the identity.
  if (identity === undefined && header.length !== 3) return malformed
  return ofPairs(login, pairs)
}

// "user=" user ^A "auth=Bearer " token ^A ^A
export function parseXOAuth2(message: Uint8Array): Bearer {
  const text = messageText(message)
  const [user, ...pairs] = text?.split('\x01', PAIRS_MAX + 1) ?? []
  if (text === undefined || !text.endsWith('\x01\x01') || !user?.startsWith('user='))
    return malformed
  const login = user.slice('user='.length)
  if (login === '' || Buffer.byteLength(login) > CREDENTIAL_BYTES_MAX) return malformed
  return ofPairs(login, pairs)
}

function ofPairs(login: string, pairs: readonly string[]): Bearer {
  const auth = pairs.filter((pair) => pair.startsWith('auth='))
  const [value = ''] = auth
  // RFC 6750 §2.1
  const [, token = ''] = /^auth=bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(value) ?? []
  if (auth.length !== 1 || token === '' || token.length > TOKEN_CHARACTERS_MAX) return malformed
  return { kind: 'token', login, token }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function messageText(message: Uint8Array): string | undefined {
  if (message.length > MESSAGE_BYTES_MAX || message.includes(0)) return undefined
  try {
    return utf8.decode(message)
  } catch {
    return undefined
  }
}

/** RFC 5801 §4: `,` and `=` are written =2C and =3D. */
function saslName(text: string): string | undefined {
  if (/=(?!2C|3D)/.test(text)) return undefined
  return text.replaceAll('=2C', ',').replaceAll('=3D', '=')
}
