// The door of every listener: finds out whose connection it is, asks the PROXY header where a trusted proxy or load balancer stands
// before the client, and lets in as many as there may be, in all and per network of a client (client-network.ts).

import type { Socket } from 'node:net'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { createNetworkMatcher } from '#shared/settings/networks.ts'
import { clientNetwork, clientSite } from './client-network.ts'
import { plainAddress } from './plain-address.ts'
import { readProxyHeader } from './proxied-socket.ts'

/** Half of what listeners serve by default, so that no site has it all; a provider may make a site of many customers. */
export const SITE_LIMIT_FACTOR = 10

export type ClientGateOptions = {
  /** Those that wait for their PROXY header count too. */
  readonly connectionCountLimit: number
  /** For each IPv4 address and each IPv6 network; for the /48 around that, `SITE_LIMIT_FACTOR` times as many. */
  readonly clientConnectionCountLimit: number
  /** Clients to whom that limit does not apply. Default: none. */
  readonly mynetworks?: readonly string[]
  /** Connections from these networks begin with a PROXY header, all others never. Default: none. */
  readonly proxyTrustedNetworks?: readonly string[]
}

export type Client = { readonly address: string; readonly port: number }

/** What becomes of a socket; exactly one is called, or none when it is gone. Never with a destroyed one. */
export type GateDecision = {
  /** `leave` makes the place free; it may come twice. */
  admitted(client: Client, leave: () => void): void
  /** A limit is reached: the socket is to be ended. */
  refused(client: Client): void
}

export class ClientGate {
  readonly #options: ClientGateOptions
  readonly #clock: Clock
  readonly #log: Log
  readonly #isTrustedProxy: (address: string) => boolean
  readonly #waiting = new Set<Socket>()
  readonly #isUnlimited: (address: string) => boolean
  readonly #perNetwork = new Map<string, number>()
  #connections = 0

  constructor(
    options: ClientGateOptions,
    { clock, log }: { readonly clock: Clock; readonly log: Log },
  ) {
    this.#options = options
    this.#clock = clock
    this.#log = log
    this.#isTrustedProxy = createNetworkMatcher(options.proxyTrustedNetworks ?? [])
    this.#isUnlimited = createNetworkMatcher(options.mynetworks ?? [])
  }

  /** Connections that have a place now. */
  get connections(): number {
    return this.#connections
  }

  /** Decides before it returns where there is no header to wait for. */
  enter(socket: Socket, decision: GateDecision): void {
    // Until somebody is in charge of the socket nobody else would hear it.
    socket.on('error', () => {})
    const { remoteAddress, remotePort = 0 } = socket
    // The client was gone before we looked.
    if (remoteAddress === undefined) {
      socket.destroy()
      return
    }
    const peer = { address: plainAddress(remoteAddress), port: remotePort }
    if (this.#connections >= this.#options.connectionCountLimit) decision.refused(peer)
    else if (this.#isTrustedProxy(peer.address)) void this.#enterBehindProxy(socket, peer, decision)
    else this.#admit(peer, decision)
  }

  /** Ends who waits for a PROXY header. */
  close(): void {
    for (const socket of this.#waiting) socket.destroy()
  }

  async #enterBehindProxy(socket: Socket, proxy: Client, decision: GateDecision): Promise<void> {
    this.#connections += 1
    this.#waiting.add(socket)
    const introduction = await readProxyHeader(socket, this.#clock)
    this.#waiting.delete(socket)
    this.#connections -= 1
    if (socket.destroyed) return
    if (introduction.kind === 'header' && introduction.command === 'proxy') {
      this.#admit(introduction.source ?? proxy, decision)
      return
    }
    // A health check, and whoever went without a word, are nobody's news.
    if (introduction.kind === 'invalid') {
      const { reason } = introduction
      this.#log.warn({ proxy: proxy.address, reason }, 'PROXY header refused')
    }
    socket.destroy()
  }

  #admit(client: Client, decision: GateDecision): void {
    const { clientConnectionCountLimit: max } = this.#options
    const network = clientNetwork(client.address)
    const site = clientSite(client.address)
    const isFull =
      this.#open(network) >= max ||
      (site !== undefined && this.#open(site) >= SITE_LIMIT_FACTOR * max)
    if (isFull && !this.#isUnlimited(client.address)) {
      decision.refused(client)
      return
    }
    const networks = site === undefined ? [network] : [network, site]
    this.#connections += 1
    for (const name of networks) this.#perNetwork.set(name, this.#open(name) + 1)
    let left = false
    decision.admitted(client, () => {
      if (!left) this.#leave(networks)
      left = true
    })
  }

  #open(network: string): number {
    return this.#perNetwork.get(network) ?? 0
  }

  #leave(networks: readonly string[]): void {
    this.#connections -= 1
    for (const name of networks) {
      const left = this.#open(name) - 1
      if (left <= 0) this.#perNetwork.delete(name)
      else this.#perNetwork.set(name, left)
    }
  }
}
