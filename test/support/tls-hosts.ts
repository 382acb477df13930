// Hosts on loopback that begin with TLS at once, for tests of a client's part of it, and connections to them.

import { once } from 'node:events'
import { createServer, connect as netConnect, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls'

export interface TlsHost extends AsyncDisposable {
  readonly port: number
  /** What the client said, session by session. */
  readonly sessions: readonly {
    readonly servername: string | false
    readonly isResumed: boolean
    readonly clientSubject: string | undefined
  }[]
}

/** Says a line once TLS runs, so that whoever reads it has its ticket. */
export async function openTlsHost(options: TlsOptions): Promise<TlsHost> {
  const sessions: TlsHost['sessions'][number][] = []
  const sockets = new Set<Socket>()
  const server = createTlsServer(options, (socket: TLSSocket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    sessions.push({
      servername: socket.servername ?? false,
      isResumed: socket.isSessionReused(),
      clientSubject: socket.getPeerX509Certificate()?.subject,
    })
    socket.write('hello\n')
  })
  server.on('tlsClientError', () => undefined)
  return await listening(server, sockets, sessions)
}

/** Does with a connection what it is told, and no TLS. */
export async function openRudeHost(greet: (socket: Socket) => void): Promise<TlsHost> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    greet(socket)
  })
  return await listening(server, sockets, [])
}

async function listening(
  server: ReturnType<typeof createServer>,
  sockets: ReadonlySet<Socket>,
  sessions: TlsHost['sessions'],
): Promise<TlsHost> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening')
  return {
    port: address.port,
    sessions,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

export async function connectTo({ port }: Pick<TlsHost, 'port'>): Promise<Socket> {
  const socket = netConnect({ host: '127.0.0.1', port })
  await once(socket, 'connect')
  return socket
}
