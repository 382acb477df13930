// From where somebody logged in by POP3 or IMAP a short time ago, so that his client may send from there without a login
// (`permit_pop_before_smtp`; what DRAC did beside Sendmail and Postfix). Nothing is written unless a restriction list asks for it.
//
// Item POP#<address, or network of an IPv6 address>, `login`: account, login, epoch, at (seconds), ttl.

import type {
  Authenticator,
  LoggedInAccount,
  LoginAttempt,
} from '#shared/contracts/authenticate.ts'
import { parseAccountId } from '#shared/directory/account-id.ts'
import type { Accounts } from '#shared/directory/accounts.ts'
import { clientNetwork } from '#shared/net/client-network.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { createNetworkMatcher } from '#shared/settings/networks.ts'
import { listSettings } from '#shared/settings/restrictions/list-faults.ts'
import type { Settings } from '#shared/settings/table.ts'
import { ConditionFailed, type Key, type Table } from '#shared/storage/ports.ts'

export type PopBeforeSmtpOptions = Pick<
  Settings,
  'popBeforeSmtpTime' | 'popBeforeSmtpExcludedNetworks'
>

export interface RecentLogins {
  note(remoteAddress: string, account: LoggedInAccount): Promise<void>
  /** The login of an account that may still log in; undefined where there is none. */
  find(remoteAddress: string): Promise<string | undefined>
}

const SECOND_MS = 1_000
/** A client with many connections logs in with each. */
const NOTED_EVERY_SECONDS = 60

/** Whether anybody asks for what is noted. A table in the directory may name the restriction too: then `popBeforeSmtp` says so. */
export function asksRecentLogins(
  settings: Pick<
    Settings,
    'popBeforeSmtp' | 'smtpdRestrictionClasses' | (typeof listSettings)[number]
  >,
): boolean {
  const texts = [settings.smtpdRestrictionClasses, ...listSettings.map((name) => settings[name])]
  return settings.popBeforeSmtp || texts.some((text) => /\bpermit_pop_before_smtp\b/i.test(text))
}

export function createRecentLogins(deps: {
  /** The table `counters`. */
  readonly counters: Pick<Table, 'get' | 'write'>
  readonly accounts: Pick<Accounts, 'byId'>
  readonly options: PopBeforeSmtpOptions
  readonly clock: Clock
}): RecentLogins {
  const { counters, accounts, options, clock } = deps
  const isExcluded = createNetworkMatcher(options.popBeforeSmtpExcludedNetworks)
  const lastSeconds = options.popBeforeSmtpTime / SECOND_MS
  const now = () => Math.floor(clock.now() / SECOND_MS)

  return {
    async note(remoteAddress, { id, login, sessionsEpoch }) {
      if (isExcluded(remoteAddress)) return
      const at = now()
      const item = { account: id, login, epoch: sessionsEpoch, at, ttl: at + lastSeconds }
      try {
        await counters.write({
          put: { ...keyOf(remoteAddress), ...item },
          if: {
            any: [
              { absent: 'pk' },
              { attribute: 'at', is: '<=', value: at - NOTED_EVERY_SECONDS },
              // Of a clock that was wrong.
              { attribute: 'at', is: '>', value: at + NOTED_EVERY_SECONDS },
            ],
          },
        })
      } catch (error) {
        // Somebody logged in from there within the minute.
        if (!(error instanceof ConditionFailed)) throw error
      }
    },

    async find(remoteAddress) {
      if (isExcluded(remoteAddress)) return undefined
      const item = await counters.get(keyOf(remoteAddress), { consistent: true })
      if (item === undefined || Number(item.at) + lastSeconds < now()) return undefined
      // Who was disabled since, or has another password, sends no more.
      const id = parseAccountId(String(item.account))
      const account = id && (await accounts.byId(id))
      const isSame = account?.enabled === true && account.sessionsEpoch === Number(item.epoch)
      return isSame ? String(item.login) : undefined
    },
  }
}

function keyOf(remoteAddress: string): Key {
  return { pk: `POP#${clientNetwork(remoteAddress)}`, sk: 'login' }
}

const noted: ReadonlySet<LoginAttempt['service']> = new Set(['imap', 'pop3'])

/** The same authenticator; logins by POP3 and IMAP are noted before they are answered, for the client sends as soon as it is in. */
export function noteLogins(
  authenticator: Authenticator,
  logins: Pick<RecentLogins, 'note'>,
  log: Log,
): Authenticator {
  async function note({ service, remoteAddress }: Asked, result: Answered): Promise<void> {
    if (result.kind !== 'authenticated' || !noted.has(service)) return
    try {
      await logins.note(remoteAddress, result.account)
    } catch (error) {
      // The login is good without.
      log.warn({ remoteAddress, error }, 'a login could not be noted for permit_pop_before_smtp')
    }
  }

  return {
    async authenticate(attempt) {
      const result = await authenticator.authenticate(attempt)
      await note(attempt, result)
      return result
    },
    scramChallenge: (attempt) => authenticator.scramChallenge(attempt),
    async scramProof(attempt) {
      const result = await authenticator.scramProof(attempt)
      await note(attempt, result)
      return result
    },
    async authenticateToken(attempt) {
      const result = await authenticator.authenticateToken(attempt)
      await note(attempt, result)
      return result
    },
  }
}

type Asked = Pick<LoginAttempt, 'service' | 'remoteAddress'>
type Answered =
  | { readonly kind: 'authenticated'; readonly account: LoggedInAccount }
  | { readonly kind: 'refused' | 'throttled' }
