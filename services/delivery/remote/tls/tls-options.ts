// What node:tls is told of how a host is to be spoken to. It never refuses a certificate itself: judge-peer.ts does, before anything is sent.

import type { ConnectionOptions } from 'node:tls'
import type { HostSecurity } from './host-security.ts'

/** RFC 8446 appendix B.4; they have no grades. */
const TLS13_CIPHERS = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256'

export function tlsOptionsFor({
  terms,
}: Exclude<HostSecurity, { readonly kind: 'clear' }>): ConnectionOptions {
  const { servername, protocols, ciphers, ca, clientCertificate } = terms
  return {
    ...(servername === undefined ? {} : { servername }),
    ...(ca === undefined ? {} : { ca }),
    ...(clientCertificate ?? {}),
    minVersion: protocols.min,
    maxVersion: protocols.max,
    ciphers: `${TLS13_CIPHERS}:${ciphers}`,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  }
}
