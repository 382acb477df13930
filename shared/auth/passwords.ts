// Checking and making password hashes. New ones are argon2id; old ones of many schemes are verified so that the password files
// people have keep working.

import type { StoredPassword } from '#shared/directory/records.ts'
import {
  canonicalPassword,
  isPassword,
  PASSWORD_BYTES_MAX,
  passwordForms,
  passwordText,
  samePassword,
} from '#shared/sasl/password.ts'
import { hashArgon2id } from './schemes/argon2.ts'
import { knownSchemes, recognise } from './schemes/index.ts'
import { formatScramVerifier, makeScramVerifier } from './scram-verifier.ts'

/** Each form is hashed by itself. As sent and SASLprep's are the two that people's systems differ in. */
const SLOW_FORMS_MAX = 2

export type Verification =
  /** Outdated: hash it anew now that the password is at hand. */
  | { readonly kind: 'match'; readonly outdated: boolean }
  | { readonly kind: 'mismatch' }
  /** Nothing was verified; `scheme` says why. */
  | { readonly kind: 'unsupported'; readonly scheme: string }

export async function verifyPassword(stored: string, password: Uint8Array): Promise<Verification> {
  if (!isPassword(password)) return { kind: 'mismatch' }
  const found = recognise(stored)
  switch (found.kind) {
    case 'unsupported':
      return found
    case 'costly':
      return { kind: 'unsupported', scheme: `${found.scheme}: ${found.exceeds}` }
    case 'no-login':
      await verifyNothing(password)
      return { kind: 'mismatch' }
    case 'known': {
      const { scheme, hash, lane } = found
      for (const form of formsFor(lane, password)) {
        if (!(await scheme.verify(hash, form))) continue
        const canonical = samePassword(form, canonicalPassword(password))
        return { kind: 'match', outdated: !canonical || !scheme.isCurrent(hash) }
      }
      return { kind: 'mismatch' }
    }
  }
}

function formsFor(lane: 'fast' | 'slow', password: Uint8Array): readonly Uint8Array[] {
  const forms = passwordForms(password)
  return lane === 'slow' ? forms.slice(0, SLOW_FORMS_MAX) : forms
}

/** How long verifying may take; what is not verified is not slow. */
export function laneOf(stored: string | undefined): 'fast' | 'slow' {
  const found = stored === undefined ? undefined : recognise(stored)
  return found?.kind === 'known' ? found.lane : 'fast'
}

const isKnown = (scheme: string) =>
  [`{${scheme}}`, ` ${scheme},`].some((word) => knownSchemes.includes(word))

/** Why a hash made elsewhere cannot be taken in. */
export type HashProblem =
  /** No hash of the scheme it names; it may have been cut. */
  | { readonly kind: 'malformed'; readonly scheme: string }
  | { readonly kind: 'unsupported'; readonly scheme: string; readonly known: string }
  /** Verifying it would keep others waiting at each login; `exceeds` says by what. */
  | { readonly kind: 'costly'; readonly scheme: string; readonly exceeds: string }

/** Undefined when it can be taken in. */
export function checkHash(stored: string): HashProblem | undefined {
  const found = recognise(stored)
  if (found.kind === 'costly') return found
  if (found.kind !== 'unsupported') return undefined
  const { scheme } = found
  return isKnown(scheme) ? { kind: 'malformed', scheme } : { ...found, known: knownSchemes }
}

export async function hashPassword(password: Uint8Array): Promise<string> {
  if (!isPassword(password)) throw new RangeError(passwordRule)
  return hashArgon2id(canonicalPassword(password))
}

export const passwordRule = `a password has 1 to ${PASSWORD_BYTES_MAX} bytes and no NUL`

/** Null for a password that is no text: SCRAM cannot be used with it. */
export async function scramVerifierText(password: Uint8Array): Promise<string | null> {
  const text = passwordText(password)
  return text === undefined ? null : formatScramVerifier(await makeScramVerifier(text))
}

/** What is kept of a new password. */
export async function storedPassword(password: Uint8Array): Promise<StoredPassword> {
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
export async function verifyNothing(password: Uint8Array): Promise<void> {
  await verifyPassword(DUMMY_HASH, password)
}
