// What a mechanism answers at each step: `SaslServer` up to the password, `SaslExchange` up to the result of the login.

import type { Authenticator, LoginAttempt, LoginResult } from '#shared/contracts/authenticate.ts'
import type { ChannelBindings } from '#shared/net/tls/channel-binding.ts'

export interface SaslServer {
  /** The first call gets the initial response, or undefined when the client sent none; each later one the answer to a challenge. */
  step(response: Uint8Array | undefined): SaslStep
}

export type SaslStep =
  | { readonly kind: 'challenge'; readonly data: Uint8Array }
  | { readonly kind: 'credentials'; readonly login: string; readonly password: Uint8Array }
  /** Asks to act for somebody else, which nobody may here. */
  | { readonly kind: 'other-identity'; readonly login: string }
  | { readonly kind: 'malformed' }

export interface SaslExchange {
  /**
   * The first call gets the initial response, or undefined when the client sent none; each later one the answer to a
   * challenge. Rejects as the authenticator does.
   */
  step(response: Uint8Array | undefined): Promise<SaslExchangeStep>
}

export type SaslExchangeStep =
  /**
   * `isLast`: there is nothing for the client to say to it. A protocol that can send it beside the success (RFC 4422 §3.6) takes the
   * next step at once, with an empty response.
   */
  | { readonly kind: 'challenge'; readonly data: Uint8Array; readonly isLast?: true }
  | { readonly kind: 'finished'; readonly login: string; readonly result: LoginResult }
  | { readonly kind: 'malformed' }

export type SaslContext = {
  readonly authenticator: Authenticator
  readonly service: LoginAttempt['service']
  readonly remoteAddress: string
  /** Of the TLS connection under the session; undefined in clear. */
  readonly channelBindings: ChannelBindings | undefined
}
