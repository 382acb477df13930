// The certificates that a host sent, and the names they are for. What a stranger sends is bounded by OpenSSL (100 KB of them).

import { X509Certificate } from 'node:crypto'
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'

const CHAIN_MAX = 10

/** Its own first, each signed by the next as far as names tell; none where it sent none. */
export function chainOf(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = []
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
  while (next?.raw !== undefined && chain.length < CHAIN_MAX) {
    chain.push(new X509Certificate(next.raw))
    // A root is its own issuer.
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate
  }
  return chain
}

/** Whether it is for one of these names (RFC 6125 §6.4); `.example.net` is any name below that. */
export function isForOneOf(certificate: X509Certificate, names: readonly string[]): boolean {
  return names.some((name) =>
    name.startsWith('.')
      ? dnsNames(certificate).some((own) => own.endsWith(name) && own.length > name.length)
      : certificate.checkHost(name, { subject: 'default', partialWildcards: false }) !== undefined,
  )
}

/** In lower case. */
export function dnsNames({ subjectAltName = '' }: X509Certificate): readonly string[] {
  return outsideQuotes(subjectAltName)
    .split(', ')
    .filter((entry) => entry.startsWith('DNS:'))
    .map((entry) => entry.slice('DNS:'.length).toLowerCase())
    .filter((name) => /^[a-z0-9*._-]+$/.test(name))
}

/** Names with characters that no host has are quoted by Node, as JSON, so that nothing in them looks like another name. */
function outsideQuotes(text: string): string {
  let outside = ''
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (isQuoted && character === '\\') at++
    else if (character === '"') isQuoted = !isQuoted
    else if (!isQuoted) outside += character
  }
  return outside
}

/** From the host's own up to one that `isAnchor` says is trusted: signed, of authorities, and valid at this moment. */
export function leadsTo(
  chain: readonly X509Certificate[],
  isAnchor: (certificate: X509Certificate) => boolean,
  nowMs: number,
): boolean {
  for (const [i, certificate] of chain.entries()) {
    if (!isValidAt(certificate, nowMs)) return false
    // The host's own is no authority, even where a record pins it (RFC 7671 §5.2).
    if (i > 0 && isAnchor(certificate)) return true
    const issuer = chain[i + 1]
    if (issuer === undefined || !issuer.ca) return false
    if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) return false
  }
  return false
}

function isValidAt({ validFromDate, validToDate }: X509Certificate, nowMs: number): boolean {
  return validFromDate.getTime() <= nowMs && nowMs <= validToDate.getTime()
}
