// Takes a message to the hosts of a next hop by SMTP (RFC 5321), one connection for one transfer. Correct but simple: hosts are tried in
// order until one takes a session; what it then says of a recipient counts. Retries are the queue's. Bare CR and LF leave as CRLF
// (RFC 5321 §2.3.8).
//
// TLS is opportunistic unless the hop's policy says otherwise: STARTTLS where offered, without looking at the certificate; where that
// fails, once more in clear. A hop that wants a login gets it only over TLS.

import type { Socket } from 'node:net'
import type { Undelivered } from '#shared/contracts/delivery.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import { canonicalAddress } from '#shared/mail/address.ts'
import { formatNextHop, type NextHop } from '#shared/mail/next-hop.ts'
import type { RemoteAttempt } from '#shared/queue/pipeline.ts'
import { type Clock, systemClock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Connect } from './connect.ts'
import type { HopPolicy, Login, PolicyOf } from './hop-policy.ts'
import { Obstacles } from './obstacles.ts'
import { defer, fail, makeTemporary } from './outcome.ts'
import { failAsLoop, findAddresses, findHosts, permitAddresses } from './route.ts'
import { openSession, type Refusal, type Session, SUBMISSIONS_PORT } from './session.ts'
import type { Targets } from './targets.ts'
import type { HostSecurity } from './tls/host-security.ts'
import { transact } from './transaction.ts'
import type { Transfer, Transport } from './transport.ts'

/** Addresses tried for one transfer, all hosts together; as Postfix's smtp_mx_address_limit. */
export const ADDRESSES_TRIED_MAX = 5
/** Hosts whose addresses are looked up for one transfer. */
export const HOSTS_TRIED_MAX = 10

export type SmtpTransportDeps = {
  readonly resolver: Resolver
  readonly policyOf: PolicyOf
  readonly targets: Targets
  /** Our name in EHLO, and the mail host we never connect to. */
  readonly hostname: string
  readonly connect: Connect
  readonly log: Log
  readonly random?: () => number
  readonly clock?: Clock
}

export function createSmtpTransport(deps: SmtpTransportDeps): Transport {
  const { clock = systemClock } = deps

  async function deliver(transfer: Transfer): Promise<RemoteAttempt> {
    const { recipients, route } = transfer
    if (route.kind !== 'smtp') throw new Error(`${route.kind} is not SMTP`)
    const [hop] = route.hops
    // A domain of U-labels needs no SMTPUTF8 once it is written in A-labels.
    const sender = canonicalAddress(transfer.sender)
    if (!isSendable(sender)) {
      const results = recipients.map(() => fail('5.1.7', tellUnsendable(sender)))
      return { results, destination: { kind: 'untried' } }
    }
    const sendable = recipients.filter((recipient) => isSendable(recipient.address))
    const { results, destination }: RemoteAttempt =
      sendable.length === 0
        ? { results: [], destination: { kind: 'untried' } }
        : await attempt({ ...transfer, sender, recipients: sendable }, hop)
    const byRecipient = new Map(sendable.map((recipient, i) => [recipient, results[i]]))
    return {
      results: recipients.map(
        (recipient) =>
          byRecipient.get(recipient) ?? fail('5.1.3', tellUnsendable(recipient.address)),
      ),
      destination,
    }
  }

  async function attempt(transfer: Transfer, hop: NextHop): Promise<RemoteAttempt> {
    const policy = deps.policyOf(hop)
    const message = await transfer.openMessage(policy)
    const startedMs = clock.now()
    const { queueId, recipients, ageMs } = transfer
    const requireTls = transfer.requireTls && transfer.sender !== ''
    const reached = await reachHost(deps, { queueId, hop, requireTls, ageMs }, policy)
    if (reached.kind !== 'session') {
      const { reply } = reached
      return {
        results: recipients.map(() => reached),
        destination:
          reached.kind === 'failed' ? { kind: 'untried' } : { kind: 'unreachable', reply },
      }
    }
    transfer.onContact?.({ relay: reached.peer, connectMs: clock.now() - startedMs })
    const results = await transact(reached, { ...transfer, message }, policy)
    return { results, destination: { kind: 'reached' } }
  }

  return { deliver }
}

/** A session with the first host of a next hop that takes one, or why none did. */
export function reachHost(
  deps: SmtpTransportDeps,
  way: Way,
  policy: HopPolicy,
): Promise<Session | Undelivered> {
  return new Attempt(deps, way, policy).reach()
}

/** What of a transfer says where it goes; its queue id is for the log. */
export type Way = {
  readonly queueId: string
  readonly hop: NextHop
  readonly requireTls?: boolean
  readonly ageMs?: number
}

type Target = { readonly host: string; readonly address: string }

/** The way to a host that takes a session: all that stood in it is kept, until it is known what to tell. */
class Attempt {
  readonly #deps: SmtpTransportDeps
  readonly #way: Way
  readonly #policy: HopPolicy
  readonly #obstacles = new Obstacles()
  #addressesTried = 0

  constructor(deps: SmtpTransportDeps, way: Way, policy: HopPolicy) {
    this.#deps = deps
    this.#way = way
    this.#policy = policy
  }

  /** The first host that takes a session, or why none did. */
  async reach(): Promise<Session | Undelivered> {
    const { resolver, hostname, random = Math.random } = this.#deps
    const route = await findHosts(this.#way.hop, { resolver, hostname, random })
    if (route.kind !== 'route') return this.#unlessOurs(route)
    for (const host of route.hosts.slice(0, HOSTS_TRIED_MAX)) {
      const session = await this.#tryHost(host)
      if (session === 'next host') continue
      return session === 'no more' ? this.#told : session
    }
    return this.#told
  }

  /** `no more`: what stands behind this host is no better, or as much was tried as may be. */
  async #tryHost(host: string): Promise<Session | 'next host' | 'no more'> {
    const { resolver, targets } = this.#deps
    const found = await findAddresses(host, resolver)
    if (found.kind !== 'addresses') {
      this.#obstacles.add('lookup', this.#unlessOurs(found))
      return 'next host'
    }
    if (this.#isOurs) return await this.#tryAddresses(host, found.addresses)
    const named = { host, domain: this.#way.hop.host }
    const permitted = permitAddresses(found.addresses, named, targets)
    if (permitted.addresses.length > 0) return await this.#tryAddresses(host, permitted.addresses)
    this.#obstacles.add('target', permitted.failure)
    return permitted.endsRoute ? 'no more' : 'next host'
  }

  async #tryAddresses(
    host: string,
    addresses: readonly string[],
  ): Promise<Session | 'next host' | 'no more'> {
    for (const address of addresses) {
      if (this.#addressesTried++ === ADDRESSES_TRIED_MAX) return 'no more'
      const session = await this.#open({ host, address })
      if (session === undefined) continue
      const isMyself = session.greetedBy === this.#deps.hostname.toLowerCase()
      if (this.#isOurs || !isMyself) return session
      // As Postfix: behind an address translation only its greeting tells that the host is this machine.
      session.connection.close()
      this.#obstacles.add('target', failAsLoop(this.#way.hop.host))
      return 'no more'
    }
    return 'next host'
  }

  /** Undefined when every way was refused. */
  async #open(target: Target): Promise<Session | undefined> {
    const { auth, securityOf } = this.#policy
    const { hop, requireTls = false, ageMs = 0 } = this.#way
    const security = await securityOf({
      hop,
      host: target.host,
      logsIn: auth !== null,
      requireTls,
      tlsRequiredNo: false,
      ageMs,
    })
    if (security.kind === 'deferred' || security.kind === 'failed') {
      this.#refuse({ kind: 'refusal', failure: security, stage: 'target', tlsFailed: true })
      return undefined
    }
    const session = await this.#openWith(target, security, auth)
    if (session.kind === 'session') return session
    this.#refuse(session)
    // A connection is lost with its handshake, so clear text needs a fresh one.
    const isGivenUp =
      session.tlsRefused || (security.kind === 'opportunistic' && security.mayBeClear)
    const mayBeClear =
      security.kind === 'opportunistic' && isGivenUp && hop.port !== SUBMISSIONS_PORT
    if (!session.tlsFailed || !mayBeClear) return undefined
    const inClear = await this.#openWith(target, { kind: 'clear' }, null)
    if (inClear.kind === 'session') return { ...inClear, tlsFailure: session.failure }
    this.#refuse(inClear)
    return undefined
  }

  async #openWith(
    { host, address }: Target,
    security: HostSecurity,
    auth: Login | null,
  ): Promise<Session | Refusal> {
    const { connect, hostname } = this.#deps
    const { timeouts } = this.#policy
    const { port } = this.#way.hop
    const peer = `${host}[${address}]:${port}`
    let socket: Socket
    try {
      socket = await connect({ address, port, timeoutMs: timeouts.connectMs })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const failure = defer('4.4.1', `connect to ${peer}: ${reason}`)
      return { kind: 'refusal', failure, stage: 'connect', tlsFailed: false }
    }
    return await openSession({ socket, host, port, peer, hostname, security, auth, timeouts })
  }

  #refuse({ stage, failure }: Refusal): void {
    this.#obstacles.add(stage, failure)
    const { queueId } = this.#way
    this.#deps.log.info({ queueId, reply: failure.reply }, 'host refused')
  }

  get #isOurs(): boolean {
    return this.#policy.namedBy === 'administrator'
  }

  /** A relay host that is not found is our mistake, and no reason to return everybody's mail. */
  #unlessOurs(failure: Undelivered): Undelivered {
    return this.#isOurs ? makeTemporary(failure) : failure
  }

  get #told(): Undelivered {
    // Cannot happen: there is a host, and it was looked up and tried.
    return this.#obstacles.told ?? defer('4.4.1', `${formatNextHop(this.#way.hop)}: no host to try`)
  }
}

/** Deliberately: nodemailer refuses angle brackets, which only a quoted local part could have. */
export function isSendable(address: string): boolean {
  return !/[<>\r\n]/.test(address)
}

function tellUnsendable(address: string): string {
  return `<${address}>: cannot be written in a command`
}
