// What the ManageSieve listener stands on, in memory: scripts and logins.

import { manageSieveDefaults } from '#services/managesieve/config.ts'
import {
  createManageSieveListener,
  type ManageSieveListenerOptions,
} from '#services/managesieve/listener.ts'
import type { Scripts, ScriptsOwner, StoredScript } from '#shared/directory/scripts.ts'
import type { ByteBudget } from '#shared/runtime/byte-budget.ts'
import { type Clock, systemClock } from '#shared/runtime/clock.ts'
import { defineCommand } from '#shared/sieve/definition.ts'
import { createScriptShelf, type ShelfLimits } from '#shared/sieve/shelf.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import { FakeAccountWatch } from './fake-account-watch.ts'
import { FakeCertificates } from './fake-certificates.ts'
import { MemoryLog } from './memory-log.ts'
import { FakeAuthenticator } from './pop3-fakes.ts'

/** Of one account, or none. */
export class FakeScripts implements Scripts {
  readonly texts = new Map<string, StoredScript>()
  active: string | null = null
  fail: Error | undefined
  isGone = false

  async catalogue(_owner: ScriptsOwner) {
    if (this.fail) throw this.fail
    const names = [...this.texts].sort(([a], [b]) => (a < b ? -1 : 1))
    const scripts = names.map(([name, { text, version }]) => ({
      name,
      version,
      bytes: text.length,
      changedMs: 0,
    }))
    return { scripts, active: this.active }
  }

  async read(_owner: ScriptsOwner, name: string) {
    if (this.fail) throw this.fail
    return this.texts.get(name)
  }

  readonly change: Scripts['change'] = async (owner, decide) => {
    const { change, result } = decide(await this.catalogue(owner))
    if (this.isGone) return 'gone'
    for (const { name, text } of change?.put ?? []) this.texts.set(name, { text, version: 1 })
    for (const name of change?.remove ?? []) this.texts.delete(name)
    const { rename } = change ?? {}
    const moved = rename && this.texts.get(rename.from)
    if (rename && moved) {
      this.texts.delete(rename.from)
      this.texts.set(rename.to, moved)
      if (this.active === rename.from) this.active = rename.to
    }
    if (change?.active !== undefined) this.active = change.active
    return result
  }
}

/** No word of the language: one that scripts are warned of. */
const doubtful = defineCommand({
  name: 'doubtful',
  check: (_, checker) => checker.warn('nobody knows what doubtful does'),
  execute: () => undefined,
})

export type ManageSieveSetup = {
  readonly scripts?: FakeScripts
  readonly authenticator?: FakeAuthenticator
  readonly certificates?: FakeCertificates | null
  readonly clock?: Clock
  readonly options?: Partial<ManageSieveListenerOptions>
  readonly limits?: Partial<ShelfLimits>
  readonly memory?: ByteBudget
}

/** A listener over these fakes; by default in clear on a free port, with clear-text logins allowed. */
export async function startManageSieve({
  scripts = new FakeScripts(),
  authenticator = new FakeAuthenticator(),
  certificates = new FakeCertificates(),
  clock = systemClock,
  options = {},
  limits = {},
  memory,
}: ManageSieveSetup) {
  const log = new MemoryLog()
  const accountWatch = new FakeAccountWatch()
  /** Fewer than there are, so that dialogues stay as they are when there are more. */
  const state = { extensions: ['fileinto', 'vacation', 'enotify'], maxRedirects: 4 }
  const shelf = createScriptShelf({
    scripts,
    vocabulary: {
      ...vocabulary,
      commands: new Map([...vocabulary.commands, ['doubtful', doubtful]]),
    },
    limits: { scriptBytesMax: 65_536, scriptsMax: 50, storageBytesMax: 1_048_576, ...limits },
  })
  const listener = createManageSieveListener(
    {
      ...manageSieveDefaults,
      tls: { minVersion: 'TLSv1.2' },
      endpoints: [{ host: '127.0.0.1', port: 0, tls: 'starttls' }],
      disablePlaintextAuth: 'no',
      authFailureDelayMs: 0,
      ...options,
    },
    {
      sieve: () => ({ shelf, ...state }),
      ...(memory === undefined ? {} : { memory }),
      authenticator,
      accountWatch,
      certificates: certificates ?? undefined,
      clock,
      log,
      hostname: 'mail.example.test',
    },
  )
  const ports = (await listener.listen()).map(({ port }) => port)
  return { listener, state, port: ports[0] ?? 0, ports, scripts, authenticator, accountWatch, log }
}
