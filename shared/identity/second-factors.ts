// What an account proves itself with besides its password: the port between sign-in, which asks, and whoever keeps factors (TOTP,
// passkeys, recovery codes), which answers. Sign-in decides when a factor is needed; whoever keeps them, whether an answer is right.
//
// A session that a passkey or an issuer (OIDC) begins without a password comes in by `SignIns.begin` (sign-in.ts), with what was used.

import type { AccountId } from '#shared/contracts/mailbox.ts'

/** Those that answer after a password, the best first. */
export const factorMethods = ['passkey', 'totp', 'recovery-code'] as const
export type FactorMethod = (typeof factorMethods)[number]

/** What a session was begun or stepped up with. */
export type ProofMethod = 'password' | 'oidc' | 'link' | FactorMethod

export interface SecondFactors {
  /** What the account has set up, in the order of `factorMethods`; empty: its password is enough. */
  methodsOf(accountId: AccountId): Promise<readonly FactorMethod[]>
  /**
   * What a client needs for its answer, as JSON: of passkeys the options of WebAuthn, of the others null. `binding` names the ticket or
   * session that it is asked for: an answer to it is good for that one alone.
   */
  ask(accountId: AccountId, method: FactorMethod, binding: string): Promise<FactorQuestion>
  /**
   * Checks one answer, as the client sent it (`unknown`: it is parsed here, with its limits). A right one is never taken twice. Failures are
   * limited by sign-in (FACTOR_RATE), for all methods of an account together.
   */
  check(accountId: AccountId, answer: FactorAnswer, binding: string): Promise<FactorResult>
  /** Takes all factors from the account; how many there were. */
  removeAll(accountId: AccountId): Promise<number>
}

export type FactorQuestion =
  | { readonly kind: 'question'; readonly question: unknown }
  /** The account has none of that kind. */
  | { readonly kind: 'no-factor' }

export type FactorAnswer = { readonly method: FactorMethod; readonly answer: unknown }

export type FactorResult =
  /** `name`: as its owner called the key; of codes null. `left`: recovery codes that are left. */
  | { readonly kind: 'right'; readonly name: string | null; readonly left?: number }
  | { readonly kind: 'wrong' }

/** Passwords of programs, which need no factor: what `contain` and a recovery take away. */
export interface AppPasswordsOfAccount {
  /** How many there were. */
  revokeAll(accountId: AccountId): Promise<number>
}

/** For a system in which nobody has one. */
export const noSecondFactors: SecondFactors = {
  methodsOf: async () => [],
  ask: async () => ({ kind: 'no-factor' }),
  check: async () => ({ kind: 'wrong' }),
  removeAll: async () => 0,
}
