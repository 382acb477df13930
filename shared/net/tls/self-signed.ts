// Makes a self-signed certificate (RFC 5280) for a machine that has none yet: EC P-256, valid for the host name, `localhost` and
// the loopback addresses. Mail clients will ask once whether to trust it.

import { createHash, createPublicKey, randomBytes, sign } from 'node:crypto'
import type { CertificatePair } from './certificate.ts'
import * as der from './der.ts'
import { makePrivateKey, privateKeyPem } from './private-key.ts'

const VALID_YEARS = 10
/** Clocks of clients may be behind ours. */
const BACKDATED_MS = 24 * 3_600_000
/** RFC 5280 appendix A: ub-common-name. */
const COMMON_NAME_LENGTH_MAX = 64

const oid = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  acmeIdentifier: '1.3.6.1.5.5.7.1.31',
} as const

export function makeSelfSigned(hostname: string, now: Date): CertificatePair {
  return make({ hostname, now, names: subjectAltName(hostname), more: [] })
}

/** RFC 8737 §3: for the name alone, with the digest of the key authorization in an extension that must be heeded. */
export function makeChallengeCertificate(
  hostname: string,
  digest: Uint8Array,
  now: Date,
): CertificatePair {
  const names = der.sequence(der.implicit(2, Buffer.from(hostname)))
  const more = [extension(oid.acmeIdentifier, der.octetString(digest), true)]
  return make({ hostname, now, names, more })
}

function make(given: Omit<Facts, 'spki' | 'algorithm'>): CertificatePair {
  const privateKey = makePrivateKey()
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  const algorithm = der.sequence(der.objectIdentifier(oid.ecdsaWithSha256))
  const body = tbsCertificate({ ...given, spki, algorithm })
  const signature = sign('sha256', body, privateKey)
  const certificate = der.sequence(body, algorithm, der.bitString(signature))
  return {
    key: privateKeyPem(privateKey),
    cert: pem(certificate),
  }
}

type Facts = {
  readonly hostname: string
  readonly now: Date
  /** Of subjectAltName. */
  readonly names: der.Der
  /** Further extensions. */
  readonly more: readonly der.Der[]
  readonly spki: Uint8Array
  readonly algorithm: der.Der
}

// RFC 5280 §4.1.
function tbsCertificate(facts: Facts): der.Der {
  const { hostname, now, spki, algorithm } = facts
  const version3 = der.explicit(0, der.integer(Uint8Array.of(2)))
  const name = distinguishedName(hostname)
  const notBefore = new Date(now.getTime() - BACKDATED_MS)
  const notAfter = new Date(now)
  notAfter.setUTCFullYear(now.getUTCFullYear() + VALID_YEARS)
  const validity = der.sequence(der.time(notBefore), der.time(notAfter))
  const extensions = der.explicit(3, der.sequence(...extensionList(facts)))
  return der.sequence(version3, serial(), algorithm, name, validity, name, spki, extensions)
}

// RFC 5280 §4.1.2.2: positive, at most 20 octets.
function serial(): der.Der {
  return der.integer(Buffer.concat([Uint8Array.of(0x50), randomBytes(15)]))
}

function distinguishedName(hostname: string): der.Der {
  const commonName = hostname.length <= COMMON_NAME_LENGTH_MAX ? hostname : 'postwolke'
  const attribute = der.sequence(der.objectIdentifier(oid.commonName), der.utf8String(commonName))
  return der.sequence(der.set(attribute))
}

// RFC 5280 §4.2.
function extensionList({ names, more, spki }: Facts): der.Der[] {
  const keyIdentifier = createHash('sha1').update(spki).digest()
  const digitalSignature = der.bitString(Uint8Array.of(0x80), 7)
  return [
    extension(oid.basicConstraints, der.sequence(), true), // not a certificate authority
    extension(oid.keyUsage, digitalSignature, true),
    extension(oid.extendedKeyUsage, der.sequence(der.objectIdentifier(oid.serverAuth))),
    extension(oid.subjectAltName, names),
    extension(oid.subjectKeyIdentifier, der.octetString(keyIdentifier)),
    extension(oid.authorityKeyIdentifier, der.sequence(der.implicit(0, keyIdentifier))),
    ...more,
  ]
}

function extension(name: string, value: der.Der, critical = false): der.Der {
  const flag = critical ? [der.boolean(true)] : []
  return der.sequence(der.objectIdentifier(name), ...flag, der.octetString(value))
}

// RFC 5280 §4.2.1.6: [2] dNSName, [7] iPAddress.
function subjectAltName(hostname: string): der.Der {
  const names = [...new Set([hostname, 'localhost'])]
  const addresses = [Uint8Array.of(127, 0, 0, 1), new Uint8Array(16).fill(1, 15)]
  return der.sequence(
    ...names.map((name) => der.implicit(2, Buffer.from(name))),
    ...addresses.map((address) => der.implicit(7, address)),
  )
}

// RFC 7468 §2: lines of 64 characters.
function pem(certificate: Uint8Array): string {
  const lines = Buffer.from(certificate)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}
