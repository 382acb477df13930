// A key that signs mail: made, read from what an administrator brings, and written as its record in the DNS has it (RFC 6376 §3.6.1,
// RFC 8463 §4).

import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { SigningAlgorithm, SigningKey } from './signing-keys.ts'

/** RFC 8301 §3.2: at least 1,024, and what everybody takes. */
const RSA_BITS = 2_048
export const RSA_BITS_MIN = 1_024
/** RFC 8301 §3.2: verifiers need not know longer ones. */
export const RSA_BITS_MAX = 4_096

const generate = promisify(generateKeyPair)

/** In libuv's pool: an RSA key takes some 100 ms of a processor. */
export async function makePrivateKey(algorithm: SigningAlgorithm): Promise<KeyObject> {
  const { privateKey } =
    algorithm === 'rsa'
      ? await generate('rsa', { modulusLength: RSA_BITS })
      : await generate('ed25519')
  return privateKey
}

/** One that waits to be seen in the DNS. */
export function newSigningKey(
  privateKey: KeyObject,
  facts: { readonly selector: string; readonly nowMs: number; readonly imported?: boolean },
): SigningKey {
  return {
    selector: facts.selector,
    algorithm: privateKey.asymmetricKeyType === 'ed25519' ? 'ed25519' : 'rsa',
    privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }),
    publicKey: publicKeyText(privateKey),
    state: 'waiting',
    sinceMs: facts.nowMs,
    createdMs: facts.nowMs,
    seenMs: null,
    forced: false,
    imported: facts.imported ?? false,
  }
}

export const openPrivateKey = ({ privateKey }: SigningKey): KeyObject =>
  createPrivateKey({ key: Buffer.from(privateKey), format: 'der', type: 'pkcs8' })

/** PEM, as opendkim-genkey and openssl write it; a text: why it cannot sign. */
export function readPrivateKey(pem: string): KeyObject | string {
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch {
    return 'no private key in PEM, or one with a passphrase'
  }
  if (key.asymmetricKeyType === 'ed25519') return key
  if (key.asymmetricKeyType !== 'rsa') return 'a key of neither RSA nor Ed25519'
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX
    ? key
    : `an RSA key of ${bits} bits; allowed: ${RSA_BITS_MIN} to ${RSA_BITS_MAX}`
}

/** RFC 6376 §3.6.1 with SubjectPublicKeyInfo, as everybody has it; RFC 8463 §4.2: the bare 32 bytes. */
function publicKeyText(privateKey: KeyObject): string {
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  const isBare = privateKey.asymmetricKeyType === 'ed25519'
  return (isBare ? spki.subarray(-ED25519_BYTES) : spki).toString('base64')
}

const ED25519_BYTES = 32

/** What is to be published under `selector._domainkey.domain`. */
export function keyRecordText({ algorithm, publicKey, state }: SigningKey): string {
  // A revoked key says nothing more (RFC 6376 §3.6.1).
  if (state === 'revoked') return 'v=DKIM1; p='
  return `v=DKIM1; h=sha256; k=${algorithm}; s=email; p=${publicKey}`
}

/** Longer records are not looked at: one of a key of 4,096 bits has some 750. */
const RECORD_CHARACTERS_MAX = 4_096

/** Whether a record that is published is that of the key, whatever else it says that a verifier can live with. */
export function isRecordOf(record: string, { algorithm, publicKey }: SigningKey): boolean {
  const tags = tagsOf(record)
  if (tags === undefined) return false
  const { v = 'DKIM1', k = 'rsa', p = '', h = 'sha256', s = '*' } = tags
  const words = (text: string) => text.split(':').map((word) => word.trim())
  const serves = words(s).some((word) => word === '*' || word === 'email')
  return (
    v === 'DKIM1' && k === algorithm && p === publicKey && words(h).includes('sha256') && serves
  )
}

/** A key record that says that there is no key any more. */
export const isRevocation = (record: string): boolean => tagsOf(record)?.p === ''

/** tag-list of RFC 6376 §3.2, without white space in its values. */
function tagsOf(record: string): { readonly [tag: string]: string } | undefined {
  if (record.length > RECORD_CHARACTERS_MAX) return undefined
  const tags = record.split(';').flatMap((tag) => {
    const at = tag.indexOf('=')
    return at < 0 ? [] : [[tag.slice(0, at).trim(), tag.slice(at + 1).replace(/\s/g, '')] as const]
  })
  return Object.fromEntries(tags)
}
