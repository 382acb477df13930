// The health server of a container, asked by the load balancer. `/readyz` is 200 from when the listeners are open until the drain
// begins. Deliberately: it says nothing of DynamoDB or S3, whose outage would take all tasks down at once and help nobody.

import { once } from 'node:events'
import { createServer } from 'node:http'

export type HealthServer = {
  readonly port: number
  setReady(ready: boolean): void
  close(): Promise<void>
}

/** `address` '' for all addresses of the machine. */
export async function openHealthServer(address: string, port: number): Promise<HealthServer> {
  let ready = false
  const server = createServer((request, response) => {
    const status = request.url === '/livez' || (request.url === '/readyz' && ready) ? 200 : 503
    response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' })
    response.end(status === 200 ? 'ok\n' : 'not ready\n')
  })
  server.listen(address === '' ? { port } : { port, host: address })
  await once(server, 'listening')
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('not listening on TCP')
  return {
    port: bound.port,
    setReady(is) {
      ready = is
    },
    async close() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
