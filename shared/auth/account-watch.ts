// Ends sessions when an account is disabled, removed or given another password, whoever did it in whatever process. The change
// raises the account's `sessionsEpoch` and publishes a hint; this reads the account again and ends every session that began under
// another epoch, every one whose app password is revoked or too old, and those of its password once that lets nobody in. All sessions of an account in a process share one subscription. Hints may get lost, so that accounts with open
// sessions are looked at now and then as well; where a process gets no hints, more often. Sessions of a guest (shared/directory/guests.ts) end
// when his domain is on that old server no more, or he has an account.

import { randomBytes } from 'node:crypto'
import type {
  AccountWatch,
  LoggedInAccount,
  LoginMeans,
  SessionPlace,
} from '#shared/contracts/authenticate.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { AtSource } from '#shared/contracts/source.ts'
import type { Accounts } from '#shared/directory/accounts.ts'
import type { Factors } from '#shared/directory/factors.ts'
import { guestTopic } from '#shared/directory/guests.ts'
import { loginTopic } from '#shared/directory/login-topic.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import type { Sources } from '#shared/directory/sources.ts'
import { type Address, parseAddress } from '#shared/mail/address.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Signals, Subscription } from '#shared/storage/ports.ts'
import { hasExpired } from './app-passwords.ts'
import { barsPassword } from './credential-store.ts'

/** A lost hint is made up for within this time. */
export const LOOK_INTERVAL_MS = 60_000
/** Without hints a session lives on for so long at most. */
export const LOOK_INTERVAL_WITHOUT_HINTS_MS = 5_000

/** The sessions of this process, for whoever looks at them. */
export interface LiveSessions {
  of(id: AccountId): readonly LiveSession[]
  /** False where there is no such session, or no longer. */
  end(id: AccountId, session: string): boolean
}

export type LiveSession = {
  readonly id: string
  readonly service: SessionPlace['service']
  readonly remoteAddress: string
  readonly sinceMs: number
  /** What the client says that it is. */
  readonly client: string | null
  /** Undefined: by its password. */
  readonly means: LoginMeans | undefined
}

type Session = {
  readonly id: string
  readonly epoch: number
  readonly means: LoginMeans | undefined
  /** Where it is passed on to. */
  readonly source: string | undefined
  readonly place: SessionPlace
  readonly sinceMs: number
  client: string | null
  readonly end: () => void
}

const ID_BYTES = 8

const addressOfGuest = ({ isGuest, login }: LoggedInAccount): Address | undefined =>
  isGuest ? parseAddress(login) : undefined

type Watched = {
  /** As at the first of its sessions. */
  readonly account: LoggedInAccount
  readonly sessions: Set<Session>
  readonly subscription: Promise<Subscription | undefined>
  looking: boolean
  /** A hint came while the account was being read. */
  again: boolean
}

export function createAccountWatch(deps: {
  readonly accounts: Pick<Accounts, 'byId'>
  readonly factors: Pick<Factors, 'of'>
  readonly sources: Pick<Sources, 'ofGuest'>
  readonly settings: { readonly passwordWithSecondFactor: boolean }
  /** Undefined where this process cannot subscribe. */
  readonly hints: Pick<Signals, 'subscribe'> | undefined
  readonly clock: Clock
  readonly log: Log
}): AccountWatch & { readonly sessions: LiveSessions } {
  const { accounts, factors, sources, settings, hints, clock, log } = deps
  const watched = new Map<AccountId, Watched>()
  /** Ends the waiting between looks; there is one while anything is watched. */
  let looks: AbortController | undefined

  function watchedOf(account: LoggedInAccount): Watched {
    const { id } = account
    const known = watched.get(id)
    if (known !== undefined) return known
    const fresh: Watched = {
      account,
      sessions: new Set(),
      subscription: subscribe(account),
      looking: false,
      again: false,
    }
    watched.set(id, fresh)
    if (looks === undefined) void lookNowAndThen((looks = new AbortController()).signal)
    return fresh
  }

  async function subscribe(account: LoggedInAccount): Promise<Subscription | undefined> {
    const { id } = account
    const guest = addressOfGuest(account)
    const topic = guest === undefined ? loginTopic(id) : guestTopic(guest.domain)
    try {
      return await hints?.subscribe(topic, () => void look(id))
    } catch (error) {
      log.warn({ accountId: id, error }, 'sessions of an account are not watched')
      return undefined
    }
  }

  async function look(id: AccountId): Promise<void> {
    const entry = watched.get(id)
    if (entry === undefined) return
    entry.again = true
    if (entry.looking) return
    entry.looking = true
    try {
      while (entry.again) {
        entry.again = false
        const sessions = [...entry.sessions]
        const guest = addressOfGuest(entry.account)
        const ended =
          guest === undefined
            ? await sessionsToEnd(sessions, await accounts.byId(id))
            : guestsToEnd(sessions, await sources.ofGuest(guest))
        for (const session of ended) {
          leave(id, entry, session)
          session.end()
        }
      }
    } catch (error) {
      // The next look tells.
      log.warn({ accountId: id, error }, 'the account of a session could not be read')
    } finally {
      entry.looking = false
    }
  }

  async function sessionsToEnd(
    sessions: readonly Session[],
    account: AccountRecord | undefined,
  ): Promise<readonly Session[]> {
    if (account === undefined || !account.enabled) return sessions
    const records = sessions.some(({ means }) => means?.kind === 'app-password')
      ? (await factors.of(account.id)).appPasswords
      : []
    const nowMs = clock.now()
    const alive = new Set(records.filter((one) => !hasExpired(one, nowMs)).map(({ id }) => id))
    return sessions.filter(({ epoch, means, place }) => {
      if (epoch !== account.sessionsEpoch) return true
      if (means?.kind === 'app-password') return !alive.has(means.id)
      return means === undefined && barsPassword(account, place.service, settings)
    })
  }

  const guestsToEnd = (sessions: readonly Session[], at: AtSource | undefined) =>
    sessions.filter(({ source }) => source !== at?.name)

  function leave(id: AccountId, entry: Watched, session: Session): void {
    if (!entry.sessions.delete(session) || entry.sessions.size > 0) return
    watched.delete(id)
    void entry.subscription.then((subscription) => subscription?.close())
    if (watched.size > 0) return
    looks?.abort()
    looks = undefined
  }

  async function lookNowAndThen(ended: AbortSignal): Promise<void> {
    const everyMs = hints === undefined ? LOOK_INTERVAL_WITHOUT_HINTS_MS : LOOK_INTERVAL_MS
    for (;;) {
      await clock.sleep(everyMs, ended)
      if (ended.aborted) return
      for (const id of [...watched.keys()]) await look(id)
    }
  }

  return {
    watch(account: LoggedInAccount, end, place) {
      const { id, sessionsEpoch, means, source } = account
      const entry = watchedOf(account)
      const session: Session = {
        id: randomBytes(ID_BYTES).toString('hex'),
        epoch: sessionsEpoch,
        means,
        source: source?.name,
        place,
        sinceMs: clock.now(),
        client: null,
        end,
      }
      entry.sessions.add(session)
      // What changed between the login and this moment gave no hint to anybody here.
      void entry.subscription.then(() => look(id))
      return {
        close: () => leave(id, entry, session),
        identify: (client) => void (session.client = client),
      }
    },
    sessions: {
      of: (id) =>
        [...(watched.get(id)?.sessions ?? [])].map(({ id, place, sinceMs, client, means }) => ({
          id,
          ...place,
          sinceMs,
          client,
          means,
        })),
      end(id, name) {
        const entry = watched.get(id)
        const session = entry && [...entry.sessions].find((one) => one.id === name)
        if (entry === undefined || session === undefined) return false
        leave(id, entry, session)
        session.end()
        return true
      },
    },
  }
}
