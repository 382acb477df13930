// What logs an account in, as it is given: a password, or a hash that was made elsewhere. Loaded only where there is one: the schemes
// bring native code with them.

import { checkHash, type HashProblem, storedPassword } from '#shared/auth/passwords.ts'
import type { StoredPassword } from '#shared/directory/records.ts'
import { isPassword, PASSWORD_BYTES_MAX, passwordText } from '#shared/sasl/password.ts'
import { badValue, ok, type Parsed } from './refusals.ts'

export type Secret =
  | { readonly kind: 'password'; readonly password: Uint8Array }
  | { readonly kind: 'hash'; readonly hash: string }

/** Asked only once all else is right: a person types it twice. Undefined: there is none. */
export type SecretSource = () => Promise<Secret | undefined>

/** What is kept of it. */
export async function storeSecret(secret: Secret): Promise<Parsed<StoredPassword>> {
  if (secret.kind === 'password') {
    return isNewPassword(secret.password) ? ok(await storedPassword(secret.password)) : badPassword
  }
  const problem = checkHash(secret.hash)
  if (problem !== undefined) return badHash(problem)
  // Without the password there is no verifier; the first login with the password makes it.
  return ok({ passwordHash: secret.hash, scramVerifier: null })
}

/**
 * Of a password that is set here, by whomever: the one place that says so. NIST SP 800-63B §5.1.1.2 asks for 8 at least, and for no rules
 * beside the length. One that is shorter and was set elsewhere comes as a hash, `{PLAIN}` too.
 */
export const PASSWORD_CHARACTERS_MIN = 8

export function isNewPassword(password: Uint8Array): boolean {
  if (!isPassword(password)) return false
  const characters = passwordText(password) ?? password
  return Array.from<unknown>(characters).length >= PASSWORD_CHARACTERS_MIN
}

/** The value of a secret is nobody's to see. */
export const badPassword = badValue('password', '', {
  name: 'password',
  charactersMin: PASSWORD_CHARACTERS_MIN,
  bytesMax: PASSWORD_BYTES_MAX,
})

export const badHash = (problem: HashProblem) => badValue('password', '', { name: 'hash', problem })
