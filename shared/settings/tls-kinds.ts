// The kinds of values that say how TLS is spoken: protocols as Postfix writes them, and fingerprints of certificates.

import type { Kind } from './setting.ts'

const versions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const
export type TlsVersion = (typeof versions)[number]
export type ProtocolRange = { readonly min: TlsVersion; readonly max: TlsVersion }

const signs = ['>=', '<=', '!']
/** OpenSSL has forgotten them. */
const forgotten = ['SSLv2', 'SSLv3']

/** Without holes: OpenSSL knows none. */
export function parseProtocols(text: string): ProtocolRange | undefined {
  const words = text.split(/[\s,:]+/).filter((word) => word !== '')
  let allowed: readonly TlsVersion[] = versions
  const named: TlsVersion[] = []
  for (const word of words) {
    const sign = signs.find((one) => word.startsWith(one)) ?? ''
    const name = word.slice(sign.length)
    if (forgotten.includes(name)) continue
    const version = versions.find((one) => one.toLowerCase() === name.toLowerCase())
    if (version === undefined) return undefined
    const at = versions.indexOf(version)
    if (sign === '>=') allowed = allowed.filter((one) => versions.indexOf(one) >= at)
    else if (sign === '<=') allowed = allowed.filter((one) => versions.indexOf(one) <= at)
    else if (sign === '!') allowed = allowed.filter((one) => one !== version)
    else named.push(version)
  }
  const chosen = named.length === 0 ? allowed : allowed.filter((one) => named.includes(one))
  const [min] = chosen
  const max = chosen.at(-1)
  if (min === undefined || max === undefined) return undefined
  const isWhole = versions.indexOf(max) - versions.indexOf(min) === chosen.length - 1
  return isWhole ? { min, max } : undefined
}

export const tlsProtocols: Kind<ProtocolRange> = {
  name: 'protocols',
  allowed:
    'TLS versions from one to another: >=TLSv1.2, or >=TLSv1, <=TLSv1.2; also as Postfix once wrote them, !TLSv1, !TLSv1.1',
  list: true,
  parse: parseProtocols,
  format: ({ min, max }) => (max === 'TLSv1.3' ? `>=${min}` : `>=${min}, <=${max}`),
}

/** In lower case, without colons. */
export function parseFingerprint(text: string): string | undefined {
  const digits = text.replaceAll(':', '').toLowerCase()
  return /^[0-9a-f]{64}$/.test(digits) ? digits : undefined
}

const FINGERPRINTS_MAX = 100

export const certificateFingerprints: Kind<readonly string[]> = {
  name: 'fingerprints',
  allowed:
    'SHA-256 fingerprints of certificates or of their public keys such as AB:CD:… (32 pairs), separated by commas or spaces, or nothing',
  list: true,
  parse(text) {
    const words = text.split(/[\s,]+/).filter((word) => word !== '')
    const fingerprints = words.map(parseFingerprint)
    return words.length <= FINGERPRINTS_MAX && fingerprints.every((one) => one !== undefined)
      ? fingerprints
      : undefined
  },
  format: (value) =>
    value.map((digits) => digits.toUpperCase().replace(/..(?=.)/g, '$&:')).join(', '),
}

/** Postfix's (TLS_README), of other mail servers. */
export const tlsLevels = [
  'none',
  'may',
  'encrypt',
  'dane',
  'dane-only',
  'fingerprint',
  'verify',
  'secure',
] as const
export type TlsLevel = (typeof tlsLevels)[number]
