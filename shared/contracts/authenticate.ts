// What listeners ask to check a login. Implemented by shared/auth on the directory.

import type { AccountId } from './mailbox.ts'

export interface Authenticator {
  /** Checks a password. Never rejects for bad credentials; rejects with TemporaryFailure when the directory does not answer. */
  authenticate(attempt: LoginAttempt): Promise<LoginResult>
}

export type LoginAttempt = {
  readonly service: 'smtp' | 'imap' | 'pop3' | 'api'
  /** As typed; without a domain the configured default domain is added. */
  readonly login: string
  readonly password: string
  readonly remoteAddress: string
}

export type LoginResult =
  | {
      readonly kind: 'authenticated'
      readonly account: { readonly id: AccountId; readonly login: string }
    }
  /** Wrong password, no such account, disabled account: clients are told the same for all of them. */
  | { readonly kind: 'refused'; readonly reason: 'unknown' | 'password' | 'disabled' | 'malformed' }
  /** Too many failures from this address or for this account; not even tried. */
  | { readonly kind: 'throttled'; readonly retryAfterSeconds: number }
