// The ManageSieve listener: the sockets are shared/net/tcp-listener.ts, sessions live in connection.ts.

import { AccountSessions } from '#shared/auth/account-sessions.ts'
import { TcpListener, type TcpListenerOptions } from '#shared/net/tcp-listener.ts'
import type { CertificateSource } from '#shared/net/tls/certificate.ts'
import type { ByteBudget } from '#shared/runtime/byte-budget.ts'
import type { ManageSieveOptions } from './config.ts'
import { connect } from './connection.ts'
import { createMemory } from './memory.ts'
import { formatStatus, replies } from './replies.ts'
import type { SessionDeps } from './session.ts'

export type ManageSieveListenerOptions = ManageSieveOptions &
  Pick<TcpListenerOptions, 'proxyTrustedNetworks'>

export type ManageSieveDependencies = Omit<
  SessionDeps,
  'accountSessions' | 'lines' | 'memory' | 'options'
> & {
  /** Default: as much as one process has. */
  readonly memory?: ByteBudget
  /** Without it there is no STARTTLS. */
  readonly certificates: Pick<CertificateSource, 'current' | 'onChange'> | undefined
}

export function createManageSieveListener(
  options: ManageSieveListenerOptions,
  { certificates, ...given }: ManageSieveDependencies,
): TcpListener {
  const { clock, log } = given
  const deps = {
    ...given,
    options,
    accountSessions: new AccountSessions(options.accountConnectionCountLimit),
    memory: given.memory ?? createMemory(),
  }
  return new TcpListener(
    {
      ...options,
      name: 'ManageSieve',
      tooManyConnections: formatStatus(replies.tooManyConnections),
    },
    {
      certificates,
      clock,
      log,
      connect: (socket, remoteAddress, secureContext, lines) =>
        connect({ ...deps, lines }, socket, remoteAddress, secureContext),
    },
  )
}
