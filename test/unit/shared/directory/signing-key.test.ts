import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  isRecordOf,
  keyRecordText,
  makePrivateKey,
  newSigningKey,
  openPrivateKey,
  readPrivateKey,
} from '#shared/directory/signing-key.ts'

const keys = {
  rsa: newSigningKey(await makePrivateKey('rsa'), { selector: 's', nowMs: 1 }),
  ed25519: newSigningKey(await makePrivateKey('ed25519'), { selector: 's', nowMs: 1 }),
}

describe('a signing key', () => {
  it('is long enough, and opens again', () => {
    const rsa = openPrivateKey(keys.rsa)
    expect(rsa.asymmetricKeyDetails?.modulusLength).toBe(2_048)
    expect(openPrivateKey(keys.ed25519).asymmetricKeyType).toBe('ed25519')
  })

  it('has the record of its kind', () => {
    expect(keyRecordText(keys.rsa)).toMatch(
      /^v=DKIM1; h=sha256; k=rsa; s=email; p=MIIBIjANBgkqhkiG9w0B[\w+/]{372}$/,
    )
    // RFC 8463 §4.2: 32 bytes.
    expect(keyRecordText(keys.ed25519)).toMatch(
      /^v=DKIM1; h=sha256; k=ed25519; s=email; p=[\w+/]{43}=$/,
    )
    expect(keyRecordText({ ...keys.rsa, state: 'revoked' })).toBe('v=DKIM1; p=')
  })

  const { publicKey } = keys.rsa
  it.each([
    ['as it is to be', keyRecordText(keys.rsa), true],
    ['only what it must have', `p=${publicKey}`, true],
    [
      'with white space',
      `v=DKIM1 ; k = rsa; p=${publicKey.slice(0, 20)} \t${publicKey.slice(20)};`,
      true,
    ],
    ['with other hashes and services too', `h=sha1:sha256; s=x:email; p=${publicKey}`, true],
    ['for everything, in a test', `v=DKIM1; t=y; s=*; p=${publicKey}`, true],
    ['for other services', `s=tlsrpt; p=${publicKey}`, false],
    ['of another hash', `h=sha1; p=${publicKey}`, false],
    ['of another kind', `k=ed25519; p=${publicKey}`, false],
    ['of another version', `v=DKIM2; p=${publicKey}`, false],
    ['revoked', 'v=DKIM1; p=', false],
    ['of another key', keyRecordText(keys.ed25519), false],
    ['cut', keyRecordText(keys.rsa).slice(0, -1), false],
    ['endless', `${keyRecordText(keys.rsa)};${' '.repeat(10_000)}`, false],
    ['nothing', '', false],
  ])('knows a record %s', (_, record, is) => {
    expect(isRecordOf(record, keys.rsa)).toBe(is)
  })
})

describe('a key that is brought along', () => {
  const pemOf = (bits: number) =>
    generateKeyPairSync('rsa', {
      modulusLength: bits,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    }).privateKey

  it('is read as opendkim-genkey writes it', () => {
    expect(readPrivateKey(pemOf(1_024))).toHaveProperty('asymmetricKeyType', 'rsa')
  })

  it.each([
    ['no key', 'hello', /no private key/],
    ['one that is too short', pemOf(512), /512 bits/],
    [
      'one of another kind',
      generateKeyPairSync('ec', {
        namedCurve: 'P-256',
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      }).privateKey,
      /neither/,
    ],
    [
      'one with a passphrase',
      generateKeyPairSync('rsa', {
        modulusLength: 1_024,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes128', passphrase: 'x' },
      }).privateKey,
      /passphrase/,
    ],
  ])('is refused: %s', (_, pem, why) => {
    expect(readPrivateKey(pem)).toMatch(why)
  })
})
