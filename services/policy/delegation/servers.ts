// The policy servers that lists name, with the connections to each. Whoever asks gets one that rests, or a new one up to a limit, or waits
// for the next that is free; all within the time of one request.

import type { Clock } from '#shared/runtime/clock.ts'
import type { PolicyServiceOptions } from '#shared/settings/restrictions/policy-service.ts'
import type { ServiceAddress } from '#shared/settings/service-address.ts'
import { PolicyConnection } from './connection.ts'
import { PolicyServerFailure } from './failure.ts'

/** To one server. Debian's policyd-weight has up to 50 processes, a connection each. */
export const POLICY_CONNECTIONS_MAX = 40
/** Requests that wait for one; whoever comes after is a failure at once. */
export const POLICY_WAITING_MAX = 1_000

export interface PolicyServers {
  at(endpoint: ServiceAddress): PolicyServer
}

export interface PolicyServer {
  /** The action that it answers. Rejects with the reason why there is none. */
  ask(request: string, options: AskOptions): Promise<string>
}

export type AskOptions = Pick<
  PolicyServiceOptions,
  'timeout' | 'maxIdle' | 'maxTtl' | 'requestLimit' | 'tryLimit' | 'retryDelay'
>

export function createPolicyServers(deps: { readonly clock: Clock }): PolicyServers {
  const servers = new Map<string, PolicyServer>()
  return {
    at(endpoint) {
      const name = JSON.stringify(endpoint)
      const server = servers.get(name) ?? new Server(endpoint, deps.clock)
      servers.set(name, server)
      return server
    },
  }
}

/** For rehearsals: a server may remember whom it was asked about, so that nobody is asked, and nothing said. */
export const noPolicyServers: PolicyServers = { at: () => ({ ask: async () => 'DUNNO' }) }

class Server implements PolicyServer {
  readonly #endpoint: ServiceAddress
  readonly #clock: Clock
  /** The last that rested is asked first, so that what is not needed ends. */
  readonly #resting: PolicyConnection[] = []
  readonly #waiting = new Set<() => void>()
  #count = 0

  constructor(endpoint: ServiceAddress, clock: Clock) {
    this.#endpoint = endpoint
    this.#clock = clock
  }

  async ask(request: string, options: AskOptions): Promise<string> {
    for (let tries = 1; ; tries += 1) {
      const before = { rested: false }
      try {
        return await within(this.#clock, options.timeout, (signal) =>
          this.#try(request, options, before, signal),
        )
      } catch (error) {
        if (tries >= options.tryLimit) throw error
        // It may have been closed while it rested: that says nothing of how the server is.
        if (!before.rested) await this.#clock.sleep(options.retryDelay)
      }
    }
  }

  async #try(
    request: string,
    options: AskOptions,
    before: { rested: boolean },
    signal: AbortSignal,
  ): Promise<string> {
    const connection = await this.#take(options, before, signal)
    try {
      return await connection.ask(request, signal)
    } finally {
      this.#release(connection, options)
    }
  }

  async #take(
    { maxTtl }: AskOptions,
    before: { rested: boolean },
    signal: AbortSignal,
  ): Promise<PolicyConnection> {
    for (;;) {
      const rested = this.#resting.pop()
      if (rested !== undefined) {
        before.rested = true
        if (this.#clock.now() - rested.openedMs < maxTtl) return rested
        rested.end(new PolicyServerFailure('was used for long'))
      } else if (this.#count < POLICY_CONNECTIONS_MAX) {
        before.rested = false
        return this.#open()
      } else {
        await this.#wait(signal)
      }
    }
  }

  #open(): PolicyConnection {
    const connection = new PolicyConnection(this.#endpoint, this.#clock.now(), () => {
      this.#count -= 1
      const at = this.#resting.indexOf(connection)
      if (at !== -1) this.#resting.splice(at, 1)
      this.#wakeOne()
    })
    this.#count += 1
    return connection
  }

  #release(connection: PolicyConnection, { requestLimit, maxIdle }: AskOptions): void {
    if (!connection.isOpen) return
    if (requestLimit > 0 && connection.requests >= requestLimit) {
      connection.end(new PolicyServerFailure('was asked often'))
      return
    }
    connection.rest(maxIdle)
    this.#resting.push(connection)
    this.#wakeOne()
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= POLICY_WAITING_MAX) {
      throw new PolicyServerFailure(`has ${POLICY_WAITING_MAX} requests waiting`)
    }
    return new Promise((resolve, reject) => {
      const wake = () => {
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', give)
        resolve()
      }
      const give = () => {
        this.#waiting.delete(wake)
        reject(signal.reason)
      }
      this.#waiting.add(wake)
      signal.addEventListener('abort', give, { once: true })
    })
  }

  #wakeOne(): void {
    const [wake] = this.#waiting
    wake?.()
  }
}

async function within<T>(
  clock: Clock,
  timeMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController()
  const done = new AbortController()
  const watching = clock.sleep(timeMs, done.signal).then(() => {
    if (!done.signal.aborted) {
      late.abort(new PolicyServerFailure(`does not answer within ${timeMs} ms`))
    }
  })
  try {
    return await work(late.signal)
  } finally {
    done.abort()
    await watching
  }
}
