// Who somebody is over HTTP, on a store: sessions, tokens and links.

import type { Directory } from '#shared/directory/directory.ts'
import { createIdentities, type Identities } from '#shared/identity/identities.ts'
import { createLinks, type Links } from '#shared/identity/links.ts'
import { systemRandom } from '#shared/identity/secrets.ts'
import { createSessions, type Sessions } from '#shared/identity/sessions.ts'
import { createTokens, type Tokens } from '#shared/identity/tokens.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Store } from '#shared/storage/ports.ts'

export type Identification = {
  readonly webSessions: Sessions
  readonly tokens: Tokens
  readonly links: Links
  readonly identities: Identities
}

export function assembleIdentification(backend: {
  readonly store: Pick<Store, 'tables'>
  readonly directory: Directory
  readonly settings: Settings
  readonly clock: Clock
}): Identification {
  const { directory, settings, clock } = backend
  const { tables } = backend.store
  const given = {
    counters: tables.counters,
    directory: tables.directory,
    clock,
    random: systemRandom,
  }
  const sessions = createSessions({ ...given, settings })
  const tokens = createTokens(given)
  return {
    webSessions: sessions,
    tokens,
    links: createLinks(given),
    identities: createIdentities({ accounts: directory.accounts, sessions, tokens, clock }),
  }
}
