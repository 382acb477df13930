// Checks logins for all listeners: finds the account, compares the password, slows guessing down. The order matters:
// 1. whoever failed too often waits, and his password is not looked at;
// 2. an app password is compared with those of the account, without work (app-passwords.ts);
// 3. a password that was right a moment ago for the hash stored now is right, one that was wrong is wrong and counts no more;
// 4. an account that is still on an old server is asked for there, each time (source-passages.ts);
// 5. anything else is verified, a few at a time, and an account that does not exist costs the same work as a wrong password.
// Logins without the password are in scram-logins.ts. Nothing remembers an account: each login reads the directory, so that a
// change there is in force with the next one.

import { availableParallelism } from 'node:os'
import type {
  Authenticator,
  LoginAccepted,
  LoginAttempt,
  LoginMeans,
  LoginRefused,
  LoginResult,
} from '#shared/contracts/authenticate.ts'
import type { SourceHost } from '#shared/directory/sources.ts'
import type { SourceLogins } from '#shared/front/source-logins.ts'
import type { Address } from '#shared/mail/address.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { isPassword, passwordText } from '#shared/sasl/password.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Table } from '#shared/storage/ports.ts'
import { appPasswordLetters, judgeAppPassword } from './app-passwords.ts'
import { barsPassword, type Credential, type CredentialStore } from './credential-store.ts'
import {
  type Applicant,
  accountName,
  createLoginGuard,
  type GuardSettings,
  type Standing,
} from './login-guard.ts'
import {
  hashPassword,
  laneOf,
  scramVerifierText,
  verifyNothing,
  verifyPassword,
} from './passwords.ts'
import { createRememberedLogins, type Owner } from './remembered-logins.ts'
import { createScramLogins } from './scram-logins.ts'
import { scramSecret } from './scram-secret.ts'
import { isCurrentScramVerifier } from './scram-verifier.ts'
import { judgedAt, refuseBeforeProof } from './source-passages.ts'
import { createWorkLimit, type WorkLimits, type WorkOwner } from './work-limit.ts'

export type AuthSettings = GuardSettings &
  Pick<Settings, 'authCacheTime' | 'passwordWithSecondFactor'>

export type AuthenticatorDeps = {
  readonly credentials: CredentialStore
  /** The `counters` table. */
  readonly counters: Table
  readonly settings: AuthSettings
  readonly clock: Clock
  readonly log: Log
  /** Undefined: there is no issuer, and no token is any good. */
  readonly tokens?: Pick<Authenticator, 'authenticateToken'> | undefined
  /** Of accounts that are still on an old server; undefined where nobody of them logs in. */
  readonly sources?: SourceParts | undefined
}

export type SourceParts = {
  readonly logins: SourceLogins
  /** Whether a password that is right there is one here from then on. */
  readonly learnsPasswords: boolean
}

const noTokens: Pick<Authenticator, 'authenticateToken'> = {
  authenticateToken: async () => ({ kind: 'refused', reason: 'token' }),
}

/**
 * Attempts at one account until they are answered, whether it exists or not: what is wrong is answered late, so that guesses at
 * one account follow each other, and a slow hash does not show by keeping them waiting. A household's clients come at once; behind
 * the first whose password is right the others are in without work.
 */
const ATTEMPTS: WorkLimits = {
  // They only wait; connections are limited elsewhere.
  runningMax: Number.POSITIVE_INFINITY,
  runningPerAccountMax: 1,
  waitingMax: Number.POSITIVE_INFINITY,
  waitingPerClientMax: 100,
  waitingPerAccountMax: 16,
}

/**
 * Each takes 19 MiB and one of libuv's four threads, which files need too. What waits is some seconds of work; whoever comes after
 * is told to come again.
 */
const FAST: WorkLimits = {
  runningMax: Math.max(1, Math.min(availableParallelism(), 3)),
  runningPerAccountMax: 2,
  waitingMax: 400,
  waitingPerClientMax: 100,
  waitingPerAccountMax: 100,
}

/** For hashes made elsewhere that take up to half a second each: nobody else waits for them, and no account takes all the turns. */
const SLOW: WorkLimits = {
  runningMax: 1,
  runningPerAccountMax: 1,
  waitingMax: 100,
  waitingPerClientMax: 20,
  waitingPerAccountMax: 20,
}

/** Nothing is worked out: they wait for another server, which may hang. */
const ELSEWHERE: WorkLimits = {
  runningMax: 200,
  runningPerAccountMax: 1,
  waitingMax: 400,
  waitingPerClientMax: 100,
  waitingPerAccountMax: 16,
}

/** What is known before the password is verified. */
type Outlook = { readonly kind: 'decided'; readonly result: LoginResult } | Open

type Open = {
  readonly kind: 'open'
  readonly credential: Credential | undefined
  readonly standing: Standing
  /** It judges the password; undefined: what is kept here does. */
  readonly host: SourceHost | undefined
}

export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  const { credentials, settings, clock, log } = deps
  const guard = createLoginGuard(deps)
  const right = createRememberedLogins(settings.authCacheTime, clock)
  const wrong = createRememberedLogins(settings.authFailureWindow, clock)
  /** Right, and of an account that it does not let in: such a client tries on and on, and counts once. */
  const barred = createRememberedLogins(settings.authFailureWindow, clock)
  const attempts = createWorkLimit(ATTEMPTS)
  const lanes = { fast: createWorkLimit(FAST), slow: createWorkLimit(SLOW) }
  const elsewhere = createWorkLimit(ELSEWHERE)
  const { sources } = deps

  async function authenticate(attempt: LoginAttempt): Promise<LoginResult> {
    const { password } = attempt
    const applicant = guard.applicant(attempt)
    const { address } = applicant
    if (address === undefined || !isPassword(password))
      return guard.slowly(() => malformed(applicant))
    const { service, remoteAddress } = attempt
    const given: Given = { service, password, remoteAddress }
    const first = await lookUp(applicant, address, given)
    if (first.kind === 'decided') return guard.slowly(async () => first.result)
    const owner = guard.turn(applicant, first.standing)
    if (!attempts.hasRoom(owner)) return { kind: 'throttled', retryAfterSeconds: 1 }
    return attempts.run(owner, (waited) =>
      guard.slowly(async () => {
        const now = waited ? await lookUp(applicant, address, given) : first
        return now.kind === 'decided' ? now.result : decide(applicant, address, given, now)
      }),
    )
  }

  async function decide(
    applicant: Applicant,
    address: Address,
    given: Given,
    before: Open,
  ): Promise<LoginResult> {
    const lane = before.host ? elsewhere : lanes[laneOf(before.credential?.passwordHash)]
    return lane.run(guard.turn(applicant, before.standing), async (waited) => {
      const outlook = waited ? await lookUp(applicant, address, given) : before
      if (outlook.kind === 'decided') return outlook.result
      const { credential, standing, host } = outlook
      const { password } = given
      const owner = ownerOf(credential, address)
      const result =
        host && credential
          ? await checkAtSource(host, credential, given, guard.turn(applicant, standing))
          : await check(credential, given)
      if (result.kind === 'authenticated') await guard.succeed(applicant, standing)
      // A source is asked again, since it may have another password now: the same one counts once all the same.
      else if (!wrong.has(owner, password)) await guard.fail(standing)
      if (result.kind === 'refused') remember(result, owner, password)
      return result
    })
  }

  function remember({ reason }: LoginRefused, owner: Owner, password: Uint8Array): void {
    if (reason === 'second-factor') barred.add(owner, password)
    else if (reason !== 'disabled') wrong.add(owner, password)
  }

  async function lookUp(applicant: Applicant, address: Address, given: Given): Promise<Outlook> {
    const { service, password } = given
    const [standing, found] = await Promise.all([guard.look(applicant), credentials.find(address)])
    const { throttled } = standing
    if (throttled !== undefined) return { kind: 'decided', result: throttled }
    const host = await judgedAt(found?.source, service, sources?.logins)
    if (host !== undefined) return { kind: 'open', credential: found, standing, host }
    // Of whom nothing is kept here there is nothing to compare with.
    const credential = found?.isGuest ? undefined : found
    const owner = ownerOf(credential, address)
    const judged = await judgeAsAppPassword(credential, given)
    if (judged !== undefined) {
      if (judged.kind === 'authenticated') await guard.succeed(applicant, standing)
      else if (judged.kind === 'refused' && !wrong.has(owner, password)) {
        await guard.fail(standing)
        remember(judged, owner, password)
      }
      return { kind: 'decided', result: judged }
    }
    const isBarred = credential !== undefined && barsPassword(credential, service, settings)
    if (credential?.enabled && !isBarred && right.has(credential, password)) {
      await guard.succeed(applicant, standing)
      return { kind: 'decided', result: authenticated(credential) }
    }
    if (isBarred && barred.has(owner, password)) {
      return { kind: 'decided', result: { kind: 'refused', reason: 'second-factor' } }
    }
    // The same wrong password again is no further guess.
    if (wrong.has(owner, password)) {
      const reason = credential === undefined ? 'unknown' : 'password'
      return { kind: 'decided', result: { kind: 'refused', reason } }
    }
    return { kind: 'open', credential, standing, host }
  }

  /** Undefined: it is none of the account's. */
  async function judgeAsAppPassword(
    credential: Credential | undefined,
    { service, password }: Given,
  ): Promise<LoginResult | undefined> {
    if (credential === undefined || !credential.factors?.appPasswords) return undefined
    const letters = appPasswordLetters(password)
    if (letters === undefined) return undefined
    const records = await credentials.appPasswords(credential.accountId)
    const judged = judgeAppPassword(records, letters, { service, nowMs: clock.now() })
    if (judged?.kind !== 'good') return judged
    if (!credential.enabled) return { kind: 'refused', reason: 'disabled' }
    return authenticated(credential, { kind: 'app-password', id: judged.id })
  }

  async function check(
    credential: Credential | undefined,
    { service, password }: Given,
  ): Promise<LoginResult> {
    if (credential === undefined) {
      await verifyNothing(password)
      return { kind: 'refused', reason: 'unknown' }
    }
    const { accountId, passwordHash, enabled } = credential
    const verification = await verifyPassword(passwordHash, password)
    if (verification.kind === 'unsupported') {
      log.warn({ accountId, scheme: verification.scheme }, 'password hash cannot be verified')
      await verifyNothing(password)
    }
    if (verification.kind !== 'match') return { kind: 'refused', reason: 'password' }
    if (!enabled) return { kind: 'refused', reason: 'disabled' }
    if (barsPassword(credential, service, settings)) {
      return { kind: 'refused', reason: 'second-factor' }
    }
    await refresh(credential, password, verification.outdated)
    right.add(credential, password)
    return authenticated(credential)
  }

  /** Nothing that is kept here is asked: neither its hash nor its factors. */
  async function checkAtSource(
    host: SourceHost,
    credential: Credential,
    { service, password, remoteAddress }: Given,
    owner: WorkOwner,
  ): Promise<LoginResult> {
    if (!credential.enabled) return { kind: 'refused', reason: 'disabled' }
    // Cannot happen: without them no host was found.
    if (sources === undefined) throw new Error('no logins at sources')
    const { login: account, isGuest = false } = credential
    const asked = { service, password, remoteAddress, account, isGuest }
    const answer = await sources.logins.open(host, asked)
    if (answer.kind === 'refused') return { kind: 'refused', reason: 'password' }
    if (sources.learnsPasswords && !isGuest) await learn(credential, password, owner)
    const { passage } = answer
    return { ...authenticated(credential), ...(passage && { passage }) }
  }

  /** So that it logs in here once the account has moved. The login is good whether or not this succeeds. */
  async function learn(
    credential: Credential,
    password: Uint8Array,
    owner: WorkOwner,
  ): Promise<void> {
    if (right.has(credential, password)) return
    const { accountId, passwordHash } = credential
    try {
      await lanes[laneOf(passwordHash)].run(owner, async () => {
        const { kind } = await verifyPassword(passwordHash, password)
        if (kind === 'match') return right.add(credential, password)
        await credentials.replacePassword(accountId, passwordHash, {
          passwordHash: await hashPassword(password),
          scramVerifier: await scramVerifierText(password),
        })
        log.info({ accountId }, 'password learnt from the source')
      })
    } catch (error) {
      log.warn({ accountId, error }, 'password could not be learnt from the source')
    }
  }

  /**
   * Makes what today would be kept of the password, now that it is known. The login is good whether or not this succeeds;
   * the next one tries again.
   */
  async function refresh(
    credential: Credential,
    password: Uint8Array,
    rehash: boolean,
  ): Promise<void> {
    const { accountId, passwordHash, scramVerifier } = credential
    const hasVerifier =
      isCurrentScramVerifier(scramVerifier) || passwordText(password) === undefined
    if (hasVerifier && !rehash) return
    try {
      await credentials.replacePassword(accountId, passwordHash, {
        passwordHash: rehash ? await hashPassword(password) : passwordHash,
        scramVerifier: hasVerifier ? scramVerifier : await scramVerifierText(password),
      })
      log.info({ accountId }, 'password hashed anew')
    } catch (error) {
      log.warn({ accountId, error }, 'password could not be hashed anew')
    }
  }

  async function malformed(applicant: Applicant): Promise<LoginResult> {
    const standing = await guard.look({ ...applicant, address: undefined })
    if (standing.throttled !== undefined) return standing.throttled
    await guard.fail(standing)
    return { kind: 'refused', reason: 'malformed' }
  }

  return {
    authenticate,
    ...(deps.tokens ?? noTokens),
    ...createScramLogins({
      credentials,
      guard,
      settings,
      clock,
      secret: scramSecret(deps.counters),
      ...(sources && { refuseBeforeProof: refuseBeforeProof(sources.logins) }),
    }),
  }
}

type Given = Pick<LoginAttempt, 'service' | 'password' | 'remoteAddress'>

function authenticated(
  { accountId: id, login, sessionsEpoch, source, isGuest }: Credential,
  means?: LoginMeans,
): LoginAccepted {
  const more = { ...(means && { means }), ...(source && { source }), ...(isGuest && { isGuest }) }
  return { kind: 'authenticated', account: { id, login, sessionsEpoch, ...more } }
}

/** An address without an account has wrong passwords too. */
function ownerOf(credential: Credential | undefined, address: Address): Owner {
  return credential ?? { accountId: accountName(address), passwordHash: '' }
}
