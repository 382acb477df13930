// A line to a server on loopback that can be cut and mended while the server runs: for what its clients do when it is gone.

import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

export interface TcpRelay extends AsyncDisposable {
  readonly port: number
  /** Ends all connections; new ones are refused until `mend`. */
  cut(): Promise<void>
  mend(): Promise<void>
  /** How many connections were made so far. */
  connections(): number
}

export async function openTcpRelay(to: number): Promise<TcpRelay> {
  const sockets = new Set<Socket>()
  let connections = 0
  const open = async (port: number): Promise<Server> => {
    const server = createServer((near) => {
      connections++
      const far = connect(to, '127.0.0.1')
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(one)
        one.on('error', () => other.destroy())
        one.on('close', () => {
          sockets.delete(one)
          other.destroy()
        })
        one.pipe(other)
      }
    }).listen(port, '127.0.0.1')
    await once(server, 'listening')
    return server
  }
  let server = await open(0)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening')
  const { port } = address
  async function cut(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  }
  return {
    port,
    cut,
    async mend() {
      server = await open(port)
    },
    connections: () => connections,
    [Symbol.asyncDispose]: cut,
  }
}
