// A SOCKS server (RFC 1928) that is all the network a program has: it says which names and ports there are and what stands behind them on
// this machine, notes what is asked for, and leads nowhere else. So a program asks for real names at real ports without any DNS.

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface SocksServer extends AsyncDisposable {
  readonly port: number
  /** `name:port`, in the order they were asked for, whether they are there or not. */
  readonly asked: readonly string[]
}

/** Where a name and port lead to, on loopback; undefined: nobody is there. */
export type Network = (host: string, port: number) => number | undefined

const VERSION = 5
const CONNECT = 1
const IPV4 = 1
const DOMAIN_NAME = 3
const succeeded = 0
const hostUnreachable = 4
const commandNotSupported = 7

export async function openSocksServer(network: Network): Promise<SocksServer> {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const keep = (socket: Socket, other?: Socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      sockets.delete(socket)
      other?.destroy()
    })
    other?.on('close', () => socket.destroy())
  }
  const server = createServer((near) => {
    keep(near)
    serve(near).catch(() => near.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  async function serve(near: Socket): Promise<void> {
    const take = taker(near)
    const [, methods = 0] = await take(2)
    await take(methods)
    // No authentication.
    near.write(Uint8Array.of(VERSION, 0))
    const [, command, , kind] = await take(4)
    const answer = (reply: number) => {
      // As if it went out from here.
      near.write(Uint8Array.of(VERSION, reply, 0, IPV4, 127, 0, 0, 1, 0, 0))
    }
    if (command !== CONNECT || kind !== DOMAIN_NAME) {
      answer(commandNotSupported)
      near.end()
      return
    }
    const [length = 0] = await take(1)
    const host = (await take(length)).toString('latin1')
    const port = (await take(2)).readUInt16BE()
    asked.push(`${host}:${port}`)
    const to = network(host, port)
    if (to === undefined) {
      answer(hostUnreachable)
      near.end()
      return
    }
    const far = connect(to, '127.0.0.1')
    keep(far, near)
    await once(far, 'connect')
    answer(succeeded)
    near.pipe(far).pipe(near)
  }

  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening')
  return {
    port: address.port,
    asked,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** So many bytes of what comes, and no more: what is behind them is not ours to read. */
function taker(socket: Socket): (bytes: number) => Promise<Buffer> {
  return async (bytes) => {
    if (bytes === 0) return Buffer.alloc(0)
    for (;;) {
      const read: Buffer | null = socket.read(bytes)
      if (read !== null) return read
      if (socket.readableEnded || socket.destroyed) throw new Error('ended in between')
      await Promise.race([once(socket, 'readable'), once(socket, 'end')])
    }
  }
}
