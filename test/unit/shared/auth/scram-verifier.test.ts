import { describe, expect, it } from 'vitest'
import {
  checkScramProof,
  fakeScramVerifier,
  formatScramVerifier,
  isCurrentScramVerifier,
  makeScramVerifier,
  parseScramVerifier,
  SCRAM_ITERATIONS,
} from '#shared/auth/scram-verifier.ts'

// RFC 7677 §3
const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0'
const authMessage = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=${nonce}`
const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64')
const verifier = await makeScramVerifier('pencil', salt, 4_096)

describe('checkScramProof', () => {
  it('signs the exchange of RFC 7677', () => {
    expect(checkScramProof(verifier, authMessage, proof)?.toString('base64')).toBe(
      '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    )
  })

  it('refuses another proof, another exchange, another password and other lengths', async () => {
    const flipped = Buffer.from(proof)
    flipped[31] = (flipped[31] ?? 0) ^ 1
    expect(checkScramProof(verifier, authMessage, flipped)).toBeUndefined()
    expect(checkScramProof(verifier, `${authMessage}x`, proof)).toBeUndefined()
    const other = await makeScramVerifier('Pencil', salt, 4_096)
    expect(checkScramProof(other, authMessage, proof)).toBeUndefined()
    expect(checkScramProof(verifier, authMessage, proof.subarray(1))).toBeUndefined()
    expect(checkScramProof(verifier, authMessage, Buffer.alloc(0))).toBeUndefined()
    expect(checkScramProof(verifier, authMessage, Buffer.concat([proof, proof]))).toBeUndefined()
  })
})

describe('a stored verifier', () => {
  it('is read as it was written', () => {
    expect(parseScramVerifier(formatScramVerifier(verifier))).toEqual(verifier)
  })

  it('is the same for the same word in other code points, and has its own salt', async () => {
    const one = await makeScramVerifier('p\u00e4ss', salt, 4_096)
    expect(await makeScramVerifier('pa\u0308ss', salt, 4_096)).toEqual(one)
    const [first, second] = await Promise.all([makeScramVerifier('x'), makeScramVerifier('x')])
    expect(first.salt).not.toEqual(second.salt)
    expect(first.iterations).toBe(SCRAM_ITERATIONS)
    expect(isCurrentScramVerifier(formatScramVerifier(first))).toBe(true)
  })

  it('is outdated with other iterations, and none when it cannot be read', () => {
    expect(isCurrentScramVerifier(formatScramVerifier(verifier))).toBe(false)
    for (const text of [null, '', 'SCRAM-SHA-256$4096:c2FsdA==$x:y', 'SCRAM-SHA-1$1:a$b:c'])
      expect(parseScramVerifier(text), `${text}`).toBeUndefined()
  })
})

describe('fakeScramVerifier', () => {
  const secret = Buffer.alloc(32, 7)

  it('gives a name always the same salt, of the usual length, and no other name the same', async () => {
    const fake = fakeScramVerifier(secret, 'one')
    expect(fakeScramVerifier(secret, 'one')).toEqual(fake)
    expect(fakeScramVerifier(secret, 'two').salt).not.toEqual(fake.salt)
    expect(fakeScramVerifier(Buffer.alloc(32, 8), 'one').salt).not.toEqual(fake.salt)
    const real = await makeScramVerifier('x')
    expect([fake.salt.length, fake.iterations]).toEqual([real.salt.length, real.iterations])
  })
})
