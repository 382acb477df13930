// Postfix's TLS security levels and the entries of its smtp_tls_policy_maps (TLS_README).

import { parseDomain } from '#shared/mail/domain.ts'
import {
  type ProtocolRange,
  parseFingerprint,
  parseProtocols,
  type TlsLevel,
  tlsLevels,
} from '#shared/settings/tls-kinds.ts'

/** What an entry says besides the level; undefined: as the settings say. */
export type PolicyEntry = {
  readonly level: TlsLevel
  readonly match: readonly string[] | undefined
  readonly protocols: ProtocolRange | undefined
  readonly ciphers: CipherGrade | undefined
  readonly servername: string | undefined
}

export const cipherGrades = ['medium', 'high'] as const
export type CipherGrade = (typeof cipherGrades)[number]

const MATCHES_MAX = 100

/** `level name=value …`, as smtp_tls_policy_maps has it. A text: why it is none. */
export function parsePolicyEntry(text: string): PolicyEntry | string {
  const [level = '', ...attributes] = text.trim().split(/[\s,]+/)
  if (!isLevel(level)) return `'${level}' is no TLS level`
  const match: string[] = []
  let protocols: ProtocolRange | undefined
  let ciphers: CipherGrade | undefined
  let servername: string | undefined
  for (const attribute of attributes) {
    const at = attribute.indexOf('=')
    const name = attribute.slice(0, at)
    const value = attribute.slice(at + 1)
    switch (name) {
      case 'match': {
        const found = parseMatch(level, value)
        if (typeof found === 'string') return found
        match.push(...found)
        break
      }
      case 'protocols':
        protocols = parseProtocols(value)
        if (protocols === undefined) return `'${value}' are no protocols`
        break
      case 'ciphers':
        ciphers = parseGrade(value)
        if (ciphers === undefined) return `'${value}' is no grade of ciphers`
        break
      case 'servername':
        servername = value === 'hostname' || value === 'nexthop' ? value : parseDomain(value)
        if (servername === undefined) return `'${value}' is no name of a host`
        break
      default:
        return `'${attribute}' is no attribute of a TLS policy`
    }
  }
  if (match.length > MATCHES_MAX) return `more than ${MATCHES_MAX} names or fingerprints`
  if (level === 'fingerprint' && match.length === 0) return 'fingerprint needs match=fingerprint'
  return { level, match: match.length === 0 ? undefined : match, protocols, ciphers, servername }
}

function isLevel(text: string): text is TlsLevel {
  return tlsLevels.some((level) => level === text)
}

/** Names are separated by colons, fingerprints, which have colons, by bars. */
function parseMatch(level: TlsLevel, value: string): readonly string[] | string {
  if (level === 'fingerprint') {
    const fingerprints = value.split('|').map(parseFingerprint)
    return fingerprints.every((one) => one !== undefined)
      ? fingerprints
      : `'${value}' is no SHA-256 fingerprint`
  }
  if (level !== 'verify' && level !== 'secure') return `${level} has no names to match`
  const names = value.split(':').map(parseMatchedName)
  return names.every((one) => one !== undefined) ? names : `'${value}' is no name to match`
}

const strategies = ['nexthop', 'dot-nexthop', 'hostname']

function parseMatchedName(text: string): string | undefined {
  if (strategies.includes(text)) return text
  const domain = parseDomain(text.replace(/^\./, ''))
  return domain && (text.startsWith('.') ? `.${domain}` : domain)
}

/** Names of strategies, or names and `.names`, as the names that count for this host. */
export function matchedNames(
  match: readonly string[],
  { host, nextHop }: { readonly host: string; readonly nextHop: string },
): readonly string[] {
  return match.map((one) => {
    switch (one) {
      case 'nexthop':
        return nextHop
      case 'dot-nexthop':
        return `.${nextHop}`
      case 'hostname':
        return host
      default:
        return one
    }
  })
}

/** The grades below medium are out of use; Postfix takes them for medium too. */
function parseGrade(text: string): CipherGrade | undefined {
  if (text === 'low' || text === 'export') return 'medium'
  return cipherGrades.find((grade) => grade === text)
}

/**
 * For OpenSSL. Where nobody is proven, ciphers without a certificate come last, and old hosts are better spoken to with weak keys than in
 * clear.
 */
export function cipherList(grade: CipherGrade, isProven: boolean): string {
  const list = grade === 'high' ? 'HIGH' : 'HIGH:MEDIUM'
  return isProven ? `${list}:!aNULL:!PSK:!SRP:!DSS` : `${list}:+aNULL:!PSK:!SRP:!DSS:@SECLEVEL=0`
}
