// What holds for one next hop: how it is protected, who may be there, what it is told and how long it may take. Decided here alone, once
// for each transfer: now by the settings, which know one relay host; later by maps of domains.

import { isSameHop, type NextHop } from '#shared/mail/next-hop.ts'
import type { Timeouts } from './timeouts.ts'
import type { SecurityOf } from './tls/host-security.ts'

export type HopPolicy = {
  /**
   * `administrator`: it may be anywhere, also on this machine, and what is wrong with it is our mistake and no reason to return anybody's
   * mail. `recipient`: a stranger's domain names its hosts.
   */
  readonly namedBy: 'administrator' | 'recipient'
  /** How a session with each of its hosts is protected. */
  readonly securityOf: SecurityOf
  /** A login goes nowhere without TLS. Null for none. */
  readonly auth: Login | null
  readonly timeouts: Timeouts
  /** Bytes of a line, without its CRLF; longer ones are folded. 0 for no limit. */
  readonly lineBytesMax: number
  /** 8-bit bodies become quoted-printable for hosts without 8BITMIME. */
  readonly convertsTo7Bit: boolean
}

export type Login = { readonly user: string; readonly password: string }

export type PolicyOf = (hop: NextHop) => HopPolicy

export type HopPolicyOptions = {
  readonly relayhost: NextHop | null
  /** Used at the relay host alone. */
  readonly relayhostAuth: Login | null
  readonly securityOf: SecurityOf
  readonly lineLengthLimit: number
  readonly disableMimeOutputConversion: boolean
  readonly timeouts: Timeouts
}

export function createHopPolicies(options: HopPolicyOptions): PolicyOf {
  const { relayhost } = options
  const byAnybody: HopPolicy = {
    namedBy: 'recipient',
    securityOf: options.securityOf,
    auth: null,
    timeouts: options.timeouts,
    lineBytesMax: options.lineLengthLimit,
    convertsTo7Bit: !options.disableMimeOutputConversion,
  }
  const ofRelayhost: HopPolicy = {
    ...byAnybody,
    namedBy: 'administrator',
    auth: options.relayhostAuth,
  }
  return (hop) => (relayhost !== null && isSameHop(hop, relayhost) ? ofRelayhost : byAnybody)
}

/** A content filter beside us: it gets the message as it is, without a login. */
export function policyOfFilter(options: HopPolicyOptions): HopPolicy {
  return {
    namedBy: 'administrator',
    securityOf: options.securityOf,
    auth: null,
    timeouts: options.timeouts,
    lineBytesMax: 0,
    convertsTo7Bit: !options.disableMimeOutputConversion,
  }
}
