// The key an ACME account is known by (ECDSA P-256), and what it signs: flattened JWS (RFC 7515 §7.2.2, RFC 8555 §6.2).

import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'

export type Jwk = {
  readonly crv: string
  readonly kty: string
  readonly x: string
  readonly y: string
}

export type ProtectedHeader = { readonly nonce: string; readonly url: string } & (
  | { readonly kid: string }
  | { readonly jwk: Jwk }
)

export class AccountKey {
  readonly jwk: Jwk
  /** RFC 7638: the public key's fingerprint. */
  readonly thumbprint: string
  readonly #key: KeyObject

  /** Throws when it is not the PEM of a P-256 key. */
  constructor(pem: string) {
    this.#key = createPrivateKey(pem)
    const { crv, kty, x, y } = createPublicKey(this.#key).export({ format: 'jwk' })
    if (crv !== 'P-256' || kty === undefined || x === undefined || y === undefined) {
      throw new TypeError('the account key is not an ECDSA P-256 key')
    }
    // RFC 7638 §3: the required members in this order, without spaces.
    this.jwk = { crv, kty, x, y }
    this.thumbprint = createHash('sha256').update(JSON.stringify(this.jwk)).digest('base64url')
  }

  /** An undefined payload is a POST-as-GET (RFC 8555 §6.3). */
  sign(header: ProtectedHeader, payload: object | undefined): string {
    const protectedPart = encode({ alg: 'ES256', ...header })
    const payloadPart = payload === undefined ? '' : encode(payload)
    // RFC 7518 §3.4: the two numbers side by side, not in DER.
    const signature = sign('sha256', Buffer.from(`${protectedPart}.${payloadPart}`), {
      key: this.#key,
      dsaEncoding: 'ieee-p1363',
    }).toString('base64url')
    return JSON.stringify({ protected: protectedPart, payload: payloadPart, signature })
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
