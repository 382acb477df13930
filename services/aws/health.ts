// The health server of a container, asked by the load balancer. `/readyz` is 200 from when the listeners are open until the drain
// begins. Deliberately: it says nothing of DynamoDB or S3, whose outage would take all tasks down at once and help nobody.
//
// A load balancer that speaks PROXY protocol puts its header before health checks too; whether one comes is seen at the first
// byte, which is never that of an HTTP request.

import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { readProxyHeader } from '#shared/net/proxied-socket.ts'
import type { Clock } from '#shared/runtime/clock.ts'

const PROXY_HEADER_FIRST = 0x0d

export type HealthServer = {
  readonly port: number
  setReady(ready: boolean): void
  close(): Promise<void>
}

/** `address` '' for all addresses of the machine. */
export async function openHealthServer(
  address: string,
  port: number,
  clock: Clock,
): Promise<HealthServer> {
  let ready = false
  const http = createHttpServer((request, response) => {
    const status = request.url === '/livez' || (request.url === '/readyz' && ready) ? 200 : 503
    response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' })
    response.end(status === 200 ? 'ok\n' : 'not ready\n')
  })
  const sockets = new Set<Socket>()
  const door = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).once('close', () => sockets.delete(socket))
    socket.once('readable', async () => {
      const first: Buffer | null = socket.read()
      if (first === null) return void socket.destroy()
      socket.unshift(first)
      if (first[0] === PROXY_HEADER_FIRST) {
        const { kind } = await readProxyHeader(socket, clock)
        if (kind !== 'header') return void socket.destroy()
      }
      http.emit('connection', socket)
    })
  })
  door.listen(address === '' ? { port } : { port, host: address })
  await once(door, 'listening')
  const bound = door.address()
  if (bound === null || typeof bound === 'string') throw new Error('not listening on TCP')
  return {
    port: bound.port,
    setReady(is) {
      ready = is
    },
    async close() {
      const closed = once(door, 'close')
      door.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
