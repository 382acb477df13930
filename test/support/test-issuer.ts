// An issuer of OpenID Connect in memory: signs tokens as it is told, tells of itself by a fetch of its own, and counts who asks.

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { Fetch } from '#shared/auth/issuer/issuer.ts'

export const ISSUER = 'https://login.example/realm'

export class TestIssuer {
  readonly asked: string[] = []
  isDown = false
  keys: SigningPair[] = [makePair('one')]
  /** By token. */
  readonly opaque = new Map<string, object>()
  userinfo: object = {}
  more: object = {}

  readonly fetch: Fetch = async (address, init) => {
    const { pathname } = new URL(address)
    this.asked.push(pathname)
    if (this.isDown) throw new TypeError('fetch failed')
    const jwks = {
      keys: this.keys.map(({ kid, alg, publicKey }) => ({
        ...jwkOf(publicKey),
        kid,
        alg,
        use: 'sig',
      })),
    }
    switch (pathname) {
      case '/realm/.well-known/openid-configuration':
        return Response.json({
          issuer: ISSUER,
          jwks_uri: `${ISSUER}/keys`,
          introspection_endpoint: `${ISSUER}/introspect`,
          userinfo_endpoint: `${ISSUER}/userinfo`,
          authorization_endpoint: `${ISSUER}/auth`,
          token_endpoint: `${ISSUER}/token`,
          ...this.more,
        })
      case '/realm/keys':
        return Response.json(jwks)
      case '/realm/introspect':
        return Response.json(this.#introspect(new URLSearchParams(String(init.body)).get('token')))
      case '/realm/userinfo':
        return Response.json(this.userinfo)
      default:
        return new Response('', { status: 404 })
    }
  }

  #introspect(token: string | null): object {
    const known = this.opaque.get(token ?? '')
    return known === undefined ? { active: false } : { active: true, ...known }
  }

  /** Signed with the last key, unless the header says otherwise. */
  token(
    claims: object,
    {
      header = {},
      key = this.keys.at(-1),
    }: { header?: object; key?: SigningPair | undefined } = {},
  ): string {
    if (key === undefined) throw new Error('no key')
    const said = { typ: 'at+jwt', alg: key.alg, kid: key.kid, ...header }
    const signed = [said, claims].map((part) => encode(JSON.stringify(part))).join('.')
    return `${signed}.${signWith(key, signed)}`
  }
}

export type SigningPair = {
  readonly kid: string
  readonly alg: 'RS256' | 'PS256' | 'ES256' | 'EdDSA'
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export function makePair(kid: string, alg: SigningPair['alg'] = 'ES256'): SigningPair {
  const pair =
    alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : alg === 'EdDSA'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('rsa', { modulusLength: 2_048 })
  return { kid, alg, ...pair }
}

function signWith({ alg, privateKey: key }: SigningPair, text: string): string {
  const signed = Buffer.from(text)
  if (alg === 'EdDSA') return sign(null, signed, key).toString('base64url')
  const pss = alg === 'PS256' ? { padding: 6, saltLength: 32 } : {}
  return sign('sha256', signed, { key, dsaEncoding: 'ieee-p1363', ...pss }).toString('base64url')
}

const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' })
const encode = (text: string) => Buffer.from(text).toString('base64url')
