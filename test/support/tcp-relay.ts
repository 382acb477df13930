// A line to a server on loopback that can be cut and mended while the server runs: for what its clients do when it is gone.

import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { freePort } from './server-process.ts'

export interface TcpRelay extends AsyncDisposable {
  readonly port: number
  /** Ends all connections; new ones are refused until `mend`. */
  cut(): Promise<void>
  mend(): Promise<void>
  /** How many connections were made so far. */
  connections(): number
  /** How many bytes came from the server so far. */
  carried(): number
}

export async function openTcpRelay(to: number): Promise<TcpRelay> {
  const sockets = new Set<Socket>()
  let connections = 0
  let carried = 0
  const open = async (port: number): Promise<Server> => {
    const server = createServer((near) => {
      connections++
      const far = connect(to, '127.0.0.1').on('data', ({ length }) => {
        carried += length
      })
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
  // Nobody else gets it while the line is cut.
  const port = await freePort()
  let server = await open(port)
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
    carried: () => carried,
    [Symbol.asyncDispose]: cut,
  }
}
