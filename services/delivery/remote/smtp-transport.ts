// Takes a message to the hosts of its next hops by SMTP (RFC 5321) or LMTP (RFC 2033). Hosts are tried in order; what one has said of a
// recipient for good counts, whom it refused for now the next ones are asked about. Retries are the queue's.

import type { DeliveryResult, Undelivered } from '#shared/contracts/delivery.ts'
import { canonicalAddress } from '#shared/mail/address.ts'
import type { NextHop } from '#shared/mail/next-hop.ts'
import type { DestinationReport, RemoteAttempt } from '#shared/queue/pipeline.ts'
import { isSendable } from './client/commands.ts'
import { relayOf } from './client/session.ts'
import type { Visit } from './client/session-cache.ts'
import { type Told, transact } from './client/transaction.ts'
import type { HopPolicy, PolicyOf } from './hop-policy.ts'
import { HostWalk, type HostWalkDeps, type Place, type Reached } from './host-walk.ts'
import { whoNamed } from './named-by.ts'
import { Obstacles } from './obstacles.ts'
import type { OutboundMessage } from './outbound-form.ts'
import { defer, fail } from './outcome.ts'
import type { Transfer, Transport } from './transport.ts'

export type SmtpTransportDeps = HostWalkDeps & {
  readonly policyOf: PolicyOf
  /** For a socket of this machine. */
  readonly policyOfSocket: HopPolicy
  /** Tried after the hops of a route; never for mail that loops. */
  readonly fallbackRelays: readonly NextHop[]
}

export function createSmtpTransport(deps: SmtpTransportDeps): Transport {
  return {
    async deliver(transfer) {
      // A domain of U-labels needs no SMTPUTF8 once it is written in A-labels.
      const sender = canonicalAddress(transfer.sender)
      const { recipients } = transfer
      if (!isSendable(sender)) {
        const results = recipients.map(() => fail('5.1.7', tellUnsendable(sender)))
        return { results, destination: { kind: 'untried' } }
      }
      const sendable = recipients.filter(({ address }) => isSendable(address))
      const { results, destination } = await deliverSendable(deps, {
        ...transfer,
        sender,
        recipients: sendable,
      })
      const byRecipient = new Map(sendable.map((recipient, i) => [recipient, results[i]]))
      return {
        results: recipients.map(
          (recipient) =>
            byRecipient.get(recipient) ?? fail('5.1.3', tellUnsendable(recipient.address)),
        ),
        destination,
      }
    },
  }
}

async function deliverSendable(
  deps: SmtpTransportDeps,
  transfer: Transfer,
): Promise<RemoteAttempt> {
  if (transfer.recipients.length === 0) return { results: [], destination: { kind: 'untried' } }
  return await new Attempt(deps, transfer).run()
}

/** Where a route leads, first to last. */
function hopsOf(
  deps: SmtpTransportDeps,
  { route, recipients }: Pick<Transfer, 'route' | 'recipients'>,
): readonly Hop[] {
  switch (route.kind) {
    case 'smtp':
      return [
        ...route.hops.map((place) => {
          const policy = deps.policyOf(place)
          const namedBy =
            policy.namedBy === 'recipient' ? whoNamed(place, recipients) : policy.namedBy
          return { place, policy: { ...policy, namedBy }, isFallback: false }
        }),
        ...deps.fallbackRelays.map((place) => ({
          place,
          policy: { ...deps.policyOf(place), namedBy: 'administrator' as const },
          isFallback: true,
        })),
      ]
    case 'lmtp': {
      const { to: place } = route
      const policy = 'socketFile' in place ? deps.policyOfSocket : deps.policyOf(place)
      return [{ place, policy: { ...policy, namedBy: 'administrator' }, isFallback: false }]
    }
    default:
      throw new Error(`${route.kind} is neither SMTP nor LMTP`)
  }
}

type Hop = {
  readonly place: Place
  readonly policy: HopPolicy
  readonly isFallback: boolean
}

/** One transfer along its route: what is known of each recipient, and of the destination. */
class Attempt {
  readonly #deps: SmtpTransportDeps
  readonly #transfer: Transfer
  readonly #obstacles = new Obstacles()
  readonly #told: (Told | undefined)[]
  #refusedForGood: Undelivered | undefined
  /** A host has taken a transaction, whatever it said of it. */
  #isReached = false
  /** Of the domain that it is for. */
  #weAreMailHost = false
  #trouble: Undelivered | undefined
  #sinceMs: number

  constructor(deps: SmtpTransportDeps, transfer: Transfer) {
    this.#deps = deps
    this.#transfer = transfer
    this.#told = transfer.recipients.map(() => undefined)
    this.#sinceMs = deps.clock.now()
  }

  async run(): Promise<RemoteAttempt> {
    const hops = hopsOf(this.#deps, this.#transfer)
    const [first] = hops
    if (first === undefined) throw new Error('a route without hops')
    const message = await this.#transfer.openMessage(first.policy)
    this.#sinceMs = this.#deps.clock.now()
    for (const hop of hops) {
      // Postfix's rule: what we are a mail host of ourselves does not go to somebody who might send it back.
      if (hop.isFallback && this.#weAreMailHost) break
      const goesOn = await this.#tryHop(hop, message)
      if (!goesOn) break
    }
    return { results: this.#told.map((told) => this.#resultOf(told)), destination: this.#report }
  }

  /** Whether the next one may be asked. */
  async #tryHop({ place, policy }: Hop, message: OutboundMessage): Promise<boolean> {
    const { queueId, route, sender, requireTls, tlsRequiredNo = false, ageMs } = this.#transfer
    const protocol = route.kind === 'lmtp' ? 'lmtp' : 'smtp'
    const way = {
      queueId,
      place,
      protocol,
      // RFC 8689 §4.2.1: what tells a sender is not lost for it.
      requireTls: requireTls && sender !== '',
      tlsRequiredNo,
      ageMs,
    } as const
    const walk = new HostWalk(this.#deps, way, policy, this.#obstacles)
    const visit = this.#deps.sessions.visit(walk.hopPlace)
    try {
      await this.#tryHosts(walk, policy, message, visit)
    } finally {
      visit.end()
    }
    this.#trouble = walk.trouble
    this.#weAreMailHost ||= walk.weAreMailHost
    this.#refusedForGood = walk.refusedForGood
    return this.#open.length > 0 && !walk.loops && walk.refusedForGood === undefined
  }

  async #tryHosts(
    walk: HostWalk,
    policy: HopPolicy,
    message: OutboundMessage,
    visit: Visit,
  ): Promise<void> {
    while (this.#open.length > 0) {
      const reached = await walk.next()
      if (reached === undefined) return
      const { session } = reached
      const lost = await this.#transact(reached, policy, message)
      if (lost === 'stale') walk.forget(session)
      else if (lost !== undefined) walk.trouble = lost
      walk.release(session, visit.isFollowed)
    }
  }

  /** What was said of them is kept; the answer is how the conversation was lost, if it was. */
  async #transact(
    { session, isKept }: Reached,
    policy: HopPolicy,
    message: OutboundMessage,
  ): Promise<Undelivered | 'stale' | undefined> {
    const open = this.#open
    const recipients = open.flatMap((place) => this.#transfer.recipients[place] ?? [])
    const connectMs = isKept ? 0 : this.#deps.clock.now() - this.#sinceMs
    const { tls, peer } = session
    const done = await transact(session, { ...this.#transfer, recipients, message }, policy)
    if (done.kind === 'stale') return 'stale'
    this.#transfer.onContact?.({
      relay: relayOf(peer),
      connectMs,
      ...(tls === undefined ? {} : { tls }),
      ...(session.uses > 1 ? { sessionUse: session.uses } : {}),
    })
    this.#sinceMs = this.#deps.clock.now()
    for (const [i, place] of open.entries()) this.#told[place] = done.told[i]
    if (done.lost === undefined) this.#isReached = true
    return done.lost
  }

  /** Places of those that another host may be asked about. */
  get #open(): readonly number[] {
    return this.#told.flatMap((told, place) => (told === undefined || told.isOpen ? [place] : []))
  }

  #resultOf(told: Told | undefined): DeliveryResult {
    // Cannot happen without an obstacle: there is a host, and it was looked up and tried.
    const way = this.#refusedForGood ?? this.#obstacles.told ?? defer('4.4.1', 'no host to try')
    if (told === undefined) return way
    // What one host has not, another may have that cannot be reached now.
    const waits = told.result.kind === 'failed' && told.isOpen && way.kind === 'deferred'
    return waits && this.#obstacles.told !== undefined ? way : told.result
  }

  get #report(): DestinationReport {
    if (this.#isReached) return { kind: 'reached' }
    if (this.#trouble !== undefined) return { kind: 'unreachable', reply: this.#trouble.reply }
    return { kind: 'untried' }
  }
}

function tellUnsendable(address: string): string {
  return `<${address.replace(/[\x00-\x1f\x7f]/g, '?')}>: cannot be written in a command`
}
