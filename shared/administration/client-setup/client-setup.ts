// Sets one phone or program of an account up: an app password of its own, where it connects to, and a link that puts both into a phone.

import type {
  AppPasswordAdministration,
  AppPasswordMade,
  MakeAppPassword,
} from '../app-passwords.ts'
import type { AdministrationDeps } from '../deps.ts'
import type { Fields } from '../fields.ts'
import { findAccount } from '../found-account.ts'
import type { BadValue, NoSuchAccount, TooMany } from '../refusals.ts'
import { bestServices, type MailService, profilePath, siteOrigin } from './offered.ts'
import { thunderbirdCode } from './thunderbird-code.ts'

export interface ClientSetupAdministration {
  /** Scopes that nobody names: all. */
  make(request: MakeAppPassword): Promise<ClientSetup | BadValue | NoSuchAccount | TooMany>
}

export type ClientSetup = Pick<AppPasswordMade, 'appPassword' | 'password'> & {
  readonly kind: 'client-setup'
  /** It is the login, too. */
  readonly address: string
  readonly displayName: string
  readonly services: readonly MailService[]
  /** The link to the profile for iPhones, iPads and Macs, which is good once; shown this once. */
  readonly url: string
  readonly expiresMs: number
  /** Text of the code that Thunderbird on Android takes; undefined where the password is not for reading and sending by IMAP. */
  readonly thunderbirdCode: string | undefined
}

export function createClientSetupAdministration(
  { directory, setupLinks, settings }: AdministrationDeps,
  fields: Fields,
  appPasswords: Pick<AppPasswordAdministration, 'make'>,
): ClientSetupAdministration {
  return {
    async make(request) {
      const made = await appPasswords.make(request)
      if (made.kind !== 'made') return made
      const found = await findAccount(directory, fields, request.address)
      if (found.kind !== 'found') return found
      const { displayName = '' } = found.account
      const { address, appPassword, password } = made
      const { scopes } = appPassword
      const services = bestServices(settings).filter(({ protocol }) => scopes.includes(protocol))
      const content = { address, displayName, password, scopes }
      const { secret, expiresMs } = await setupLinks.make(content)
      return {
        kind: 'client-setup',
        ...{ address, displayName, appPassword, password, services, expiresMs },
        url: `${siteOrigin(settings)}${profilePath(secret)}`,
        thunderbirdCode: thunderbirdCode({ address, displayName, password }, services),
      }
    },
  }
}
