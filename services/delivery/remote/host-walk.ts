// The way to the hosts of one next hop: from each that is tried either a session comes, new or kept from a message before, or what stood in
// the way.

import type { Socket } from 'node:net'
import type { Undelivered } from '#shared/contracts/delivery.ts'
import { formatNextHop, type NextHop } from '#shared/mail/next-hop.ts'
import type { Targets } from '#shared/net/targets.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { AddressWalk, type Target } from './address-walk.ts'
import { openSession, type Refusal } from './client/open-session.ts'
import { type Peer, type Protocol, relayOf, type Session } from './client/session.ts'
import type { SessionCache } from './client/session-cache.ts'
import { type Connect, tellConnectError } from './connect.ts'
import type { NextHopChoice } from './hop-choice.ts'
import type { HopPolicy } from './hop-policy.ts'
import { failAsLoop } from './mail-hosts.ts'
import type { ObstacleSink, Stage } from './obstacles.ts'
import { defer } from './outcome.ts'
import type { HostSecurity, SecurityOf } from './tls/host-security.ts'
import type { TlsClient } from './tls/tls-client.ts'

export type HostWalkDeps = {
  readonly choice: NextHopChoice
  readonly targets: Targets
  /** What we call ourselves. */
  readonly heloName: string
  /** EHLO keywords that are not heard, in upper case. */
  readonly ignoredExtensions: ReadonlySet<string>
  readonly connect: Connect
  readonly tlsClient: TlsClient
  readonly sessions: SessionCache
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
}

/** Where it goes: a next hop, or a socket of this machine. */
export type Place = NextHop | { readonly socketFile: string }

export type Way = {
  readonly queueId: string
  readonly place: Place
  readonly protocol: Protocol
  readonly requireTls: boolean
  readonly tlsRequiredNo: boolean
  readonly ageMs: number
}

export type Reached = { readonly session: Session; readonly isKept: boolean }

export class HostWalk {
  readonly #deps: HostWalkDeps
  readonly #way: Way
  readonly #policy: HopPolicy
  readonly #obstacles: ObstacleSink
  readonly #walk: AddressWalk | undefined
  readonly #targets: AsyncIterator<Target, void>
  readonly #security = new Map<Session, HostSecurity>()
  #sessionsLeft: number
  /** A session that was kept is asked for once: one that a recipient was refused in is kept again, and the same host would be next. */
  #takesKept = true
  readonly #spokenTo = new Map<Session, Target>()
  /** Its session was over. */
  readonly #again: Target[] = []
  /** A host has refused us for good. */
  refusedForGood: Undelivered | undefined
  /** What the last attempt said against the destination. */
  trouble: Undelivered | undefined

  constructor(deps: HostWalkDeps, way: Way, policy: HopPolicy, obstacles: ObstacleSink) {
    this.#deps = deps
    this.#way = way
    this.#policy = policy
    this.#obstacles = obstacles
    this.#sessionsLeft = deps.choice.mxSessionLimit
    const { place } = way
    if ('socketFile' in place)
      this.#targets = only({ host: 'localhost', address: place.socketFile, isBest: true })
    else {
      const { choice, targets } = deps
      this.#walk = new AddressWalk(place, this.#isOurs, { ...choice, targets, obstacles: this })
      this.#targets = this.#walk.addresses()
    }
  }

  /** It leads back to us. */
  get loops(): boolean {
    return this.#walk?.loops ?? false
  }

  get weAreMailHost(): boolean {
    return this.#walk?.weAreOne ?? false
  }

  get hopPlace(): string {
    const { place, protocol } = this.#way
    const text = 'socketFile' in place ? `unix:${place.socketFile}` : formatNextHop(place)
    return `${this.#samePolicy} ${protocol} ${text}`
  }

  /** The next host that takes a session; undefined when none is left. */
  async next(): Promise<Reached | undefined> {
    while (this.#sessionsLeft > 0 && this.refusedForGood === undefined) {
      const reached = await this.#keptHere()
      if (reached !== undefined) return reached
      const target = this.#again.pop() ?? (await this.#targets.next()).value
      if (target === undefined) break
      if (this.#hasSpokenTo(target)) continue
      const fresh = await this.#reach(target)
      if (fresh !== undefined) return fresh
      if (this.loops) break
    }
    return undefined
  }

  /** It was over before anything was said in it: as if it had not been there. */
  forget(session: Session): void {
    const target = this.#spokenTo.get(session)
    if (target !== undefined) this.#again.push(target)
    this.#spokenTo.delete(session)
    this.#sessionsLeft += 1
    this.#takesKept = true
  }

  /** A session that is done with: kept, where another message is likely to follow. */
  release(session: Session, isFollowed: boolean): void {
    const { quitMs } = this.#policy.timeouts
    const security = this.#security.get(session)
    if (!isFollowed || security === undefined || session.tlsFailure !== undefined)
      session.leave(quitMs)
    else {
      const places = [this.hopPlace, this.#placeOf(session.peer)]
      this.#deps.sessions.keep(session, places, sameness(security), quitMs)
    }
  }

  /** What stands in the way is also trouble of the destination, as long as it may pass. */
  add(stage: Stage, failure: Undelivered): void {
    const told = this.#isOurs ? asOurMistake(failure) : failure
    this.#obstacles.add(stage, told)
    this.trouble = told.kind === 'deferred' ? told : undefined
  }

  async #keptHere(): Promise<Reached | undefined> {
    if (!this.#takesKept) return undefined
    this.#takesKept = false
    return await this.#keptAt(this.hopPlace)
  }

  #hasSpokenTo({ host, address }: Target): boolean {
    return [...this.#spokenTo.values()].some(
      (target) => target.host === host && target.address === address,
    )
  }

  #took(session: Session, security: HostSecurity, target: Target): void {
    this.#security.set(session, security)
    this.#spokenTo.set(session, target)
    this.#sessionsLeft -= 1
    this.trouble = undefined
  }

  async #keptAt(place: string): Promise<Reached | undefined> {
    let security: HostSecurity | undefined
    const session = await this.#deps.sessions.take(place, async ({ peer }) => {
      const asked = await this.#securityOf(peer.host)
      if (asked.kind === 'deferred' || asked.kind === 'failed') return undefined
      security = asked
      return sameness(asked)
    })
    if (session === null || security === undefined) return undefined
    const { host, address } = session.peer
    this.#took(session, security, { host, address, isBest: true })
    return { session, isKept: true }
  }

  async #reach(target: Target): Promise<Reached | undefined> {
    const { place } = this.#way
    const port = 'socketFile' in place ? undefined : place.port
    const peer: Peer = { host: target.host, address: target.address, port }
    const security = await this.#securityOf(target.host)
    if (security.kind === 'deferred' || security.kind === 'failed') {
      this.#refuse('target', security)
      return undefined
    }
    const kept = await this.#keptAt(this.#placeOf(peer))
    if (kept !== undefined) return kept
    const session = await this.#open(peer, security)
    if (session === undefined) return undefined
    if (this.#isMyself(session)) {
      session.leave(this.#policy.timeouts.quitMs)
      this.#loop(target)
      return undefined
    }
    this.#took(session, security, target)
    return { session, isKept: false }
  }

  async #open(peer: Peer, security: HostSecurity): Promise<Session | undefined> {
    const session = await this.#openWith(peer, security, this.#policy.auth)
    if (session.kind === 'session') return session
    this.#refused(session)
    if (!session.mayBeClear) return undefined
    // A connection is lost with its handshake, so clear text needs a fresh one.
    const inClear = await this.#openWith(peer, { kind: 'clear' }, null, session.failure)
    if (inClear.kind === 'session') return inClear
    this.#refused(inClear)
    return undefined
  }

  async #openWith(
    peer: Peer,
    security: HostSecurity,
    auth: HopPolicy['auth'],
    tlsFailure?: Undelivered,
  ): Promise<Session | Refusal> {
    const { connect, heloName, ignoredExtensions, tlsClient, clock } = this.#deps
    const { timeouts } = this.#policy
    const { protocol } = this.#way
    let socket: Socket
    try {
      socket = await connect({ ...peer, timeoutMs: timeouts.connectMs })
    } catch (error) {
      const text = `connect to ${relayOf(peer)}: ${tellConnectError(error)}`
      const failure = defer('4.4.1', text)
      return {
        kind: 'refusal',
        failure,
        stage: 'connect',
        isFinal: false,
        throttles: true,
        mayBeClear: false,
      }
    }
    return await openSession({
      socket,
      peer,
      protocol,
      heloName,
      ignoredExtensions,
      security,
      tlsClient,
      tlsFailure,
      auth,
      timeouts,
      nowMs: clock.now(),
    })
  }

  #refused({ stage, failure, isFinal, throttles }: Refusal): void {
    if (isFinal && !this.#isOurs) this.refusedForGood = failure
    this.#refuse(stage, failure)
    if (!throttles) this.trouble = undefined
  }

  #refuse(stage: Stage, failure: Undelivered): void {
    this.add(stage, failure)
    const { queueId } = this.#way
    this.#deps.log.info({ queueId, reply: failure.reply }, 'host refused')
  }

  /** As Postfix: behind an address translation only its greeting tells that the host is this machine. */
  #isMyself({ greetedBy, protocol }: Session): boolean {
    return !this.#isOurs && protocol === 'smtp' && this.#deps.choice.ownNames.has(greetedBy)
  }

  #loop({ host, isBest }: Target): void {
    if (this.#walk !== undefined) this.#walk.loops = true
    const { place } = this.#way
    const failure = failAsLoop('socketFile' in place ? host : place.host)
    this.add('target', isBest ? failure : defer('4.4.6', failure.reply))
  }

  #securityOf(host: string): ReturnType<SecurityOf> {
    const { place, requireTls, tlsRequiredNo, ageMs } = this.#way
    // What stays on this machine needs none.
    if ('socketFile' in place) return Promise.resolve({ kind: 'clear' })
    const logsIn = this.#policy.auth !== null
    return this.#policy.securityOf({ hop: place, host, logsIn, requireTls, tlsRequiredNo, ageMs })
  }

  get #isOurs(): boolean {
    return this.#policy.namedBy === 'administrator' || 'socketFile' in this.#way.place
  }

  get #samePolicy(): string {
    const { auth, namedBy } = this.#policy
    return JSON.stringify([namedBy, auth?.user, auth?.password])
  }

  #placeOf({ host, address, port }: Peer): string {
    return `${this.#samePolicy} ${this.#way.protocol} ${host}[${address}]:${port}`
  }
}

/** All of it that makes a difference to a session, as one text. */
function sameness(security: HostSecurity): string {
  if (security.kind === 'clear') return 'clear'
  const { servername, protocols, ciphers, requireTls } = security.terms
  const proof = security.kind === 'required' ? security.proof : null
  return JSON.stringify([security.kind, proof, servername, protocols, ciphers, requireTls])
}

/**
 * As Postfix: that a relay host is not found, or wants nothing of us, is no reason to return anybody's mail. What a message asks for
 * (RFC 8689) it does not get from elsewhere.
 */
function asOurMistake(failure: Undelivered): Undelivered {
  const isOurs = failure.kind === 'failed' && !failure.status.startsWith('5.7.')
  return isOurs ? defer('4.3.5', failure.reply) : failure
}

async function* only(target: Target): AsyncGenerator<Target, void> {
  yield target
}
