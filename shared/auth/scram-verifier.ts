// What is kept of a password for SCRAM-SHA-256 (RFC 5802 §3, RFC 7677) beside its hash. It can only be made while the password
// is known. As text: `SCRAM-SHA-256$<iterations>:<salt>$<storedKey>:<serverKey>` (RFC 5803 §3), binary parts in base64.
//
// Whoever steals the directory can guess passwords from it faster than from argon2id; that is the price of logins that never
// show the password to the server.

import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { saslPrep } from '#shared/sasl/sasl-prep.ts'

export type ScramVerifier = {
  readonly iterations: number
  readonly salt: Buffer
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/** RFC 7677 §4 asks for 4096 at least. Each login costs the client as many, and Cyrus SASL takes no more than these. */
export const SCRAM_ITERATIONS = 65_536
const SALT_BYTES = 16
const KEY_BYTES = 32

const derive = promisify(pbkdf2)

export async function makeScramVerifier(
  password: string,
  salt: Buffer = randomBytes(SALT_BYTES),
  iterations: number = SCRAM_ITERATIONS,
): Promise<ScramVerifier> {
  const salted = await derive(saslPrep(password), salt, iterations, KEY_BYTES, 'sha256')
  const storedKey = sha256(hmac(salted, 'Client Key'))
  return { iterations, salt, storedKey, serverKey: hmac(salted, 'Server Key') }
}

/**
 * A verifier no password fits, the same for the same name as long as the secret is: what an account that does not exist is
 * asked and answered with.
 */
export function fakeScramVerifier(secret: Uint8Array, name: string): ScramVerifier {
  return {
    iterations: SCRAM_ITERATIONS,
    salt: hmac(secret, `salt ${name}`).subarray(0, SALT_BYTES),
    storedKey: hmac(secret, `key ${name}`),
    serverKey: hmac(secret, `server ${name}`),
  }
}

/** The server's signature over the exchange when the client's proof is right. */
export function checkScramProof(
  { storedKey, serverKey }: { readonly storedKey: Uint8Array; readonly serverKey: Uint8Array },
  authMessage: string,
  clientProof: Uint8Array,
): Buffer | undefined {
  if (clientProof.length !== KEY_BYTES) return undefined
  const clientKey = hmac(storedKey, authMessage)
  for (let i = 0; i < KEY_BYTES; i += 1) clientKey[i] = (clientKey[i] ?? 0) ^ (clientProof[i] ?? 0)
  if (!timingSafeEqual(sha256(clientKey), storedKey)) return undefined
  return hmac(serverKey, authMessage)
}

export function formatScramVerifier({
  iterations,
  salt,
  storedKey,
  serverKey,
}: ScramVerifier): string {
  const [s, stored, server] = [salt, storedKey, serverKey].map((part) => part.toString('base64'))
  return `SCRAM-SHA-256$${iterations}:${s}$${stored}:${server}`
}

const VERIFIER =
  /^SCRAM-SHA-256\$(\d{1,9}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/]{43}=):([A-Za-z0-9+/]{43}=)$/

/** Undefined for none and for what is none: logins with SCRAM are then refused. */
export function parseScramVerifier(text: string | null): ScramVerifier | undefined {
  const [, iterations, salt = '', storedKey = '', serverKey = ''] = VERIFIER.exec(text ?? '') ?? []
  if (iterations === undefined) return undefined
  return {
    iterations: Number(iterations),
    salt: Buffer.from(salt, 'base64'),
    storedKey: Buffer.from(storedKey, 'base64'),
    serverKey: Buffer.from(serverKey, 'base64'),
  }
}

/** Whether new verifiers would be made the same way today. */
export function isCurrentScramVerifier(text: string | null): boolean {
  return parseScramVerifier(text)?.iterations === SCRAM_ITERATIONS
}

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

const hmac = (key: Uint8Array, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest()
