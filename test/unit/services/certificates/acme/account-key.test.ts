import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { AccountKey } from '#services/certificates/acme/account-key.ts'
import { makePrivateKey, privateKeyPem } from '#shared/net/tls/private-key.ts'

const parts = (text: string): Record<string, string> => JSON.parse(text)
const decoded = (text = '') => Buffer.from(text, 'base64url').toString()

describe('AccountKey', () => {
  const privateKey = makePrivateKey()
  const key = new AccountKey(privateKeyPem(privateKey))
  const header = { nonce: 'n', url: 'https://ca.test/order', kid: 'https://ca.test/account/1' }

  it('signs in the form of a flattened JWS', () => {
    const signed = parts(key.sign(header, { a: 1 }))
    expect(JSON.parse(decoded(signed.protected))).toEqual({ alg: 'ES256', ...header })
    expect(decoded(signed.payload)).toBe('{"a":1}')
    const text = Buffer.from(`${signed.protected}.${signed.payload}`)
    const publicKey = { key: createPublicKey(privateKey), dsaEncoding: 'ieee-p1363' as const }
    const signature = Buffer.from(signed.signature ?? '', 'base64url')
    expect(signature).toHaveLength(64)
    expect(verify('sha256', text, publicKey, signature)).toBe(true)
  })

  it('tells an empty payload from none', () => {
    expect(decoded(parts(key.sign(header, {})).payload)).toBe('{}')
    expect(parts(key.sign(header, undefined)).payload).toBe('')
  })

  it('tells the public key alone', () => {
    expect(Object.keys(key.jwk)).toEqual(['crv', 'kty', 'x', 'y'])
    expect(Buffer.from(key.thumbprint, 'base64url')).toHaveLength(32)
  })

  it('takes no other kind of key', () => {
    const { privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const { privateKey: p384 } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    for (const other of [rsa, p384]) {
      expect(() => new AccountKey(privateKeyPem(other))).toThrow('not an ECDSA P-256 key')
    }
    expect(() => new AccountKey('placeholder')).toThrow()
  })
})
