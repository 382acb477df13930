// What ties a SASL exchange to the TLS connection it runs in (RFC 5056), the server's side.
//
// Deliberately without tls-unique (RFC 5929 §3): it is not defined for TLS 1.3, and unsafe in TLS 1.2 without the extended master
// secret (RFC 7627), which Node does not tell of.

import { createHash } from 'node:crypto'
import type { TLSSocket } from 'node:tls'

export interface ChannelBindings {
  /** For the log: `TLSv1.3`. */
  readonly protocol: string
  /** The bytes of a kind of binding, undefined where this connection has none of that name. */
  data(name: string): Uint8Array | undefined
  /** Whether there is any. */
  readonly available: boolean
}

/** RFC 9266 §4.2 */
const EXPORTER_LABEL = 'EXPORTER-Channel-Binding'
const EXPORTER_BYTES = 32

/** After the handshake. */
export function channelBindings(socket: TLSSocket): ChannelBindings {
  const protocol = socket.getProtocol() ?? 'TLS'
  const hasExporter = protocol === 'TLSv1.3'
  return {
    protocol,
    data(name) {
      // Names are case-sensitive (RFC 5056 §7).
      if (name === 'tls-exporter' && hasExporter) {
        return socket.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, Buffer.alloc(0))
      }
      return name === 'tls-server-end-point' ? endPoint(socket) : undefined
    },
    get available() {
      return hasExporter || endPoint(socket) !== undefined
    },
  }
}

/** Signature algorithms by the hash function in them; of the rest (EdDSA, RSASSA-PSS) RFC 5929 §4.1 says nothing. */
const hashBySignature: { readonly [oid: string]: string } = {
  // RFC 5929 §4.1: SHA-256 in place of MD5 and SHA-1.
  '1.2.840.113549.1.1.4': 'sha256',
  '1.2.840.113549.1.1.5': 'sha256',
  '1.2.840.10045.4.1': 'sha256',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
}

/** RFC 5929 §4.1: a hash of the server's certificate. */
function endPoint(socket: TLSSocket): Uint8Array | undefined {
  const certificate = socket.getX509Certificate()
  const hash = hashBySignature[certificate?.signatureAlgorithmOid ?? '']
  if (certificate === undefined || hash === undefined) return undefined
  return createHash(hash).update(certificate.raw).digest()
}
