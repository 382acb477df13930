// Remote delivery: takes a message to the hosts of a next hop by SMTP (RFC 5321), one connection for one group of recipients.
// Correct but simple: hosts are tried in order until one takes a session; what it then says of a recipient counts.
// Retries are the queue's. Bare CR and LF leave as CRLF (RFC 5321 §2.3.8), all other bytes as they are.
//
// TLS is opportunistic unless smtpTlsSecurityLevel says otherwise: STARTTLS where offered, without looking at the certificate;
// where that fails, once more in clear. A relay host that wants a login gets it only over TLS.

import type { Socket } from 'node:net'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import { canonicalAddress } from '#shared/mail/address.ts'
import { parseNextHop } from '#shared/mail/next-hop.ts'
import { type Clock, systemClock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { type Connect, connectTcp } from './connect.ts'
import { Obstacles } from './obstacles.ts'
import { deferred, type Failure, failed, temporary } from './outcome.ts'
import { findAddresses, findHosts, loops, permittedAddresses } from './route.ts'
import { type Security, securityFor, type TlsSecurityLevel } from './security.ts'
import {
  openSession,
  type Refusal,
  type RelayAuth,
  type Session,
  SUBMISSIONS_PORT,
} from './session.ts'
import type { Targets } from './targets.ts'
import type { Timeouts } from './timeouts.ts'
import { transact } from './transaction.ts'
import type { RemoteGroup } from './transfer.ts'

export interface RemoteDelivery {
  /** One result for each recipient, in order. Rejects only for bugs. */
  deliver(group: RemoteGroup): Promise<readonly DeliveryResult[]>
}

export type RemoteDeliverySettings = {
  /** Our name in EHLO, and the mail host we never connect to. */
  readonly hostname: string
  /** Next hop in Postfix's notation, '' for none. */
  readonly relayhost: string
  /** Used at the relay host alone. */
  readonly relayhostAuth: RelayAuth | null
  readonly tlsSecurityLevel: TlsSecurityLevel
  /** PEM certificates to trust instead of the usual ones. */
  readonly tlsCa?: string | undefined
  readonly disableMimeOutputConversion: boolean
  readonly timeouts: Timeouts
}

/** Addresses tried for one group, all hosts together; as Postfix's smtp_mx_address_limit. */
export const ADDRESSES_TRIED_MAX = 5
/** Hosts whose addresses are looked up for one group. */
export const HOSTS_TRIED_MAX = 10

export function createRemoteDelivery(parts: {
  readonly resolver: Resolver
  readonly settings: RemoteDeliverySettings
  readonly log: Log
  readonly targets: Targets
  readonly connect?: Connect
  readonly random?: () => number
  readonly clock?: Clock
}): RemoteDelivery {
  const { resolver, targets, settings, log, connect = connectTcp, random = Math.random } = parts
  const { clock = systemClock } = parts
  const { hostname, timeouts } = settings

  async function deliver(group: RemoteGroup): Promise<readonly DeliveryResult[]> {
    const { recipients } = group
    // A domain of U-labels needs no SMTPUTF8 once it is written in A-labels.
    const sender = canonicalAddress(group.sender)
    if (!isSendable(sender)) return recipients.map(() => failed('5.1.7', unsendable(sender)))
    const sendable = recipients.filter((recipient) => isSendable(recipient.address))
    const results =
      sendable.length === 0 ? [] : await attempt({ ...group, sender, recipients: sendable })
    const byRecipient = new Map(sendable.map((recipient, i) => [recipient, results[i]]))
    return recipients.map(
      (recipient) => byRecipient.get(recipient) ?? failed('5.1.3', unsendable(recipient.address)),
    )
  }

  async function attempt(group: RemoteGroup): Promise<readonly DeliveryResult[]> {
    const startedMs = clock.now()
    const reached = await reach(group)
    if (reached.kind === 'session') {
      group.onReached?.({ relay: reached.peer, connectMs: clock.now() - startedMs })
    }
    return reached.kind === 'session'
      ? await transact(reached, group, settings)
      : group.recipients.map(() => reached)
  }

  /** The first host that takes a session, or why none did. */
  async function reach(group: RemoteGroup): Promise<Session | Failure> {
    const hop = parseNextHop(group.nextHop)
    if (hop === undefined) return failed('5.1.2', `${group.nextHop}: no domain and no host`)
    const isRelay = settings.relayhost !== '' && group.nextHop === settings.relayhost
    const route = await findHosts(hop, { resolver, hostname, random })
    // A relay host that is not found is our mistake, and no reason to return everybody's mail.
    if (route.kind !== 'route') return isRelay ? temporary(route) : route
    const obstacles = new Obstacles()
    let tried = 0
    for (const host of route.hosts.slice(0, HOSTS_TRIED_MAX)) {
      const found = await findAddresses(host, resolver)
      if (found.kind !== 'addresses') {
        obstacles.add('lookup', isRelay ? temporary(found) : found)
        continue
      }
      const permitted = isRelay
        ? { addresses: found.addresses, endsRoute: false, failure: undefined }
        : permittedAddresses(found.addresses, { host, domain: hop.host }, targets)
      if (permitted.addresses.length === 0) {
        if (permitted.failure) obstacles.add('target', permitted.failure)
        if (permitted.endsRoute) break
        continue
      }
      for (const address of permitted.addresses) {
        if (tried++ === ADDRESSES_TRIED_MAX) return obstacles.told ?? noHost(group)
        const target = { host, address, port: hop.port, nextHop: hop.host, isRelay }
        const session = await open(target, (refusal) => {
          obstacles.add(refusal.stage, refusal.failure)
          log.info({ queueId: group.queueId, reply: refusal.failure.reply }, 'host refused')
        })
        if (session === undefined) continue
        if (isRelay || session.greetedBy !== hostname.toLowerCase()) return session
        // As Postfix: behind an address translation only its greeting tells that the host is this machine.
        session.connection.close()
        obstacles.add('target', loops(hop.host))
        return obstacles.told ?? noHost(group)
      }
    }
    return obstacles.told ?? noHost(group)
  }

  /** Undefined when every way was refused. */
  async function open(
    target: Target,
    onRefused: (refusal: Refusal) => void,
  ): Promise<Session | undefined> {
    const { host, nextHop, port, isRelay } = target
    const auth = isRelay ? settings.relayhostAuth : null
    const { tlsSecurityLevel, tlsCa: ca } = settings
    const security = securityFor(tlsSecurityLevel, { host, nextHop, logsIn: auth !== null, ca })
    const session = await openWith(target, security, auth)
    if (session.kind === 'session') return session
    onRefused(session)
    // A connection is lost with its handshake, so clear text needs a fresh one.
    const mayBeClear = security.kind === 'opportunistic' && port !== SUBMISSIONS_PORT
    if (!session.tlsFailed || !mayBeClear) return undefined
    const inClear = await openWith(target, { kind: 'clear' }, null)
    if (inClear.kind === 'session') return { ...inClear, tlsFailure: session.failure }
    onRefused(inClear)
    return undefined
  }

  async function openWith(
    target: Target,
    security: Security,
    auth: RelayAuth | null,
  ): Promise<Session | Refusal> {
    const { host, address, port } = target
    const peer = `${host}[${address}]:${port}`
    let socket: Socket
    try {
      socket = await connect({ address, port, timeoutMs: timeouts.connectMs })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const failure = deferred('4.4.1', `connect to ${peer}: ${reason}`)
      return { kind: 'refusal', failure, stage: 'connect', tlsFailed: false }
    }
    return await openSession({ socket, host, port, peer, hostname, security, auth, timeouts })
  }

  return { deliver }
}

type Target = {
  readonly host: string
  readonly address: string
  readonly port: number
  readonly nextHop: string
  readonly isRelay: boolean
}

/** Cannot happen: there is a host, and it was looked up and tried. */
function noHost({ nextHop }: RemoteGroup): Failure {
  return deferred('4.4.1', `${nextHop}: no host to try`)
}

/** Deliberately: nodemailer refuses angle brackets, which only a quoted local part could have. */
function isSendable(address: string): boolean {
  return !/[<>\r\n]/.test(address)
}

function unsendable(address: string): string {
  return `<${address}>: cannot be written in a command`
}
