// What a client's certificate says, as far as it goes into a log or a header field. A stranger wrote it.

import { createHash, X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { ClientCertificate } from '#shared/contracts/spool.ts'

/** RFC 5280 gives common names 64. */
const NAME_CHARACTERS_MAX = 64

/** Null when none was sent. */
export function clientCertificate(
  socket: Pick<TLSSocket, 'authorized' | 'getPeerCertificate'>,
): ClientCertificate | null {
  const certificate = socket.getPeerCertificate()
  // There is always an object; without a certificate it is empty.
  if (!certificate?.fingerprint256) return null
  return {
    subject: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    fingerprint: certificate.fingerprint256,
    ...publicKeyOf(certificate.raw),
    verified: socket.authorized,
  }
}

function publicKeyOf(der: Buffer | undefined): Pick<ClientCertificate, 'publicKeyFingerprint'> {
  if (der === undefined) return {}
  try {
    const { publicKey } = new X509Certificate(der)
    const digest = createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' }))
    const hex = digest.digest('hex').toUpperCase()
    return { publicKeyFingerprint: hex.replace(/(..)(?=.)/g, '$1:') }
  } catch {
    // A kind of key that Node's OpenSSL does not know. TLS took the certificate all the same.
    return {}
  }
}

type Name = { readonly CN?: string | string[]; readonly O?: string | string[] }

/** Its common name, else its organisation; nothing in it can end a comment or a quoted string. */
function nameOf(name: Name | undefined): string {
  const text = [name?.CN ?? name?.O ?? ''].flat()[0] ?? ''
  return text.slice(0, NAME_CHARACTERS_MAX).replace(/[^A-Za-z0-9 .,@_*+=:/-]/gu, '?')
}
