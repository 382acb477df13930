// The TLS side of every listener: what is passed to `tls.createServer`, `setSecureContext` or `new TLSSocket`.

import { constants, randomBytes } from 'node:crypto'
import type { CertificateSource } from './certificate.ts'

export type TlsPolicy = { readonly minVersion: 'TLSv1.2' | 'TLSv1.3' }

/** TLS 1.3's three suites, and of TLS 1.2 only those with forward secrecy and authenticated encryption (RFC 9325 §4.2). */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

const SESSION_SECONDS = 3_600
/** Length that OpenSSL wants for name, authentication key and encryption key. */
const TICKET_KEYS_BYTES = 48

// One set for the process, so that a session begun on one listener or before a new certificate is resumed on another.
const ticketKeys = randomBytes(TICKET_KEYS_BYTES)

export type TlsOptions = {
  readonly key: string
  readonly cert: string
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  readonly ciphers: string
  readonly honorCipherOrder: boolean
  readonly secureOptions: number
  readonly sessionTimeout: number
  readonly ticketKeys: Buffer
}

/** Options for the certificate of this moment; call again when the source has changed. */
export function tlsOptions(
  source: Pick<CertificateSource, 'current'>,
  { minVersion }: TlsPolicy,
): TlsOptions {
  const { key, cert } = source.current()
  return {
    key,
    cert,
    minVersion,
    ciphers: CIPHERS,
    // The client knows better whether it has AES in hardware; all suites offered are good ones.
    honorCipherOrder: false,
    // A client of TLS 1.2 could ask for one handshake after the other; TLS 1.3 has none of it (RFC 8446 §4.1.2).
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    sessionTimeout: SESSION_SECONDS,
    ticketKeys,
  }
}
