// A policy server of Postfix's delegation protocol that does as a test says.

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { ServiceAddress } from '#shared/settings/service-address.ts'

/** What it does with a request, written to the socket as it is. */
export type PolicyAnswer = (socket: Socket, request: ReadonlyMap<string, string>) => void

export interface FakePolicyServer extends AsyncDisposable {
  readonly endpoint: Extract<ServiceAddress, { readonly kind: 'inet' }>
  readonly requests: ReadonlyMap<string, string>[]
  /** How many it has taken since it began. */
  connections(): number
  /** Those that are open. */
  readonly sockets: ReadonlySet<Socket>
}

export const answering =
  (action: string): PolicyAnswer =>
  (socket) =>
    void socket.write(`action=${action}\n\n`)

export async function startPolicyServer(answer: PolicyAnswer): Promise<FakePolicyServer> {
  const requests: ReadonlyMap<string, string>[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    let pending = ''
    socket.on('data', (piece) => {
      pending += piece.toString()
      for (;;) {
        const end = pending.indexOf('\n\n')
        if (end === -1) return
        const request = attributesOf(pending.slice(0, end))
        pending = pending.slice(end + 2)
        requests.push(request)
        answer(socket, request)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    endpoint: { kind: 'inet', host: '127.0.0.1', port: address.port },
    requests,
    sockets,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function attributesOf(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\n').map((line) => {
      const equals = line.indexOf('=')
      return [line.slice(0, equals), line.slice(equals + 1)]
    }),
  )
}
