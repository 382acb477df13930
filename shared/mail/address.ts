// Mail addresses (RFC 5321 §4.1.2 Mailbox, RFC 6531 §3.3 with UTF-8), parsed once at the edge and compared by parts after
// that. The local part keeps its case, because only its own host may say that case means nothing; `lookupKey` is that
// word for our accounts.

import { type Domain, isOwnDomain, parseDomain } from './domain.ts'

export type Address = {
  /** Without quotes, NFC; '' for `""@example.net`. */
  readonly local: string
  readonly domain: Domain
}

/**
 * The local part of our own accounts and aliases (RFC 5321 §4.5.3.1.1), which every sender can write. Other hosts may have longer ones:
 * the sizes of §4.5.3.1 are what must be taken at least, and bounce addresses of large senders go beyond them.
 */
export const OWN_LOCAL_PART_BYTES_MAX = 64
/**
 * Of any address. The local part is a sort key of the directory, for which DynamoDB has 1,024 bytes, and lower-casing makes a text
 * longer by half at most.
 */
export const ADDRESS_BYTES_MAX = 640
/**
 * Looked at before all else: NFC costs the square of a run of combining marks. Quoting and decomposed characters make a text longer
 * than the address it is, by less than this.
 */
export const ADDRESS_CHARACTERS_MAX = 1_024

// Deliberately: dots at the ends and double dots are taken in a bare local part, as large operators gave out such
// addresses; `formatAddress` writes them quoted, which is their correct form.
const bareLocal = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.\u{a0}-\u{10ffff}]+$/u
const dotString =
  /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u{a0}-\u{10ffff}]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u{a0}-\u{10ffff}]+)*$/u
// Quoted-string = DQUOTE *QcontentSMTP DQUOTE, and the @ after it
const quotedLocal = /^"((?:[^"\\\x00-\x1f\x7f-\x9f]|\\[\x20-\x7e])*)"(?:@|$)/u

/** `local@domain` without angle brackets; a text without `@` gets the default domain, if one is given. */
export function parseAddress(text: string, defaultDomain?: Domain): Address | undefined {
  if (text.length > ADDRESS_CHARACTERS_MAX) return undefined
  const quoted = text.startsWith('"')
  const local = quoted ? unquote(text) : bare(text)
  if (local === undefined || !local.value.isWellFormed()) return undefined
  const domain = local.end === text.length ? defaultDomain : parseDomain(text.slice(local.end + 1))
  if (domain === undefined) return undefined
  const address = { local: local.value.normalize('NFC'), domain }
  return fits(address) ? address : undefined
}

/** Whether it is no longer than an address may be. */
export function fits(address: Address): boolean {
  return Buffer.byteLength(formatAddress(address)) <= ADDRESS_BYTES_MAX
}

/** Whether an account or an alias here may have it. */
export function mayBeOwn({ local, domain }: Address): boolean {
  // The limit is on the written form: quoting counts.
  const bytes = Buffer.byteLength(formatLocal(local))
  return local !== '' && bytes <= OWN_LOCAL_PART_BYTES_MAX && isOwnDomain(domain)
}

/** The address as SMTP writes it between angle brackets: quoted where it must be. */
export function formatAddress(address: Address): string {
  return `${formatLocal(address.local)}@${address.domain}`
}

/** In its one correct form; what is no address, such as the null sender, as it is. */
export function canonicalAddress(text: string): string {
  const address = parseAddress(text)
  return address === undefined ? text : formatAddress(address)
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

function formatLocal(local: string): string {
  return dotString.test(local) ? local : `"${local.replace(/["\\]/g, '\\$&')}"`
}
