// Codes for the day that a factor is lost. Ten at a time, each counts once; what is kept of them are hashes of 72 random bits each.

import { createHash, randomInt, timingSafeEqual } from 'node:crypto'

export const RECOVERY_CODES = 10
/** As of app passwords: nothing in it is read as something else. */
const LETTERS = 'abcdefghjkmnpqrstuvwxyz'
const LETTERS_COUNT = 16
const GROUP_LETTERS = 4
const TYPED_CHARACTERS_MAX = 64

/** `abcd-efgh-jkmn-pqrs` */
export function generateRecoveryCode(): string {
  const letters = Array.from({ length: LETTERS_COUNT }, () =>
    LETTERS.charAt(randomInt(LETTERS.length)),
  ).join('')
  return Array.from({ length: LETTERS_COUNT / GROUP_LETTERS }, (_, group) =>
    letters.slice(group * GROUP_LETTERS, (group + 1) * GROUP_LETTERS),
  ).join('-')
}

export const recoveryCodeHash = (code: string): Uint8Array =>
  createHash('sha256').update(code.replace(/[ -]/g, '').toLowerCase()).digest()

/** The hashes without that of the code; undefined: it is none of them. All are compared, wherever it is found. */
export function spendRecoveryCode(
  hashes: readonly Uint8Array[],
  text: string,
): readonly Uint8Array[] | undefined {
  if (text.length > TYPED_CHARACTERS_MAX) return undefined
  const given = recoveryCodeHash(text)
  const left = hashes.filter((hash) => !timingSafeEqual(hash, given))
  return left.length < hashes.length ? left : undefined
}
