import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { openHealthServer } from '#services/aws/health.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import type { ProxyProtocol } from '#test/support/deployment/inventory.ts'
import { LoadBalancerListener, TargetPool } from '#test/support/deployment/load-balancer.ts'

let resources = new AsyncDisposableStack()
afterEach(async () => {
  await resources.disposeAsync()
  resources = new AsyncDisposableStack()
})

const header = /^\r\n\r\n\0\r\nQUIT\n!\x11\0\x0c\x7f\x09\x09\x09\x7f\0\0\x01/

/** A server that greets, then says what it has received and from where. */
async function target(name: string, isReady = true): Promise<{ port: number; healthPort: number }> {
  const server = createServer((socket) => {
    socket.write(`${name} greets ${socket.remoteAddress}\n`)
    socket.on('data', (chunk) => socket.end(`got ${chunk.toString('latin1')}`))
    socket.on('error', () => undefined)
  })
  const health = await openHealthServer('127.0.0.1', 0, systemClock)
  health.setReady(isReady)
  resources.defer(() => health.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  resources.defer(() => void server.close())
  return { port: portOf(server.address()), healthPort: health.port }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function listener(
  proxyProtocol: ProxyProtocol,
  { port, healthPort }: { readonly port: number; readonly healthPort: number },
): Promise<LoadBalancerListener> {
  const pool = new TargetPool({ arn: '', healthPort, healthPath: '/readyz', proxyProtocol })
  pool.register({ address: '127.0.0.1', port })
  await pool.checkHealth()
  return resources.use(await LoadBalancerListener.open(pool))
}

function client({ port }: LoadBalancerListener): Socket {
  const socket = connect({ port, host: '127.0.0.1', localAddress: '127.9.9.9' })
  socket.setEncoding('latin1')
  resources.defer(() => void socket.destroy())
  return socket
}

const all = async (socket: Socket) => (await Array.fromAsync(socket)).join('')

describe('the load balancer', () => {
  it('keeps the address of the client', async () => {
    const socket = client(await listener('off', await target('a')))
    expect(await once(socket, 'data')).toEqual(['a greets 127.9.9.9\n'])
    socket.write('hello')
    expect(await all(socket)).toBe('got hello')
  })

  it('holds the header back until the client says something', async () => {
    const socket = client(await listener('with-payload', await target('a')))
    expect(await once(socket, 'data')).toEqual(['a greets 127.0.0.1\n'])
    socket.write('hello')
    const [, got = ''] = (await all(socket)).split('got ')
    expect(got).toMatch(header)
    expect(got.endsWith('hello')).toBe(true)
  })
})
