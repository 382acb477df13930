import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  hashPassword,
  isSupportedHash,
  PASSWORD_BYTES_MAX,
  verifyPassword,
} from '#shared/auth/passwords.ts'
import { cryptVectors } from './crypt-vectors.ts'

describe('verifyPassword on crypt(3) hashes', () => {
  for (const [password, hash] of cryptVectors) {
    const named = `${hash.slice(0, 12)} of ${password.slice(0, 16)} (${Buffer.byteLength(password)} bytes)`
    it(`agrees with libxcrypt: ${named}`, async () => {
      expect(await verifyPassword(hash, password)).toEqual({ kind: 'match', outdated: true })
      expect(await verifyPassword(`{CRYPT}${hash}`, password)).toEqual({
        kind: 'match',
        outdated: true,
      })
      expect(await verifyPassword(hash, `!${password}`)).toEqual({ kind: 'mismatch' })
    })
  }

  it('refuses a hash whose last character was changed', async () => {
    for (const [password, hash] of cryptVectors.slice(0, 8)) {
      const changed = hash.replace(/.$/, (last) => (last === '.' ? 'O' : '.'))
      expect(await verifyPassword(changed, password), hash).toEqual({ kind: 'mismatch' })
    }
  })

  it('verifies many at the same time, each with its own answer', async () => {
    const checks = cryptVectors.flatMap(([password, hash]) => [
      verifyPassword(hash, password),
      verifyPassword(hash, `!${password}`),
    ])
    const kinds = (await Promise.all(checks)).map(({ kind }) => kind)
    expect(kinds).toEqual(cryptVectors.flatMap(() => ['match', 'mismatch']))
  })
})

describe('verifyPassword on argon2id hashes', () => {
  it('knows its own hashes as current', async () => {
    const hash = await hashPassword('Grüße')
    expect(await verifyPassword(hash, 'Grüße')).toEqual({ kind: 'match', outdated: false })
    expect(await verifyPassword(`{ARGON2ID}${hash}`, 'Grüße')).toEqual({
      kind: 'match',
      outdated: false,
    })
    expect(await verifyPassword(hash, 'Grüsse')).toEqual({ kind: 'mismatch' })
  })

  it('finds weaker parameters outdated', async () => {
    // argon2 reference tool: 4 MiB, one pass, of "password" with salt "somesalt".
    const weak = '$argon2id$v=19$m=4096,t=1,p=1$c29tZXNhbHQ$'
    const { hash } = await import('@node-rs/argon2')
    const made = await hash('password', {
      memoryCost: 4096,
      timeCost: 1,
      salt: Buffer.from('somesalt'),
    })
    expect(made.startsWith(weak)).toBe(true)
    expect(await verifyPassword(made, 'password')).toEqual({ kind: 'match', outdated: true })
  })

  it('does not start on hashes that would take a gigabyte', async () => {
    const dear = '$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA'
    expect(await verifyPassword(dear, 'password')).toEqual({
      kind: 'unsupported',
      scheme: '$argon2id$',
    })
  })
})

describe('verifyPassword on Dovecot prefixes', () => {
  const salted = (algorithm: string, password: string) => {
    const salt = Buffer.from('saltsalt')
    const digest = createHash(algorithm).update(password).update(salt).digest()
    return Buffer.concat([digest, salt])
  }
  const plain = (algorithm: string, password: string) =>
    createHash(algorithm).update(password).digest()
  const cases: readonly (readonly [string, string])[] = [
    ['{SHA}', plain('sha1', 'geheim').toString('base64')],
    ['{SHA256}', plain('sha256', 'geheim').toString('base64')],
    ['{SHA512}', plain('sha512', 'geheim').toString('base64')],
    ['{sha256.hex}', plain('sha256', 'geheim').toString('hex')],
    ['{SSHA}', salted('sha1', 'geheim').toString('base64')],
    ['{SSHA256}', salted('sha256', 'geheim').toString('base64')],
    ['{SSHA512}', salted('sha512', 'geheim').toString('base64')],
    ['{SSHA512.b64}', salted('sha512', 'geheim').toString('base64')],
    ['{SSHA512.HEX}', salted('sha512', 'geheim').toString('hex')],
    ['{SMD5}', salted('md5', 'geheim').toString('base64')],
    ['{PLAIN-MD5}', plain('md5', 'geheim').toString('hex')],
    ['{LDAP-MD5}', plain('md5', 'geheim').toString('base64')],
  ]
  for (const [prefix, hash] of cases) {
    it(`${prefix} matches its password alone`, async () => {
      expect(await verifyPassword(prefix + hash, 'geheim')).toEqual({
        kind: 'match',
        outdated: true,
      })
      expect(await verifyPassword(prefix + hash, 'Geheim')).toEqual({ kind: 'mismatch' })
    })
  }

  it('never takes a truncated digest for a match', async () => {
    expect(await verifyPassword('{SSHA}', 'x')).toEqual({ kind: 'mismatch' })
    expect(await verifyPassword('{SSHA}AAAA', 'x')).toEqual({ kind: 'mismatch' })
  })

  it('names what it cannot verify', async () => {
    const yescrypt = '$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7'
    const unsupported: readonly (readonly [string, string])[] = [
      [yescrypt, '$y$'],
      ['{PLAIN}geheim', 'PLAIN'],
      ['{SHA512-CRYPT}geheim', 'SHA512-CRYPT'],
      ['!', 'unknown'],
      ['*', 'unknown'],
      ['', 'unknown'],
      [`$6$rounds=9999999$salt$${'a'.repeat(86)}`, '$6$'],
      [`$2b$31$${'a'.repeat(53)}`, '$2b$'],
    ]
    for (const [stored, scheme] of unsupported) {
      expect(await verifyPassword(stored, 'geheim'), stored).toEqual({
        kind: 'unsupported',
        scheme,
      })
      expect(isSupportedHash(stored)).toBe(false)
    }
  })
})

describe('passwords', () => {
  it('may be as long as PASSWORD_BYTES_MAX and no longer', async () => {
    const longest = 'x'.repeat(PASSWORD_BYTES_MAX)
    const hash = await hashPassword(longest)
    expect((await verifyPassword(hash, longest)).kind).toBe('match')
    expect((await verifyPassword(hash, `${longest}x`)).kind).toBe('mismatch')
    await expect(hashPassword(`${longest}x`)).rejects.toThrow(RangeError)
  })

  it('are neither empty nor do they hold NUL', async () => {
    await expect(hashPassword('')).rejects.toThrow(RangeError)
    await expect(hashPassword('a\0b')).rejects.toThrow(RangeError)
  })
})
