// Mail addresses (RFC 5321 §4.1.2 Mailbox, RFC 6531 §3.3 with UTF-8), parsed once at the edge and compared by parts after
// that. The local part keeps its case, because only its own host may say that case means nothing; `lookupKey` is that
// word for our accounts.

import { type Domain, parseDomain } from './domain.ts'

export type Address = {
  /** Without quotes, NFC. */
  readonly local: string
  readonly domain: Domain
}

/** RFC 5321 §4.5.3.1.1 */
export const LOCAL_PART_BYTES_MAX = 64
/** RFC 5321 §4.5.3.1.3: a path of 256 octets, less its angle brackets. */
export const ADDRESS_BYTES_MAX = 254
/** Longer texts are not looked at: whatever their quoting, normal form and A-labels, no address within the limits is written so. */
const TEXT_CHARACTERS_MAX = 1_024

// Deliberately: dots at the ends and double dots are taken in a bare local part, as large operators gave out such
// addresses; `formatAddress` writes them quoted, which is their correct form.
const bareLocal = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.\u{a0}-\u{10ffff}]+$/u
const dotString =
  /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u{a0}-\u{10ffff}]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u{a0}-\u{10ffff}]+)*$/u
// Quoted-string = DQUOTE *QcontentSMTP DQUOTE, not empty, and the @ after it
const quotedLocal = /^"((?:[^"\\\x00-\x1f\x7f-\x9f]|\\[\x20-\x7e])+)"(?:@|$)/u

/** `local@domain` without angle brackets; a text without `@` gets the default domain, if one is given. */
export function parseAddress(text: string, defaultDomain?: Domain): Address | undefined {
  if (text.length > TEXT_CHARACTERS_MAX) return undefined
  const quoted = text.startsWith('"')
  const local = quoted ? unquote(text) : bare(text)
  if (local === undefined || !local.value.isWellFormed()) return undefined
  const domain = local.end === text.length ? defaultDomain : parseDomain(text.slice(local.end + 1))
  if (domain === undefined) return undefined
  return withinLimits({ local: local.value.normalize('NFC'), domain })
}

/** The address as SMTP writes it between angle brackets: quoted where it must be. */
export function formatAddress(address: Address): string {
  return `${formatLocal(address.local)}@${address.domain}`
}

/** Our accounts and aliases do not tell capitals from small letters. */
export function lookupKey(local: string): string {
  // Lower-casing can leave NFC: İ becomes i with a combining dot.
  return local.toLowerCase().normalize('NFC')
}

/**
 * Splits at the first of the delimiter characters, as Postfix's recipient_delimiter. The base is never empty, so a leading
 * delimiter is no delimiter.
 */
export function splitExtension(
  local: string,
  delimiters: string,
): { readonly base: string; readonly extension: string | null } {
  for (let at = 1; at < local.length; at++) {
    if (delimiters.includes(local.charAt(at))) {
      return { base: local.slice(0, at), extension: local.slice(at + 1) }
    }
  }
  return { base: local, extension: null }
}

type LocalPart = { readonly value: string; readonly end: number }

function bare(text: string): LocalPart | undefined {
  const at = text.indexOf('@')
  const value = at === -1 ? text : text.slice(0, at)
  return bareLocal.test(value) ? { value, end: value.length } : undefined
}

function unquote(text: string): LocalPart | undefined {
  const quoted = quotedLocal.exec(text)?.[1]
  if (quoted === undefined) return undefined
  return { value: quoted.replace(/\\(.)/gu, '$1'), end: quoted.length + 2 }
}

function withinLimits(address: Address): Address | undefined {
  // The limits are on the written form: quoting counts.
  const localBytes = Buffer.byteLength(formatLocal(address.local))
  if (localBytes > LOCAL_PART_BYTES_MAX) return undefined
  return localBytes + 1 + address.domain.length > ADDRESS_BYTES_MAX ? undefined : address
}

function formatLocal(local: string): string {
  return dotString.test(local) ? local : `"${local.replace(/["\\]/g, '\\$&')}"`
}
