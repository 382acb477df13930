// Logins at old servers, for whoever checks logins here and for the listeners whose sessions go on there.

import type { LoginAttempt } from '#shared/contracts/authenticate.ts'
import type { AtSource, Passage } from '#shared/contracts/source.ts'
import type { SourceHost, Sources } from '#shared/directory/sources.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'
import { parseEndpoint, type SourceService } from './endpoint.ts'
import { logInByImap } from './imap-login.ts'
import type { LogInAtSource } from './log-in.ts'
import { logInByManageSieve } from './managesieve-login.ts'
import { logInByPop3 } from './pop3-login.ts'
import { openSourceWire } from './source-wire.ts'
import { logInBySubmission } from './submission-login.ts'

export interface SourceLogins {
  /** Rejects with TemporaryFailure where it is not known any more. */
  find(at: AtSource): Promise<SourceHost>
  /**
   * Rejects with TemporaryFailure where the source did not judge the login: it does not answer, has no such service, or cannot now.
   * `account`: its own address.
   */
  open(host: SourceHost, login: SourceLogin): Promise<SourceLoggedIn>
}

export type SourceLogin = Pick<LoginAttempt, 'service' | 'remoteAddress'> & {
  readonly account: string
  /** It has no account here: what it submits goes on there too. */
  readonly isGuest: boolean
  /** Undefined: it was checked here already, and the source is told the master user's. */
  readonly password: Uint8Array | undefined
}

/** `passage` undefined: the session goes on here. */
export type SourceLoggedIn =
  | { readonly kind: 'in'; readonly passage: Passage | undefined }
  | { readonly kind: 'refused' }

const logIns: { readonly [service in SourceService]: LogInAtSource } = {
  imap: logInByImap,
  pop3: logInByPop3,
  managesieve: logInByManageSieve,
  submission: logInBySubmission,
}

/** Where the login of each service is made: the first that the source has. An account that submits goes on here, so that any will do. */
const ways: { readonly [service in LoginAttempt['service']]: readonly SourceService[] } = {
  imap: ['imap'],
  pop3: ['pop3'],
  managesieve: ['managesieve'],
  smtp: ['submission', 'imap', 'pop3'],
  api: [],
}

export function createSourceLogins(deps: {
  readonly sources: Pick<Sources, 'get'>
  readonly clock: Clock
  readonly log: Log
  readonly hostname: string
}): SourceLogins {
  const { sources, clock, log, hostname } = deps

  return {
    async find({ name }) {
      const host = await sources.get(name)
      if (host === undefined) throw new TemporaryFailure(`there is no source ${name}`)
      return host
    },

    async open(host, { service, account, isGuest, password, remoteAddress }) {
      const mayBe = isGuest ? ways[service].slice(0, 1) : ways[service]
      const way = mayBe.find((one) => host.endpoints[one] !== undefined)
      const text = way && host.endpoints[way]
      const endpoint = way && text && parseEndpoint(way, text)
      if (way === undefined || !endpoint) {
        throw new TemporaryFailure(`source ${host.name} has no ${service}`)
      }
      const wire = await openSourceWire(endpoint, clock)
      try {
        const credentials = {
          ...credentialsOf(host, account, password),
          remoteAddress,
          ourName: hostname,
        }
        const answer = await logIns[way](wire, endpoint, credentials)
        if (answer.kind === 'refused') {
          if (password === undefined) {
            log.error({ source: host.name, account }, 'the source refuses its master user')
            throw new TemporaryFailure(`source ${host.name} refuses its master user`)
          }
          wire.destroy()
          return answer
        }
        if (service === 'smtp' && !isGuest) {
          if (way === 'submission') wire.write('QUIT\r\n')
          wire.destroy()
          return { kind: 'in', passage: undefined }
        }
        return { kind: 'in', passage: { ...wire.release(), words: answer.words } }
      } catch (error) {
        wire.destroy()
        throw error
      }
    },
  }
}

function credentialsOf({ login }: SourceHost, account: string, password: Uint8Array | undefined) {
  const at = account.lastIndexOf('@')
  const name = login.names === 'local-part' ? account.slice(0, at) : account
  if (password !== undefined) return { name, password }
  // Cannot happen: who has no password to show comes by the master user.
  if (login.kind !== 'master') throw new Error('no password for the source')
  const { user, separator } = login
  return { name: `${name}${separator}${user}`, password: Buffer.from(login.password, 'utf8') }
}
