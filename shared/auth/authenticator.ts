// Checks logins for all listeners: finds the account, compares the password, slows guessing down. The order matters:
// 1. whoever failed too often waits, and his password is not looked at;
// 2. a password that was right a moment ago for the hash stored now is right;
// 3. anything else is verified, a few at a time, and an account that does not exist costs the same work as a wrong password.
// Nothing remembers an account: each login reads the directory, so that a change there is in force with the next one.

import { availableParallelism } from 'node:os'
import type { Authenticator, LoginAttempt, LoginResult } from '#shared/contracts/authenticate.ts'
import { type Address, lookupKey, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { networkName, parseIpAddress } from '#shared/runtime/settings/networks.ts'
import type { Settings } from '#shared/runtime/settings/table.ts'
import type { Table } from '#shared/storage/ports.ts'
import type { Credential, CredentialStore } from './credential-store.ts'
import { createFailureCounters, type Subject } from './failure-counters.ts'
import { hashPassword, isPassword, verifyNothing, verifyPassword } from './passwords.ts'
import { createVerifiedLogins } from './verified-logins.ts'
import { createWorkLimit } from './work-limit.ts'

export type AuthSettings = Pick<
  Settings,
  | 'defaultDomain'
  | 'authCacheTime'
  | 'authFailureDelay'
  | 'authFailureLimitPerAddress'
  | 'authFailureLimitPerAccount'
  | 'authFailureWindow'
  | 'authMinimalBackoffTime'
  | 'authMaximalBackoffTime'
>

export type AuthenticatorParts = {
  readonly credentials: CredentialStore
  /** The `counters` table. */
  readonly counters: Table
  readonly settings: AuthSettings
  readonly clock: Clock
  readonly log: Log
}

/** Each takes 19 MiB and one of libuv's four threads, which files need too. */
const VERIFICATIONS_MAX = Math.max(1, Math.min(availableParallelism(), 3))
/** Some seconds of work; whoever comes after them is told to come again. */
const WAITING_MAX = 400
const WAITING_PER_CLIENT_MAX = 100

/** What is known before the password is verified. */
type Outlook =
  | { readonly kind: 'decided'; readonly result: LoginResult }
  | { readonly kind: 'open'; readonly credential: Credential | undefined }

export function createAuthenticator(parts: AuthenticatorParts): Authenticator {
  const { credentials, settings, clock, log } = parts
  const defaultDomain = parseDomain(settings.defaultDomain)
  const verified = createVerifiedLogins(settings.authCacheTime, clock)
  const limit = createWorkLimit({
    runningMax: VERIFICATIONS_MAX,
    waitingMax: WAITING_MAX,
    waitingPerClientMax: WAITING_PER_CLIENT_MAX,
  })
  const counters = createFailureCounters(parts.counters, clock, {
    windowMs: settings.authFailureWindow,
    minimalMs: settings.authMinimalBackoffTime,
    maximalMs: settings.authMaximalBackoffTime,
  })

  async function decide(attempt: LoginAttempt): Promise<LoginResult> {
    const client = clientName(attempt.remoteAddress)
    const address = parseAddress(attempt.login, defaultDomain)
    const subjects: Subject[] = [{ name: client, limit: settings.authFailureLimitPerAddress }]
    if (address === undefined || !isPassword(attempt.password)) return malformed(subjects)
    subjects.push({ name: accountName(address), limit: settings.authFailureLimitPerAccount })

    const { password } = attempt
    const first = await lookUp(address, password, subjects)
    if (first.kind === 'decided') return first.result
    return limit.run(client, async (waited) => {
      const outlook = waited ? await lookUp(address, password, subjects) : first
      if (outlook.kind === 'decided') return outlook.result
      const { credential } = outlook
      const result = await check(credential, password)
      if (result.kind === 'refused') await fail(subjects)
      return result
    })
  }

  async function lookUp(
    address: Address,
    password: string,
    subjects: readonly Subject[],
  ): Promise<Outlook> {
    const [waitMs, credential] = await Promise.all([
      counters.waitMs(subjects),
      credentials.find(address),
    ])
    if (waitMs > 0) return { kind: 'decided', result: throttled(waitMs) }
    if (credential?.enabled && verified.has(credential, password))
      return { kind: 'decided', result: authenticated(credential) }
    return { kind: 'open', credential }
  }

  async function check(credential: Credential | undefined, password: string): Promise<LoginResult> {
    if (credential === undefined) {
      await verifyNothing(password)
      return { kind: 'refused', reason: 'unknown' }
    }
    const { accountId, passwordHash, enabled } = credential
    const verification = await verifyPassword(passwordHash, password)
    if (verification.kind === 'unsupported') {
      log.warn({ accountId, scheme: verification.scheme }, 'password scheme not supported')
      await verifyNothing(password)
    }
    if (verification.kind !== 'match') return { kind: 'refused', reason: 'password' }
    if (!enabled) return { kind: 'refused', reason: 'disabled' }
    if (verification.outdated) await rehash(credential, password)
    verified.add(credential, password)
    return authenticated(credential)
  }

  /** The login is good whether or not this succeeds; the next one tries again. */
  async function rehash({ accountId, passwordHash }: Credential, password: string): Promise<void> {
    try {
      await credentials.replaceHash(accountId, passwordHash, await hashPassword(password))
      log.info({ accountId }, 'password hashed anew')
    } catch (error) {
      log.warn({ accountId, error }, 'password could not be hashed anew')
    }
  }

  async function malformed(subjects: readonly Subject[]): Promise<LoginResult> {
    const waitMs = await counters.waitMs(subjects)
    if (waitMs > 0) return throttled(waitMs)
    await fail(subjects)
    return { kind: 'refused', reason: 'malformed' }
  }

  async function fail(subjects: readonly Subject[]): Promise<void> {
    const waiting = await counters.record(subjects)
    for (const { name } of waiting) log.warn({ subject: name }, 'too many failed logins')
  }

  return {
    async authenticate(attempt) {
      const beganMs = clock.now()
      const result = await decide(attempt)
      // The same time for every reason, so that it does not tell the reason.
      const leftMs = beganMs + settings.authFailureDelay - clock.now()
      if (result.kind === 'refused' && leftMs > 0) await clock.sleep(leftMs)
      return result
    },
  }
}

function authenticated({ accountId, login }: Credential): LoginResult {
  return { kind: 'authenticated', account: { id: accountId, login } }
}

function throttled(waitMs: number): LoginResult {
  return { kind: 'throttled', retryAfterSeconds: Math.ceil(waitMs / 1_000) }
}

function accountName({ local, domain }: Address): string {
  return `account#${lookupKey(local)}@${domain}`
}

/** One IPv4 address, or the IPv6 network of one customer, who has 2^64 addresses to try from. */
function clientName(remoteAddress: string): string {
  const address = parseIpAddress(remoteAddress.replace(/%.*/, ''))
  if (address === undefined) return 'address#unknown'
  return `address#${networkName(address, address.family === 'ipv4' ? 32 : 64)}`
}
