import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { explainHash } from '#services/cli/refusal-text.ts'
import * as passwords from '#shared/auth/passwords.ts'
import { PASSWORD_BYTES_MAX } from '#shared/sasl/password.ts'
import { cryptVectors } from './crypt-vectors.ts'

const verifyPassword = (stored: string, password: string) =>
  passwords.verifyPassword(stored, Buffer.from(password))
const hashPassword = (password: string) => passwords.hashPassword(Buffer.from(password))
/** As the command line says it. */
function hashProblem(stored: string): string | undefined {
  const problem = passwords.checkHash(stored)
  return problem && explainHash(problem)
}
const isSupportedHash = (stored: string) => hashProblem(stored) === undefined

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
      scheme: 'argon2id: 4194304 KiB of memory (131072 at most)',
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
    const unsupported: readonly (readonly [string, string])[] = [
      [`$y$kAT$salt$${'a'.repeat(43)}`, '$y$'],
      [`$gy$j9T$salt$${'a'.repeat(43)}`, '$gy$'],
      ['{SHA512-CRYPT}geheim', 'SHA512-CRYPT'],
      ['', 'unknown'],
      ['{PBKDF2}$1$salt$0$00', 'PBKDF2'],
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

describe('schemes that password files have', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['{PLAIN}', 'geheim'],
    ['{CLEARTEXT}', 'geheim'],
    // Python: hashlib.pbkdf2_hmac('sha1', b'geheim', b'saltsalt', 5000, 20).hex()
    ['{PBKDF2}', '$1$saltsalt$5000$0f7b32cbc1b28b4c7f6c391cdb650e8b1cead76f'],
  ]
  it.each(cases)('%s matches its password alone', async (prefix, hash) => {
    const match = { kind: 'match', outdated: true }
    expect(await verifyPassword(prefix + hash, 'geheim')).toEqual(match)
    expect(await verifyPassword(prefix + hash, 'Geheim')).toEqual({ kind: 'mismatch' })
  })

  it('argon2i matches its password, and is made argon2id', async () => {
    const { hash } = await import('@node-rs/argon2')
    const made = await hash('geheim', { algorithm: 1, memoryCost: 32_768, timeCost: 4 })
    expect(made).toMatch(/^\$argon2i\$/)
    for (const stored of [made, `{ARGON2I}${made}`]) {
      expect(await verifyPassword(stored, 'geheim')).toEqual({ kind: 'match', outdated: true })
      expect(await verifyPassword(stored, 'falsch')).toEqual({ kind: 'mismatch' })
    }
  })

  it.each(['!', '*', '!!', '*LK*', '{CRYPT}*', `!${cryptVectors[2]?.[1]}`])(
    '%s lets nobody in, and can be taken in',
    async (stored) => {
      expect(isSupportedHash(stored)).toBe(true)
      for (const password of ['a', stored, '!', '*'])
        expect(await verifyPassword(stored, password)).toEqual({ kind: 'mismatch' })
    },
  )
})

describe('what verifying may cost', () => {
  it.each([['m=8,t=0,p=1'], ['m=0,t=1,p=1'], ['m=8,t=1,p=2'], ['m=65536,t=1,p=0']])(
    'argon2id with %s is none',
    async (parameters) => {
      const stored = `$argon2id$v=19$${parameters}$c29tZXNhbHQ$AAAAAA`
      expect(isSupportedHash(stored)).toBe(false)
      expect((await verifyPassword(stored, 'geheim')).kind).toBe('unsupported')
    },
  )

  it('does not grow many times with the password', async () => {
    // libxcrypt: 150,000 rounds of 213 and 214 bytes
    const fits =
      '$6$rounds=150000$salt$CeroI/yzEtXLBnzXqn6DPJB2XGY4e7/X9ycAHfOpmjW6Bi6zLWo9J3Xy7r6otH0aPsgpxFHBu.knwaQn6KlGD1'
    const longer =
      '$6$rounds=150000$salt$OT0mDsM0qRZRJTbPVtv3dbfODZd0nPlyc/nESfmfssT4qW0yPkYHSp7NMq0Cu0uvpY8j/ux2JU/XrauSeH0la/'
    expect((await verifyPassword(fits, 'x'.repeat(213))).kind).toBe('match')
    expect((await verifyPassword(longer, 'x'.repeat(214))).kind).toBe('mismatch')
  })

  it('is spent on two forms of a password at most where it is much', async () => {
    const { pbkdf2Sync } = await import('node:crypto')
    const stored = (password: string, rounds: number) => {
      const digest = pbkdf2Sync(password, 'saltsalt', rounds, 20, 'sha1').toString('hex')
      return `{PBKDF2}$1$saltsalt$${rounds}$${digest}`
    }
    // Sent as it is in neither form, with a ligature that SASLprep takes apart.
    const sent = '\ufb01e\u0301\u00e9'
    const forms = [sent, sent.normalize('NFKC'), sent.normalize('NFC'), sent.normalize('NFD')]
    const kinds = (rounds: number) =>
      Promise.all(
        forms.map(async (form) => (await verifyPassword(stored(form, rounds), sent)).kind),
      )
    expect(await kinds(20_000)).toEqual(['match', 'match', 'match', 'match'])
    expect(await kinds(20_001)).toEqual(['match', 'match', 'mismatch', 'mismatch'])
  })

  const hex = '0'.repeat(40)
  const argon2 = (m: number, t: number) => `$argon2id$v=19$m=${m},t=${t},p=1$c29tZXNhbHQ$AAAAAA`
  /** The dearest that is fast, the dearest that is verified at all, the next one, and what is said of it. */
  const limits: readonly (readonly [string, string, string, RegExp])[] = [
    ...(['5', '6'] as const).map((id) => {
      const sha = (rounds: number) =>
        `$${id}$rounds=${rounds}$salt$${'a'.repeat(id === '5' ? 43 : 86)}`
      return [sha(10_000), sha(250_000), sha(250_001), /250001 rounds \(250000 at most\)/] as const
    }),
    [`$2b$09$${'a'.repeat(53)}`, `$2b$13$${'a'.repeat(53)}`, `$2y$14$${'a'.repeat(53)}`, /cost 14/],
    [argon2(49_152, 2), argon2(131_072, 4), argon2(131_072, 5), /655360 KiB of memory times/],
    [argon2(1_024, 96), argon2(131_072, 1), argon2(131_073, 1), /131073 KiB of memory/],
    [
      `$y$j75$salt$${'a'.repeat(43)}`,
      `$y$jAT$salt$${'a'.repeat(43)}`,
      `$y$jBT$salt$${'a'.repeat(43)}`,
      /64 MiB of memory \(32 at most\)/,
    ],
    [
      `{PBKDF2}$1$salt$20000$${hex}`,
      `{PBKDF2}$1$salt$1000000$${hex}`,
      `{PBKDF2}$1$salt$1000001$${hex}`,
      /1000001 iterations/,
    ],
  ]
  it.each(limits)('%s, %s, %s', async (fast, slow, tooMuch, expected) => {
    expect(passwords.laneOf(fast)).toBe('fast')
    expect(passwords.laneOf(slow)).toBe('slow')
    expect(hashProblem(slow)).toBeUndefined()
    expect(passwords.laneOf(tooMuch)).toBe('fast')
    expect(hashProblem(tooMuch)).toMatch(expected)
    // Without any work; it would take seconds.
    expect((await verifyPassword(tooMuch, 'x')).kind).toBe('unsupported')
  })

  it('is another thing for a hash that was cut than for a scheme that nobody knows', () => {
    expect(hashProblem('{SHA512-CRYPT}$6$salt$cut')).toBe(
      'this is no hash of SHA512-CRYPT; it may have been cut',
    )
    expect(hashProblem('$6$salt$cut')).toBe('this is no hash of $6$; it may have been cut')
    expect(hashProblem('{FOO}x')).toMatch(/^FOO is not one that can be verified; known: /)
  })

  it('is said of hashes with rounds without end', async () => {
    expect(hashProblem(`$6$rounds=999999999$salt$${'a'.repeat(86)}`)).toContain('rounds')
    expect(hashProblem(`$2b$31$${'a'.repeat(53)}`)).toContain('cost 31')
  })
})

describe('passwords are bytes', () => {
  const latin1 = Buffer.from('Grüße', 'latin1')

  // perl -e 'print crypt("Gr\xfc\xdfe", $salt)'
  it.each([
    '$6$rounds=1000$saltsalt$g7Gtx/s.GNKVcYxKG3Ve4Iqg1241TEiEJSzpCm/0FIMzmRTuFg/pLQekiKD6FEmPOIaZJ0hXVu/AUpttBDGKs.',
    '$1$saltsalt$FNLddtfYYupuIdk1NxrMG1',
    '$2b$04$abcdefghijklmnopqrstuulVz/stbEkuqPu8MFV3S6HfXOlW7s/mS',
    '$y$j75$abcdefgh$h/3xGrOSXNOAAZBD1BlstLzk8w5Krkp0McLfA5AQbdB',
  ])('%s of Latin-1 matches the bytes it was made of, and no others', async (hash) => {
    const match = { kind: 'match', outdated: true }
    expect(await passwords.verifyPassword(hash, latin1)).toEqual(match)
    for (const other of [Buffer.from('Gr\ufffd\ufffde'), Buffer.from('Gräße', 'latin1')])
      expect(await passwords.verifyPassword(hash, other)).toEqual({ kind: 'mismatch' })
  })

  it('and what is no UTF-8 does not match another that is none', async () => {
    const made = await hashPassword('Gr\ufffd\ufffde')
    expect(await passwords.verifyPassword(made, latin1)).toEqual({ kind: 'mismatch' })
    const ofBytes = await passwords.hashPassword(latin1)
    expect(await passwords.verifyPassword(ofBytes, latin1)).toEqual({
      kind: 'match',
      outdated: false,
    })
    expect(await passwords.scramVerifierText(latin1)).toBeNull()
  })

  it('and one word is one password, however a keyboard writes it', async () => {
    const made = await hashPassword('Ame\u0301lie ②')
    for (const written of ['Amélie ②', 'Ame\u0301lie ②', 'Am\u00e9lie\u00a02'])
      expect(await verifyPassword(made, written), written).toMatchObject({ kind: 'match' })
    expect(await verifyPassword(made, 'Amelie 2')).toEqual({ kind: 'mismatch' })
  })

  it.each(['NFC', 'NFD', 'NFKC'])('and a hash made of %s elsewhere fits as well', async (form) => {
    const { hash } = await import('@node-rs/argon2')
    const made = await hash('Amélie ②'.normalize(form))
    for (const written of ['NFC', 'NFD'])
      if (form !== 'NFKC' || written === 'NFC')
        expect(await verifyPassword(made, 'Amélie ②'.normalize(written))).toMatchObject({
          kind: 'match',
        })
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
