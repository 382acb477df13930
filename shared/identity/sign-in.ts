// Signing in over HTTP, and proving oneself again. The password goes through the same authenticator as a mail client's, with its counting and
// its delays. Where the account has second factors, a right password earns a ticket for one of them and nothing else.
//
//   counters   TICKET#<account> / <hash>   a password was right: epoch of the account, wrong answers so far; ttl

import type { Authenticator } from '#shared/contracts/authenticate.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { parseAccountId } from '#shared/directory/account-id.ts'
import type { Accounts } from '#shared/directory/accounts.ts'
import { type AccountRecord, isContained } from '#shared/directory/records.ts'
import { formatAddress } from '#shared/mail/address.ts'
import type { Rate } from '#shared/rates/rate.ts'
import type { Rates } from '#shared/rates/rates.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { ConditionFailed, type Item, type Key, type Table } from '#shared/storage/ports.ts'
import type { Identity } from './identities.ts'
import {
  type FactorAnswer,
  type FactorMethod,
  type FactorQuestion,
  factorMethods,
  type ProofMethod,
  type SecondFactors,
} from './second-factors.ts'
import { hashOf, type RandomBytes } from './secrets.ts'
import type { BegunSession, SessionPlace, Sessions } from './sessions.ts'

export interface SignIns {
  withPassword(attempt: PasswordAttempt): Promise<SignedIn | NeedsFactor | SignInRefused>
  /** What the client needs to answer; a ticket that is gone has no question. */
  ask(ticket: string, method: FactorMethod): Promise<FactorQuestion | TicketGone>
  withFactor(attempt: FactorAttempt): Promise<SignedIn | SignInRefused | TicketGone>
  /** Of somebody who proved himself in another way: a passkey alone, an issuer, a link. Refused where the account is disabled. */
  begin(
    accountId: AccountId,
    methods: readonly ProofMethod[],
    from: SessionPlace,
  ): Promise<SignedIn | SignInRefused>
  /** What one has to show to step up: factors where there are some, else the password. */
  stepUpMethods(accountId: AccountId): Promise<readonly StepUpMethod[]>
  askStepUp(identity: Identity, method: FactorMethod): Promise<FactorQuestion>
  stepUp(
    identity: Identity,
    proof: StepUpProof,
    from: SessionPlace,
  ): Promise<SteppedUp | SignInRefused>
  /** After a proof that was checked elsewhere (an issuer that was asked again). */
  stepUpBy(identity: Identity, method: ProofMethod): Promise<SteppedUp | SignInRefused>
}

export type PasswordAttempt = {
  readonly login: string
  readonly password: Uint8Array
  readonly from: SessionPlace
}

export type FactorAttempt = {
  readonly ticket: string
  readonly answer: FactorAnswer
  readonly from: SessionPlace
}

export type StepUpMethod = 'password' | FactorMethod

export type StepUpProof =
  | { readonly method: 'password'; readonly password: Uint8Array }
  | FactorAnswer

export type SignedIn = BegunSession & {
  readonly kind: 'signed-in'
  readonly account: AccountRecord
}
export type SteppedUp = BegunSession & { readonly kind: 'stepped-up' }
export type NeedsFactor = {
  readonly kind: 'needs-factor'
  readonly ticket: string
  readonly methods: readonly FactorMethod[]
  readonly expiresMs: number
}
/** Whatever was wrong: who does not know the password learns nothing more. */
export type SignInRefused =
  | { readonly kind: 'refused' }
  | { readonly kind: 'throttled'; readonly retryAfterSeconds: number }
/** Too old, used, or answered wrongly too often: the password is asked for again. */
export type TicketGone = { readonly kind: 'ticket-gone' }

export const TICKET_MS = 5 * 60_000
export const TICKET_CHARACTERS_MAX = 128
/** Wrong answers to one ticket. */
export const WRONG_ANSWERS_MAX = 5
/** Answers of one account, right or wrong: six digits are few. */
export const FACTOR_RATE: Rate = { name: 'factor', capacity: 20, perMs: 3_600_000 }
const FACTOR_WAIT_SECONDS = 180
const SECRET_BYTES = 24

export function createSignIns(deps: {
  readonly authenticator: Pick<Authenticator, 'authenticate'>
  readonly accounts: Pick<Accounts, 'byId'>
  readonly sessions: Sessions
  readonly factors: SecondFactors
  /** The `counters` table. */
  readonly counters: Table
  readonly rates: Pick<Rates, 'takeShared'>
  readonly clock: Clock
  readonly random: RandomBytes
  readonly log: Log
}): SignIns {
  const { authenticator, accounts, sessions, factors, counters, rates, clock, random, log } = deps

  async function begin(
    accountId: AccountId,
    methods: readonly ProofMethod[],
    from: SessionPlace,
    sessionsEpoch?: number,
  ): Promise<SignedIn | SignInRefused> {
    const account = await accounts.byId(accountId)
    const isStale = sessionsEpoch !== undefined && account?.sessionsEpoch !== sessionsEpoch
    if (!account?.enabled || isStale) return { kind: 'refused' }
    if (isContained(account) && methods.some(isBarredWhileContained)) return { kind: 'refused' }
    const begun = await sessions.begin(account, methods, from)
    const { id } = account
    log.info(
      {
        account: formatAddress(account.address),
        accountId: id,
        remoteAddress: from.address,
        methods,
      },
      'signed in',
    )
    return { kind: 'signed-in', account, ...begun }
  }

  async function checkPassword(login: string, password: Uint8Array, from: SessionPlace) {
    const remoteAddress = from.address
    const result = await authenticator.authenticate({
      service: 'api',
      login,
      password,
      remoteAddress,
    })
    if (result.kind === 'refused') {
      const { reason } = result
      log.info({ login, remoteAddress, reason }, 'sign-in refused')
      return { kind: 'refused' } as const
    }
    return result
  }

  /** Counted before it is looked at. */
  async function checkFactor(
    accountId: AccountId,
    answer: FactorAnswer,
    binding: string,
    from: SessionPlace,
  ): Promise<{ readonly kind: 'right' } | SignInRefused> {
    if (!(await rates.takeShared(FACTOR_RATE, accountId))) {
      log.warn({ accountId, remoteAddress: from.address }, 'too many answers of second factors')
      return { kind: 'throttled', retryAfterSeconds: FACTOR_WAIT_SECONDS }
    }
    const { kind } = await factors.check(accountId, answer, binding)
    if (kind === 'right') return { kind }
    const { method } = answer
    log.info({ accountId, remoteAddress: from.address, method }, 'second factor refused')
    return { kind: 'refused' }
  }

  async function makeTicket(accountId: AccountId, sessionsEpoch: number) {
    const secret = Buffer.from(random(SECRET_BYTES)).toString('base64url')
    const expiresMs = clock.now() + TICKET_MS
    const key = { pk: ticketPk(accountId), sk: hashOf(secret) }
    const ttl = Math.ceil(expiresMs / 1_000)
    await counters.write({ put: { ...key, sessionsEpoch, expiresMs, wrong: 0, ttl } })
    return { ticket: `${accountId}.${secret}`, expiresMs }
  }

  async function findTicket(text: string) {
    const key = ticketKey(text)
    if (key === undefined) return undefined
    const item = await counters.get(key, { consistent: true })
    const accountId = accountOf(key)
    const isGood = item !== undefined && isOpen(item, clock.now())
    if (!isGood || accountId === undefined) return undefined
    return { key, accountId, sessionsEpoch: Number(item.sessionsEpoch) }
  }

  return {
    begin: (accountId, methods, from) => begin(accountId, methods, from),

    async withPassword({ login, password, from }) {
      const result = await checkPassword(login, password, from)
      if (result.kind !== 'authenticated') return result
      const { id, sessionsEpoch } = result.account
      const all = await factors.methodsOf(id)
      const account = all.includes('passkey') ? await accounts.byId(id) : undefined
      const isBarred = account !== undefined && isContained(account)
      const methods = isBarred ? all.filter((method) => !isBarredWhileContained(method)) : all
      // The password alone would be less than what the account asks for.
      if (methods.length === 0 && all.length > 0) return { kind: 'refused' }
      if (methods.length === 0) return begin(id, ['password'], from, sessionsEpoch)
      return { kind: 'needs-factor', methods, ...(await makeTicket(id, sessionsEpoch)) }
    },

    async ask(text, method) {
      const ticket = await findTicket(text)
      if (ticket === undefined) return { kind: 'ticket-gone' }
      return factors.ask(ticket.accountId, method, ticket.key.sk)
    },

    async withFactor({ ticket: text, answer, from }) {
      const ticket = await findTicket(text)
      if (ticket === undefined) return { kind: 'ticket-gone' }
      const { key, accountId, sessionsEpoch } = ticket
      // Before the answer is looked at, so that many at once are counted too.
      if (!(await countAnswer(counters, key))) return { kind: 'ticket-gone' }
      const checked = await checkFactor(accountId, answer, key.sk, from)
      if (checked.kind !== 'right') return checked
      if (!(await useUp(counters, key))) return { kind: 'ticket-gone' }
      return begin(accountId, ['password', answer.method], from, sessionsEpoch)
    },

    async stepUpMethods(accountId) {
      const methods = await factors.methodsOf(accountId)
      return methods.length === 0 ? ['password'] : methods
    },

    async askStepUp({ session }, method) {
      if (session === null) return { kind: 'no-factor' }
      return factors.ask(session.accountId, method, session.id)
    },

    async stepUp(identity, proof, from) {
      const { session, account } = identity
      if (session === null || account === null) return { kind: 'refused' }
      const methods = await factors.methodsOf(account.id)
      if (proof.method === 'password') {
        // Who has factors shows one: the password alone would be less than the sign-in.
        if (methods.length > 0) return { kind: 'refused' }
        const login = formatAddress(account.address)
        const result = await checkPassword(login, proof.password, from)
        if (result.kind !== 'authenticated') return result
        if (result.account.id !== account.id) return { kind: 'refused' }
      } else {
        const checked = await checkFactor(account.id, proof, session.id, from)
        if (checked.kind !== 'right') return checked
      }
      return this.stepUpBy(identity, proof.method)
    },

    async stepUpBy({ session }, method) {
      const begun = session === null ? undefined : await sessions.stepUp(session, method)
      return begun === undefined ? { kind: 'refused' } : { kind: 'stepped-up', ...begun }
    },
  }
}

/**
 * Whoever took an account over may have added a passkey, or have the person's account at the issuer: while it is contained neither lets
 * anybody in, until it is released.
 */
const isBarredWhileContained = (method: ProofMethod) => method === 'passkey' || method === 'oidc'

const TICKET_PREFIX = 'TICKET#'
const ticketPk = (accountId: AccountId) => `${TICKET_PREFIX}${accountId}`

function ticketKey(text: string): Key | undefined {
  if (text.length > TICKET_CHARACTERS_MAX) return undefined
  const dot = text.indexOf('.')
  const accountId = parseAccountId(text.slice(0, Math.max(dot, 0)))
  return accountId && { pk: ticketPk(accountId), sk: hashOf(text.slice(dot + 1)) }
}

const accountOf = ({ pk }: Key) => parseAccountId(pk.slice(TICKET_PREFIX.length))

const isOpen = ({ expiresMs, wrong }: Item, nowMs: number) =>
  Number(expiresMs) > nowMs && Number(wrong) < WRONG_ANSWERS_MAX

async function countAnswer(counters: Table, update: Key): Promise<boolean> {
  const condition = { attribute: 'wrong', is: '<', value: WRONG_ANSWERS_MAX } as const
  return isWritten(counters.write({ update, changes: { add: { wrong: 1 } }, if: condition }))
}

const useUp = (counters: Table, key: Key) =>
  isWritten(counters.write({ delete: key, if: { exists: 'pk' } }))

async function isWritten(writing: Promise<unknown>): Promise<boolean> {
  try {
    await writing
    return true
  } catch (error) {
    if (error instanceof ConditionFailed) return false
    throw error
  }
}

export const isFactorMethod = (text: string): text is FactorMethod =>
  factorMethods.some((method) => method === text)
