// The POP3 listener: the sockets are shared/net/tcp-listener.ts, sessions live in connection.ts.

import { TcpListener, type TcpListenerOptions } from '#shared/net/tcp-listener.ts'
import type { CertificateSource } from '#shared/net/tls/certificate.ts'
import type { Pop3Options } from './config.ts'
import { connect } from './connection.ts'
import { noMaildropLock } from './maildrop-lock.ts'
import { replies } from './replies.ts'
import type { SessionDeps } from './session.ts'

export type Pop3ListenerOptions = Pop3Options & Pick<TcpListenerOptions, 'proxyTrustedNetworks'>

export type Pop3Dependencies = Omit<SessionDeps, 'lines' | 'options'> & {
  /** Without it there is no STLS, and endpoints with implicit TLS refuse to start. */
  readonly certificates: CertificateSource | undefined
}

/** Closing lets sessions that have logged in go on for the grace time, then ends them; what they marked stays. */
export function createPop3Listener(
  options: Pop3ListenerOptions,
  { certificates, ...deps }: Pop3Dependencies,
): TcpListener {
  const lock = options.lockMaildrop ? deps.lock : noMaildropLock
  const { clock, log } = deps
  return new TcpListener(
    {
      ...options,
      name: 'POP3',
      tooManyConnections: `${replies.tooManyConnections.status}\r\n`,
    },
    {
      certificates,
      clock,
      log,
      connect: (socket, remoteAddress, secureContext, lines) =>
        connect({ ...deps, options, lock, lines }, socket, remoteAddress, secureContext),
    },
  )
}
