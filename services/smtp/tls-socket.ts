// What SMTP needs of a socket's TLS besides the library's handshake.

import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Origin } from '#shared/contracts/spool.ts'
import { clientCertificate } from './client-certificate.ts'

export function tlsFacts(
  socket: TLSSocket,
  { smtpdTlsAskCcert }: { readonly smtpdTlsAskCcert: boolean },
): NonNullable<Origin['tls']> {
  const protocol = socket.getProtocol() ?? 'TLS'
  const cipher = socket.getCipher().standardName
  return smtpdTlsAskCcert
    ? { protocol, cipher, clientCertificate: clientCertificate(socket) }
    : { protocol, cipher }
}

/** Nobody reads during the handshake: what can be read before its end is the client's end of the connection. */
export function endWithoutHandshake(socket: Socket): void {
  const left = () => void socket.destroy()
  socket.once('readable', left).prependOnceListener('secure', () => socket.off('readable', left))
}
