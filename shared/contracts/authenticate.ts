// What listeners ask to check a login. Implemented by shared/auth on the directory. Plain data both ways: secrets that are kept
// of an account never leave the authenticator. One thing is no data: of an account on an old server, the session there.

import type { AccountId } from './mailbox.ts'
import type { AtSource, Passage } from './source.ts'

/**
 * Never rejects for bad credentials; rejects with TemporaryFailure when the directory does not answer, or an old server that the account is
 * still on, and with LoginNotNow for what the client is to be told.
 */
export interface Authenticator {
  /** Checks a password. */
  authenticate(attempt: LoginAttempt): Promise<LoginResult>
  /**
   * First half of a login with SCRAM-SHA-256 (RFC 5802 §3): what the client needs for its proof. Accounts that do not exist
   * have a salt too, always the same one; disabled ones are refused at the end.
   */
  scramChallenge(attempt: ScramAttempt): Promise<ScramChallenge | LoginThrottled>
  /** Second half: checks the proof against what is stored now, and counts a wrong one as it counts a wrong password. */
  scramProof(attempt: ScramProofAttempt): Promise<ScramResult>
  /** Checks a token of the issuer (RFC 7628). Refuses all where none is set. */
  authenticateToken(attempt: TokenAttempt): Promise<TokenResult>
}

/** `login`: as the client says; '' for whoever the token is of. */
export type TokenAttempt = ScramAttempt & { readonly token: string }

export type TokenResult = LoginAccepted | TokenRefused | LoginThrottled

export type TokenRefused = LoginRefused & {
  /** Where the issuer tells of itself, and what to ask it for: for the client's next attempt. */
  readonly configuration?: string
  readonly scope?: string
}

export type ScramAttempt = {
  readonly service: 'smtp' | 'imap' | 'pop3' | 'managesieve' | 'api'
  /** As typed; without a domain the configured default domain is added. '' for what is no text. */
  readonly login: string
  readonly remoteAddress: string
}

export type LoginAttempt = ScramAttempt & {
  /** As sent; shared/sasl/password.ts has the rule for it. */
  readonly password: Uint8Array
}

export type ScramProofAttempt = ScramAttempt & {
  /** What both sides have said (RFC 5802 §3); the listener vouches for its nonce and the channel binding in it. */
  readonly authMessage: string
  /** base64 */
  readonly clientProof: string
}

export type LoginResult = LoginAccepted | LoginRefused | LoginThrottled

export type LoginAccepted = {
  readonly kind: 'authenticated'
  readonly account: LoggedInAccount
  /** Its session goes on there; whoever asked ends it. In SMTP of guests alone: what an account sends is taken here. */
  readonly passage?: Passage | undefined
}

export type LoggedInAccount = {
  readonly id: AccountId
  readonly login: string
  /** As it was at the login: when the account has another one, its sessions end. */
  readonly sessionsEpoch: number
  /** What it logged in with; undefined: its password. */
  readonly means?: LoginMeans | undefined
  /** It is still on its old server. */
  readonly source?: AtSource | undefined
  /** No account here has this id, and all of its session goes on there. */
  readonly isGuest?: true | undefined
}

export type LoginMeans =
  | { readonly kind: 'app-password'; readonly id: string }
  /** Of the issuer (RFC 7628). */
  | { readonly kind: 'token' }

/** Implemented by shared/auth/account-watch.ts. */
export interface AccountWatch {
  /**
   * Calls `end` once, soon after the account was disabled, removed or given another password, what it logged in with was revoked, or
   * somebody ended the session; not after `close`. May be called before `watch` has been left for long: the account may have changed
   * already.
   */
  watch(account: LoggedInAccount, end: () => void, place: SessionPlace): WatchedSession
}

/** Where a session is, for whoever looks at those of an account. */
export type SessionPlace = {
  readonly service: LoginAttempt['service']
  readonly remoteAddress: string
}

export interface WatchedSession {
  close(): void
  /** What the client says that it is; told once or more often. */
  identify(client: string): void
}

/** Wrong password, no such account, disabled account: clients are told the same for all of them. */
export type LoginRefused = {
  readonly kind: 'refused'
  readonly reason:
    | 'unknown'
    | 'password'
    | 'disabled'
    | 'malformed'
    | 'channel-binding'
    | 'other-identity'
    /** It was right, and does not let in here since the account has a second factor. */
    | 'second-factor'
    /** An app password that is for other protocols, or is too old. */
    | 'scope'
    | 'expired'
    /** It is none of the issuer's, not for us, or too old. */
    | 'token'
}

/** Too many failures from this address or for this account; not even tried. */
export type LoginThrottled = {
  readonly kind: 'throttled'
  readonly retryAfterSeconds: number
}

export type ScramChallenge = {
  readonly kind: 'challenge'
  /** base64 */
  readonly salt: string
  readonly iterations: number
}

export type ScramResult =
  /** The signature, base64, proves to the client that we know the verifier. */
  (LoginAccepted & { readonly serverSignature: string }) | LoginRefused | LoginThrottled
