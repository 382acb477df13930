// One-time passwords by time: RFC 6238 on HOTP, RFC 4226. SHA-1, six digits and thirty seconds are what every program for them has.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const STEP_MS = 30_000
const DIGITS = 6
/** RFC 4226 §4 R6 recommends 160 bits. */
const SECRET_BYTES = 20
/** RFC 6238 §5.2: clocks go wrong by a step. */
const WINDOW_STEPS = 1
const ISSUER_CHARACTERS_MAX = 100

export const newTotpSecret = (): Uint8Array => randomBytes(SECRET_BYTES)

/**
 * The step of a right code, later than `afterStep`: whoever writes it down has each code count once (RFC 6238 §5.2). Undefined for a wrong
 * one, an old one, or one that was used.
 */
export function stepOfCode(
  secret: Uint8Array,
  text: string,
  { nowMs, afterStep }: { readonly nowMs: number; readonly afterStep: number },
): number | undefined {
  const code = text.replaceAll(' ', '')
  if (code.length !== DIGITS) return undefined
  const given = Buffer.from(code.padEnd(DIGITS).slice(0, DIGITS), 'latin1')
  const step = Math.floor(nowMs / STEP_MS)
  // One of a time to come was used before the clock was set back; nobody waits for that time.
  const usedStep = afterStep > step + 2 * WINDOW_STEPS ? 0 : afterStep
  let found: number | undefined
  for (let at = step - WINDOW_STEPS; at <= step + WINDOW_STEPS; at++) {
    const isRight = timingSafeEqual(Buffer.from(hotp(secret, at, DIGITS), 'latin1'), given)
    if (isRight && at > usedStep) found ??= at
  }
  return found
}

/** RFC 4226 §5.3 */
export function hotp(
  secret: Uint8Array,
  counter: number,
  digits: number,
  hash: 'sha1' | 'sha256' | 'sha512' = 'sha1',
): string {
  const message = Buffer.alloc(8)
  message.writeBigUInt64BE(BigInt(counter))
  const mac = createHmac(hash, secret).update(message).digest()
  const offset = (mac.at(-1) ?? 0) & 0x0f
  const truncated = mac.readUInt32BE(offset) & 0x7fffffff
  return String(truncated % 10 ** digits).padStart(digits, '0')
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** RFC 4648 §6, without padding: as programs have it typed in. */
export function base32(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += BASE32.charAt((held >>> bits) & 31)
    }
    held &= (1 << bits) - 1
  }
  return bits === 0 ? text : text + BASE32.charAt((held << (5 - bits)) & 31)
}

/** What a program reads from a QR code (Key URI Format of Google Authenticator, which all follow). */
export function totpUri(secret: Uint8Array, { login, issuer }: { login: string; issuer: string }) {
  const name = issuer.replaceAll(':', ' ').slice(0, ISSUER_CHARACTERS_MAX)
  const label = `${encodeURIComponent(name)}:${encodeURIComponent(login)}`
  return `otpauth://totp/${label}?secret=${base32(secret)}&issuer=${encodeURIComponent(name)}`
}
