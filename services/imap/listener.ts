// The IMAP listener: the sockets are shared/net/tcp-listener.ts, sessions live in connection.ts.

import { AccountSessions } from '#shared/auth/account-sessions.ts'
import { TcpListener, type TcpListenerOptions } from '#shared/net/tcp-listener.ts'
import type { CertificateSource } from '#shared/net/tls/certificate.ts'
import type { ImapOptions } from './config.ts'
import { connect } from './connection.ts'
import { createMemory, type Memory } from './memory.ts'
import { replies } from './replies.ts'
import type { SessionDeps } from './session.ts'

export type ImapDependencies = Omit<
  SessionDeps,
  'accountSessions' | 'lines' | 'memory' | 'options'
> & {
  readonly options: ImapOptions & Pick<TcpListenerOptions, 'proxyTrustedNetworks'>
  /** Where several listeners serve the same accounts, they count together. */
  readonly accountSessions?: AccountSessions
  /** The same. */
  readonly memory?: Memory
  /** Without it there is no STARTTLS, and endpoints with implicit TLS refuse to start. */
  readonly certificates: Pick<CertificateSource, 'current' | 'onChange'> | undefined
}

export function createImapListener({ certificates, ...given }: ImapDependencies): TcpListener {
  const { clock, log, options } = given
  const accountSessions =
    given.accountSessions ?? new AccountSessions(options.accountConnectionCountLimit)
  const deps = { ...given, accountSessions, memory: given.memory ?? createMemory() }
  return new TcpListener(
    { ...options, name: 'IMAP', tooManyConnections: `* ${replies.byeTooManyConnections}\r\n` },
    {
      certificates,
      clock,
      log,
      connect: (socket, remoteAddress, secureContext, lines) =>
        connect({ ...deps, lines }, socket, remoteAddress, secureContext),
    },
  )
}
