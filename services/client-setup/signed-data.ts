// Signs bytes so that they and the certificates travel with the signature (CMS SignedData, RFC 5652 §5): what iPhones take as a signed profile.
// With an RSA or an EC key and SHA-256, by the certificate of the host; no library does it that this system would not need for this alone.

import { createHash, createPrivateKey, sign } from 'node:crypto'
import type { CertificatePair } from '#shared/net/tls/certificate.ts'
import * as der from '#shared/net/tls/der.ts'

const oid = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  sha256: '2.16.840.1.101.3.4.2.1',
  rsaEncryption: '1.2.840.113549.1.1.1',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
} as const

/** Of one file; chains have three or four. */
const CERTIFICATES_MAX = 10

/** Undefined: with such a key nobody signs here, or there is no certificate. */
export function signData(
  content: Uint8Array,
  { key, cert }: CertificatePair,
  now: Date,
): Uint8Array | undefined {
  const [leaf, ...chain] = certificatesOf(cert)
  const privateKey = createPrivateKey(key)
  const algorithm = signatureAlgorithm(privateKey.asymmetricKeyType)
  if (leaf === undefined || algorithm === undefined) return undefined
  const sha256 = der.sequence(der.objectIdentifier(oid.sha256))
  const attributes = [
    attribute(oid.contentType, der.objectIdentifier(oid.data)),
    attribute(oid.messageDigest, der.octetString(createHash('sha256').update(content).digest())),
    attribute(oid.signingTime, der.time(now)),
  ].toSorted(Buffer.compare) // X.690 §11.6: a SET OF is in order
  // RFC 5652 §5.4: signed as a SET, sent as [0].
  const signature = sign('sha256', der.set(...attributes), privateKey)
  const one = der.integer(Uint8Array.of(1))
  const signerInfo = der.sequence(
    one,
    issuerAndSerial(leaf),
    sha256,
    der.explicit(0, Buffer.concat(attributes)),
    algorithm,
    der.octetString(signature),
  )
  const signedData = der.sequence(
    one,
    der.set(sha256),
    der.sequence(der.objectIdentifier(oid.data), der.explicit(0, der.octetString(content))),
    der.explicit(0, Buffer.concat([leaf, ...chain])),
    der.set(signerInfo),
  )
  return der.sequence(der.objectIdentifier(oid.signedData), der.explicit(0, signedData))
}

function signatureAlgorithm(type: string | undefined): der.Der | undefined {
  // RFC 3370 §3.2: with NULL; RFC 5754 §3.3: without.
  if (type === 'rsa') {
    return der.sequence(der.objectIdentifier(oid.rsaEncryption), Uint8Array.of(0x05, 0))
  }
  return type === 'ec' ? der.sequence(der.objectIdentifier(oid.ecdsaWithSha256)) : undefined
}

const attribute = (type: string, value: der.Der) =>
  der.sequence(der.objectIdentifier(type), der.set(value))

function certificatesOf(pem: string): readonly Uint8Array[] {
  return pem
    .split('-----BEGIN CERTIFICATE-----')
    .slice(1, 1 + CERTIFICATES_MAX)
    .map((part) => Buffer.from(part.split('-----END')[0] ?? '', 'base64'))
}

/** RFC 5652 §10.2.4. Of a certificate that TLS works with: its form is sound (RFC 5280 §4.1). */
function issuerAndSerial(certificate: Uint8Array): der.Der {
  const body = valueAt(certificate, valueAt(certificate, 0).contentAt)
  let value = valueAt(certificate, body.contentAt)
  if (certificate[value.start] === 0xa0) value = valueAt(certificate, value.end) // [0] version
  const serial = certificate.subarray(value.start, value.end)
  const algorithm = valueAt(certificate, value.end)
  const issuer = valueAt(certificate, algorithm.end)
  return der.sequence(certificate.subarray(issuer.start, issuer.end), serial)
}

/** Where the value that begins there has its content, and where it ends (X.690 §8.1). */
function valueAt(bytes: Uint8Array, start: number) {
  const first = bytes[start + 1] ?? 0
  const octets = first < 0x80 ? 0 : first & 0x7f
  let length = octets === 0 ? first : 0
  for (let n = 0; n < octets; n++) length = length * 0x100 + (bytes[start + 2 + n] ?? 0)
  const contentAt = start + 2 + octets
  const end = contentAt + length
  if (end > bytes.length) throw new Error('a certificate that ends before its end')
  return { start, contentAt, end }
}
