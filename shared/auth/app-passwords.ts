// Passwords for one program each, that keep working when the account has a second factor: made here and never chosen, shown once, limited
// to protocols, and each revoked by itself. There are 90 random bits in one, so that what is kept is its SHA-256, and comparing it with all
// that an account has costs nothing beside a hash of a chosen password.
//
// All of an account have one salt for SCRAM, which the challenge names: the proof of a client is then compared with each verifier, and it
// need not say which of them it has.

import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'
import type { LoginAttempt } from '#shared/contracts/authenticate.ts'
import type { AppPasswordRecord, AppPasswordScope, ScramSalt } from '#shared/directory/factors.ts'
import { makeScramVerifier, parseScramVerifier, SCRAM_ITERATIONS } from './scram-verifier.ts'

/** Without i, l and o, which people read as something else: 4.5 bits each. */
const LETTERS = 'abcdefghjkmnpqrstuvwxyz'
const LETTERS_COUNT = 20
const GROUP_LETTERS = 4
const ID_BYTES = 6
const SALT_BYTES = 16
/** With blanks or hyphens between its letters. */
const TYPED_BYTES_MAX = 64

/** As it is shown, this once: `abcd-efgh-jkmn-pqrs-tuvw`. */
export function generateAppPassword(): string {
  let letters = ''
  for (let i = 0; i < LETTERS_COUNT; i++) {
    if (i > 0 && i % GROUP_LETTERS === 0) letters += '-'
    letters += LETTERS.charAt(randomInt(LETTERS.length))
  }
  return letters
}

export const newAppPasswordId = (): string => randomBytes(ID_BYTES).toString('hex')

/** The letters alone, as it may be one; undefined: this is none. People type it with blanks, hyphens, or capitals. */
export function appPasswordLetters(password: Uint8Array): string | undefined {
  if (password.length < LETTERS_COUNT || password.length > TYPED_BYTES_MAX) return undefined
  const text = Buffer.from(password).toString('latin1').replace(/[ -]/g, '').toLowerCase()
  return /^[abcdefghjkmnpqrstuvwxyz]{20}$/.test(text) ? text : undefined
}

export type AppPasswordKeys = Pick<AppPasswordRecord, 'hash' | 'storedKey' | 'serverKey'>

/** What is kept of one. */
export async function keysOfAppPassword(
  password: string,
  { salt, iterations }: ScramSalt,
): Promise<AppPasswordKeys> {
  const letters = appPasswordLetters(Buffer.from(password))
  if (letters === undefined) throw new RangeError('no app password')
  // A client sends what was typed, and SCRAM has it hash that: as it is shown.
  const verifier = await makeScramVerifier(password, Buffer.from(salt), iterations)
  return {
    hash: digest(letters),
    storedKey: verifier.storedKey,
    serverKey: verifier.serverKey,
  }
}

/** The account's own, as far as there is one, so that its password and app passwords answer the same challenge. */
export function saltForAppPasswords(scramVerifier: string | null): ScramSalt {
  const own = parseScramVerifier(scramVerifier)
  return own === undefined
    ? { salt: randomBytes(SALT_BYTES), iterations: SCRAM_ITERATIONS }
    : { salt: own.salt, iterations: own.iterations }
}

/** How an app password fares that is the right one. */
export type AppPasswordJudgement =
  | { readonly kind: 'good'; readonly id: string }
  | { readonly kind: 'refused'; readonly reason: 'expired' | 'scope' }

/** Undefined: none of them. All are compared, wherever it is found. */
export function judgeAppPassword(
  records: readonly AppPasswordRecord[],
  letters: string,
  asked: { readonly service: LoginAttempt['service']; readonly nowMs: number },
): AppPasswordJudgement | undefined {
  const given = digest(letters)
  const [found] = records.filter(({ hash }) => timingSafeEqual(hash, given))
  return found && judge(found, asked)
}

/** Of one that is the right one, by whatever mechanism. */
export function judge(
  { id, scopes, expiresMs }: AppPasswordRecord,
  { service, nowMs }: { readonly service: LoginAttempt['service']; readonly nowMs: number },
): AppPasswordJudgement {
  const allowed: readonly string[] = scopes satisfies readonly AppPasswordScope[]
  if (!allowed.includes(service)) return { kind: 'refused', reason: 'scope' }
  if (hasExpired({ expiresMs }, nowMs)) return { kind: 'refused', reason: 'expired' }
  return { kind: 'good', id }
}

export const hasExpired = (
  { expiresMs }: Pick<AppPasswordRecord, 'expiresMs'>,
  nowMs: number,
): boolean => expiresMs !== null && expiresMs <= nowMs

const digest = (letters: string): Buffer => createHash('sha256').update(letters).digest()
