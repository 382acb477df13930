import { createHmac, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  createIssuer,
  IssuerDown,
  KEYS_HELD_MS,
  METADATA_HELD_MS,
  READ_AGAIN_MS,
} from '#shared/auth/issuer/issuer.ts'
import { SKEW_MS } from '#shared/auth/issuer/jwt.ts'
import { createTokenClaims, HELD_MS } from '#shared/auth/issuer/token-claims.ts'
import { ISSUER, makePair, TestIssuer } from '#test/support/test-issuer.ts'

const BEGAN_MS = 1_700_000_000_000

function open({ secret = 'secret' as string | null, onlyAccessTokens = false } = {}) {
  let nowMs = BEGAN_MS
  const clock = { now: () => nowMs }
  const provider = new TestIssuer()
  const issuer = createIssuer({ url: ISSUER, fetch: provider.fetch, clock })
  const claimsOf = createTokenClaims({
    issuer,
    audiences: ['postwolke', 'mail'],
    onlyAccessTokens,
    client: async () => (secret === null ? undefined : { id: 'postwolke', secret }),
    accountClaim: 'email',
    clock,
  })
  const exp = Math.floor(BEGAN_MS / 1_000) + 3_600
  const good = { iss: ISSUER, aud: 'postwolke', exp, sub: 's1', email: 'ann@example.test' }
  const fault = async (token: string) => {
    const found = await claimsOf(token)
    return found.kind === 'invalid' ? found.fault : found.kind
  }
  return { provider, claimsOf, fault, good, pass: (ms: number) => void (nowMs += ms) }
}

describe('a signed token', () => {
  it.each(['RS256', 'PS256', 'ES256', 'EdDSA'] as const)('is taken with %s', async (alg) => {
    const { provider, claimsOf, good } = open()
    provider.keys = [makePair('k', alg)]
    expect(await claimsOf(provider.token(good))).toEqual({ kind: 'claims', claims: good })
  })

  it.each([
    ['for somebody else', { aud: 'other' }, 'audience'],
    ['for nobody', { aud: undefined }, 'audience'],
    ['for several, one of them us', { aud: ['other', 'mail'] }, 'claims'],
    ['of another issuer', { iss: 'https://evil.example' }, 'issuer'],
    ['of the same with another end', { iss: `${ISSUER}/` }, 'issuer'],
    ['that is over', { exp: BEGAN_MS / 1_000 - SKEW_MS / 1_000 }, 'expired'],
    ['that is over for a moment', { exp: BEGAN_MS / 1_000 - 30 }, 'claims'],
    ['without an end', { exp: undefined }, 'expired'],
    ['whose end is no number', { exp: '9999999999' }, 'expired'],
    ['that is not good yet', { nbf: BEGAN_MS / 1_000 + 120 }, 'too-early'],
    ['that is good in a moment', { nbf: BEGAN_MS / 1_000 + 30 }, 'claims'],
  ])('%s', async (_, changes, expected) => {
    const { provider, fault, good } = open()
    expect(await fault(provider.token({ ...good, ...changes }))).toBe(expected)
  })

  it.each([
    ['at+jwt', 'claims'],
    ['application/AT+JWT', 'claims'],
    ['JWT', 'type'],
    ['id+jwt', 'type'],
    ['at+jwt ', 'type'],
    [undefined, 'type'],
    [['at+jwt'], 'type'],
  ])('of type %j is %s where ID tokens are for the same audience (RFC 9068)', async (typ, said) => {
    const strict = open({ onlyAccessTokens: true })
    expect(await strict.fault(strict.provider.token(strict.good, { header: { typ } }))).toBe(said)
    const lenient = open()
    const token = lenient.provider.token(lenient.good, { header: { typ } })
    expect(await lenient.fault(token)).toBe('claims')
  })

  it.each([
    ['none', { alg: 'none' }],
    ['a shared secret', { alg: 'HS256' }],
    ['what there is not', { alg: 'XX' }],
    ['a name that every object has', { alg: 'constructor' }],
  ])('is not taken with the algorithm of %s', async (_, header) => {
    const { provider, fault, good } = open()
    expect(await fault(provider.token(good, { header }))).toBe('algorithm')
    expect(provider.asked).toEqual([])
  })

  it('is not taken with the public key as a shared secret, nor with one algorithm under the name of another', async () => {
    const { provider, fault, good } = open()
    provider.keys = [makePair('one', 'RS256')]
    const [, claims] = provider.token(good).split('.')
    const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: 'one' })).toString('base64url')
    const pem = provider.keys[0]?.publicKey.export({ type: 'spki', format: 'pem' }) ?? ''
    const mac = createHmac('sha256', pem).update(`${header}.${claims}`).digest('base64url')
    expect(await fault(`${header}.${claims}.${mac}`)).toBe('algorithm')
    expect(await fault(provider.token(good, { header: { alg: 'PS256' } }))).toBe('key')
  })

  it('is not taken when a byte of it was changed, or another key signed it', async () => {
    const { provider, fault, good } = open()
    const [header = '', , signature = ''] = provider.token(good).split('.')
    const other = Buffer.from(JSON.stringify({ ...good, email: 'bob@example.test' }))
    expect(await fault(`${header}.${other.toString('base64url')}.${signature}`)).toBe('signature')
    expect(await fault(provider.token(good, { key: makePair('one') }))).toBe('signature')
  })

  it('is not taken with a short key of RSA', async () => {
    const { provider, fault, good } = open()
    const pair = generateKeyPairSync('rsa', { modulusLength: 1_024 })
    provider.keys = [{ kid: 'k', alg: 'RS256', ...pair }]
    expect(await fault(provider.token(good))).toBe('key')
  })

  it.each(['a.b.c', 'e30.e30.e30', `${'x'.repeat(40)}.e30.`, 'bnVsbA.bnVsbA.'])(
    'is none that is made like %s',
    async (token) => {
      const { fault } = open({ secret: null })
      expect(['form', 'algorithm']).toContain(await fault(token))
    },
  )
})

describe('keys', () => {
  it('are read once, and again for one that is new, but not for whoever likes', async () => {
    const { provider, fault, good, pass } = open()
    await fault(provider.token(good))
    await fault(provider.token({ ...good, sub: 's2' }))
    const read = () => provider.asked.filter((path) => path === '/realm/keys').length
    expect(read()).toBe(1)
    pass(READ_AGAIN_MS)
    provider.keys = [...provider.keys, makePair('two')]
    expect(await fault(provider.token({ ...good, sub: 's3' }))).toBe('claims')
    expect(read()).toBe(2)
    const unknown = makePair('three')
    for (let i = 0; i < 20; i++)
      expect(await fault(provider.token(good, { key: unknown }))).toBe('key')
    expect(read()).toBe(2)
    pass(READ_AGAIN_MS)
    await Promise.all([1, 2, 3].map(() => fault(provider.token(good, { key: unknown }))))
    expect(read()).toBe(3)
  })

  it('that are taken away are good for an hour at most', async () => {
    const { provider, fault, good, pass } = open()
    const exp = good.exp + 36_000
    const token = provider.token({ ...good, exp })
    expect(await fault(token)).toBe('claims')
    provider.keys = [makePair('two')]
    pass(Math.max(KEYS_HELD_MS, METADATA_HELD_MS))
    expect(await fault(token)).toBe('key')
  })

  it('go on while the issuer is down, and are asked for again now and then', async () => {
    const { provider, fault, good, claimsOf, pass } = open()
    provider.isDown = true
    await expect(claimsOf(provider.token(good))).rejects.toBeInstanceOf(IssuerDown)
    await expect(claimsOf(provider.token(good))).rejects.toBeInstanceOf(IssuerDown)
    expect(provider.asked).toHaveLength(1)
    provider.isDown = false
    pass(READ_AGAIN_MS)
    const exp = good.exp + 36_000
    expect(await fault(provider.token({ ...good, exp }))).toBe('claims')
    provider.isDown = true
    pass(KEYS_HELD_MS)
    expect(await fault(provider.token({ ...good, exp, sub: 's2' }))).toBe('claims')
  })

  it('are not those of somebody who calls himself another, nor fetched in clear', async () => {
    const { provider, claimsOf, good } = open()
    provider.more = { issuer: 'https://evil.example' }
    await expect(claimsOf(provider.token(good))).rejects.toThrow(/calls itself/)
    const second = open()
    second.provider.more = { jwks_uri: 'http://login.example/keys' }
    await expect(second.claimsOf(second.provider.token(second.good))).rejects.toThrow(/no keys/)
  })
})

describe('a token that only the issuer knows', () => {
  it('is asked for, once in a while', async () => {
    const { provider, claimsOf, fault, good, pass } = open()
    const { iss: _, ...said } = good
    provider.opaque.set('abc', { ...said, client_id: 'postwolke' })
    expect(await claimsOf('abc')).toMatchObject({ claims: { email: 'ann@example.test' } })
    expect(await fault('abc')).toBe('claims')
    expect(provider.asked.filter((path) => path === '/realm/introspect')).toHaveLength(1)
    provider.opaque.clear()
    pass(HELD_MS)
    expect(await fault('abc')).toBe('expired')
  })

  it.each([
    ['for somebody else', { aud: 'other' }, 'audience'],
    ['that was given to us', { aud: undefined, client_id: 'postwolke' }, 'claims'],
    ['that was given to somebody else', { aud: undefined, client_id: 'other' }, 'audience'],
    ['of another issuer', { iss: 'https://evil.example' }, 'issuer'],
  ])('%s', async (_, changes, expected) => {
    const { provider, fault, good } = open()
    provider.opaque.set('abc', { ...good, ...changes })
    expect(await fault('abc')).toBe(expected)
  })

  it('is none where we have no secret to ask with', async () => {
    const { provider, fault, good } = open({ secret: null })
    provider.opaque.set('abc', good)
    expect(await fault('abc')).toBe(provider.asked.includes('/realm/introspect') ? 'asked' : 'form')
  })
})

describe('who it is', () => {
  it('is asked for where the token does not say it, of the same person', async () => {
    const { provider, claimsOf, good } = open()
    const { email: _, ...nameless } = good
    provider.userinfo = { sub: 's1', email: 'ann@example.test', email_verified: true }
    expect(await claimsOf(provider.token(nameless))).toMatchObject({
      claims: { email: 'ann@example.test', aud: 'postwolke' },
    })
    provider.userinfo = { sub: 'another', email: 'bob@example.test', email_verified: true }
    const other = await claimsOf(provider.token({ ...nameless, jti: 'x' }))
    expect(other).toMatchObject({ kind: 'claims' })
    expect(other).not.toHaveProperty('claims.email')
  })
})
