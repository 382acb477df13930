// What is found out about where mail comes from (RFC 8601): SPF while its sender is known, the rest when the whole message is. Plain data;
// implemented by services/authentication.

import type { Resolver } from '#shared/dns/resolver.ts'
import { createNetworkMatcher } from '#shared/settings/networks.ts'
import type { Origin } from './spool.ts'

/** RFC 7208 §2.6. */
export type SpfWord = 'none' | 'neutral' | 'pass' | 'fail' | 'softfail' | 'temperror' | 'permerror'

/** Small, so that it goes from policy to the listener and back (`Judged`). */
export type SpfResult = {
  readonly result: SpfWord
  /** Whose record it is; of the null sender the name in HELO (RFC 7208 §2.4). */
  readonly identity: 'mailfrom' | 'helo'
  /** A-labels, in small letters. */
  readonly domain: string
  /** What its owner has to say of a refusal (RFC 7208 §6.2); somebody else's words, printable ASCII. */
  readonly explanation?: string
}

export type SpfQuestion = {
  readonly address: string
  readonly helo: string
  /** '' for the null sender. */
  readonly sender: string
}

/** SPF of a client and a sender. What cannot be found out is a result. */
export type CheckSpf = (question: SpfQuestion, dns: Resolver) => Promise<SpfResult>

/**
 * Whose mail is authenticated, and whose Authentication-Results in our name are forged: of clients that are none of ours, whose word
 * about mail is not trusted either.
 */
export function createStrangerTest(options: {
  readonly mynetworks: readonly string[]
  readonly trustedAuthservNetworks: readonly string[]
}): (origin: Origin) => boolean {
  const isTrusted = createNetworkMatcher([
    // Nobody out there, and there may be no name server.
    ...loopback,
    ...options.mynetworks,
    ...options.trustedAuthservNetworks,
  ])
  return ({ listener, account, remoteAddress }) =>
    listener === 'smtp' && account === null && !isTrusted(remoteAddress)
}

const loopback = ['127.0.0.0/8', '::1']

/** Names that nobody outside may use as theirs, in small letters. */
export function ownAuthservIds(options: {
  readonly authservId: string
  readonly hostname: string
}): readonly string[] {
  const ids = [options.authservId, options.hostname].map((id) => id.toLowerCase())
  return [...new Set(ids)]
}
