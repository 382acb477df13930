// Checking and making password hashes. New ones are argon2id; old ones of many schemes are verified so that the password files
// people have keep working.

import type { StoredPassword } from '#shared/directory/records.ts'
import { hashArgon2id } from './schemes/argon2id.ts'
import { recognise } from './schemes/index.ts'
import { formatScramVerifier, makeScramVerifier } from './scram-verifier.ts'

export type Verification =
  /** Outdated: hash it anew now that the password is at hand. */
  | { readonly kind: 'match'; readonly outdated: boolean }
  | { readonly kind: 'mismatch' }
  | { readonly kind: 'unsupported'; readonly scheme: string }

/** Far more than anybody types, and too little to make a hash function busy. */
export const PASSWORD_BYTES_MAX = 1_024

/** Whether a text can be a password here at all; NUL ends strings in crypt(3) and must not end a password early. */
export function isPassword(text: string): boolean {
  return text !== '' && !text.includes('\0') && Buffer.byteLength(text) <= PASSWORD_BYTES_MAX
}

export async function verifyPassword(stored: string, password: string): Promise<Verification> {
  const found = recognise(stored)
  if (found.kind === 'unsupported') return found
  const { scheme, hash } = found
  if (!isPassword(password) || !(await scheme.verify(hash, password))) return { kind: 'mismatch' }
  return { kind: 'match', outdated: !scheme.isCurrent(hash) }
}

/** Whether a stored hash could ever be verified; importers ask. */
export function isSupportedHash(stored: string): boolean {
  return recognise(stored).kind === 'known'
}

export async function hashPassword(password: string): Promise<string> {
  if (!isPassword(password)) throw new RangeError('a password has 1 to 1024 bytes and no NUL')
  return hashArgon2id(password)
}

export async function scramVerifierText(password: string): Promise<string> {
  return formatScramVerifier(await makeScramVerifier(password))
}

/** What is kept of a new password. */
export async function storedPassword(password: string): Promise<StoredPassword> {
  const [passwordHash, scramVerifier] = await Promise.all([
    hashPassword(password),
    scramVerifierText(password),
  ])
  return { passwordHash, scramVerifier }
}

// A hash of a password nobody knows, with today's parameters.
const DUMMY_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

/** The work of verifying a password, for accounts that do not exist. */
export async function verifyNothing(password: string): Promise<void> {
  await verifyPassword(DUMMY_HASH, password)
}
