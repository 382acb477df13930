// A certificate signing request (PKCS #10, RFC 2986) for host names.

import { createPublicKey, type KeyObject, sign } from 'node:crypto'
import * as der from '#shared/net/tls/der.ts'

/** RFC 5280 appendix A: ub-common-name. A longer name stands in subjectAltName alone. */
const COMMON_NAME_LENGTH_MAX = 64

const oid = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  extensionRequest: '1.2.840.113549.1.9.14',
  subjectAltName: '2.5.29.17',
} as const

/** In DER, signed with the EC key it is for. */
export function makeSigningRequest(
  names: readonly [string, ...string[]],
  key: KeyObject,
): Uint8Array {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
  // RFC 2986 §4.1: `[0]` in place of the tag of a SET OF attributes, here of one.
  const attributes = der.explicit(0, extensionRequest(names))
  const version1 = der.integer(Uint8Array.of(0))
  const body = der.sequence(version1, subject(names[0]), spki, attributes)
  const algorithm = der.sequence(der.objectIdentifier(oid.ecdsaWithSha256))
  return der.sequence(body, algorithm, der.bitString(sign('sha256', body, key)))
}

function subject(hostname: string): der.Der {
  if (hostname.length > COMMON_NAME_LENGTH_MAX) return der.sequence()
  const commonName = [der.objectIdentifier(oid.commonName), der.utf8String(hostname)]
  return der.sequence(der.set(der.sequence(...commonName)))
}

// RFC 2985 §5.4.2; RFC 5280 §4.2.1.6: [2] dNSName.
function extensionRequest(hostnames: readonly string[]): der.Der {
  const names = der.sequence(...hostnames.map((hostname) => der.implicit(2, Buffer.from(hostname))))
  const extension = der.sequence(der.objectIdentifier(oid.subjectAltName), der.octetString(names))
  return der.sequence(der.objectIdentifier(oid.extensionRequest), der.set(der.sequence(extension)))
}
