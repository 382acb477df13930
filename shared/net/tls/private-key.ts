// Private keys of certificates and accounts that we make ourselves: ECDSA P-256.

import { generateKeyPairSync, type KeyObject } from 'node:crypto'

export function makePrivateKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
}

/** PKCS #8, unencrypted. */
export function privateKeyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}
