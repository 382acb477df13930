import { createSecureContext, type SecureContext } from 'node:tls'
import type { CertificateSource } from './tls/certificate.ts'
import { type TlsPolicy, tlsOptions } from './tls/tls-options.ts'

/** The context for the next handshake. */
export type SecureContextSource = () => SecureContext

/** One context for all handshakes, made anew when the certificate changes. */
export function hotContext(
  certificates: Pick<CertificateSource, 'current' | 'onChange'>,
  policy: TlsPolicy,
): SecureContextSource {
  let context: SecureContext | undefined
  certificates.onChange(() => {
    context = undefined
  })
  return () => {
    context ??= createSecureContext(tlsOptions(certificates, policy))
    return context
  }
}
