// What stands for the network load balancer: a loopback port for each listener, connections in turn to the targets that answer
// their health check, the client's address kept or told by PROXY protocol as the target group says.

import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { localHeader, proxyHeader } from '../proxy-header.ts'
import type { ProxyProtocol, TargetGroup } from './inventory.ts'

const HEALTH_EVERY_MS = 100
const HEALTH_TIMEOUT_MS = 2_000

export type Target = { readonly address: string; readonly port: number }

export class TargetPool {
  readonly #group: TargetGroup
  readonly #targets = new Set<Target & { isHealthy: boolean }>()
  #turn = 0

  constructor(group: TargetGroup) {
    this.#group = group
  }

  get proxyProtocol(): ProxyProtocol {
    return this.#group.proxyProtocol
  }

  register(target: Target): void {
    this.#targets.add({ ...target, isHealthy: false })
  }

  /** New connections go elsewhere; those that are open stay. */
  deregister(address: string): void {
    for (const target of this.#targets) {
      if (target.address === address) this.#targets.delete(target)
    }
  }

  next(): Target | undefined {
    const healthy = [...this.#targets].filter(({ isHealthy }) => isHealthy)
    this.#turn += 1
    return healthy[this.#turn % healthy.length]
  }

  get healthyCount(): number {
    return [...this.#targets].filter(({ isHealthy }) => isHealthy).length
  }

  async checkHealth(): Promise<void> {
    const { healthPort, healthPath } = this.#group
    await Promise.all(
      [...this.#targets].map(async (target) => {
        const at = { host: target.address, port: healthPort }
        target.isHealthy = await isReady(at, healthPath, this.#group.proxyProtocol !== 'off')
      }),
    )
  }
}

/** Where the load balancer speaks PROXY protocol, its own connections begin with a header too. */
function isReady(
  at: { readonly host: string; readonly port: number },
  path: string,
  isProxied: boolean,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(at)
  if (isProxied) socket.write(localHeader())
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${at.host}\r\nConnection: close\r\n\r\n`)
  socket.setTimeout(HEALTH_TIMEOUT_MS, () => socket.destroy())
  socket.once('data', (answer) => {
    resolve(/^HTTP\/1\.1 200 /.test(answer.toString('latin1')))
    socket.destroy()
  })
  socket.on('error', () => {}).once('close', () => resolve(false))
  return promise
}

function headerOf({
  remoteAddress = '',
  remotePort = 0,
  localAddress = '',
  localPort = 0,
}: Socket) {
  return proxyHeader({
    source: { address: remoteAddress, port: remotePort },
    destination: { address: localAddress, port: localPort },
  })
}

/** Asks all targets again and again until the signal aborts. */
export async function watchHealth(
  pools: readonly TargetPool[],
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await Promise.all(pools.map((pool) => pool.checkHealth()))
    await delay(HEALTH_EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined)
  }
}

export class LoadBalancerListener implements AsyncDisposable {
  static async open(pool: TargetPool, header?: 'at-once'): Promise<LoadBalancerListener> {
    const isProxied = pool.proxyProtocol !== 'off'
    const listener = new LoadBalancerListener(pool, (isProxied && header) || pool.proxyProtocol)
    listener.#server.listen(0, '127.0.0.1')
    await once(listener.#server, 'listening')
    return listener
  }

  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(pool: TargetPool, proxyProtocol: ProxyProtocol) {
    // Reading starts when there is a target; a client may say all it has and end before that.
    this.#server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (client) =>
      this.#accept(client, pool, proxyProtocol),
    )
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('not listening')
    return address.port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #accept(client: Socket, pool: TargetPool, proxyProtocol: ProxyProtocol): void {
    const target = pool.next()
    if (target === undefined) return void client.destroy()
    const { address, port } = target
    const server = connect({
      host: address,
      port,
      allowHalfOpen: true,
      noDelay: true,
      // With PROXY protocol the load balancer connects in its own name.
      ...(proxyProtocol === 'off' && { localAddress: client.remoteAddress ?? '127.0.0.1' }),
    })
    this.#keep(client, server)
    server.pipe(client)
    if (proxyProtocol === 'at-once') server.write(headerOf(client))
    if (proxyProtocol !== 'with-payload') return void client.pipe(server)
    client.once('end', () => server.end())
    client.once('data', (first) => {
      server.write(Buffer.concat([headerOf(client), first]))
      client.pipe(server)
    })
    client.resume()
  }

  #keep(client: Socket, server: Socket): void {
    const pair = [client, server] as const
    for (const [socket, other] of [pair, [server, client] as const]) {
      this.#sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        if (!socket.readableEnded) other.destroy()
      })
    }
  }
}
