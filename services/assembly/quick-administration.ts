// The nouns that most commands are about, each with what it needs and nothing else: a command that lists the queue starts without the
// mailbox, second factors, signing and what else a whole administration stands on (administration.ts).

import type { Administration } from '#shared/administration/administration.ts'
import type { RecordChange } from '#shared/administration/changes.ts'
import { createFields } from '#shared/administration/fields.ts'
import type { Devices } from '#shared/auth/devices.ts'
import type { Suspicion } from '#shared/auth/suspicion.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { lazily } from '#shared/runtime/lazily.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Store } from '#shared/storage/ports.ts'
import { assembleDirectory, type DirectoryParts } from './directory-parts.ts'

type Given = {
  readonly store: Store
  readonly settings: Settings
  readonly clock: Clock
  readonly log: Log
  readonly record: RecordChange
}
type Parts = Given & DirectoryParts & { readonly mailbox: QuickMailbox }
type QuickMailbox = Pick<Mailbox, 'access' | 'empty' | 'folders' | 'remove' | 'usage'>

/** Each loads what it is made of, and gives what makes it. */
const loaders = {
  async queue() {
    const [{ createQueueAdministration }, { assembleQueue }] = await Promise.all([
      import('#shared/administration/queue.ts'),
      import('./queue-parts.ts'),
    ])
    return (parts: Parts) =>
      createQueueAdministration({
        ...parts,
        ...assembleQueue(parts, parts),
        objects: parts.store.objects,
      })
  },
  async domains() {
    const { createDomainAdministration } = await import('#shared/administration/domains.ts')
    return (parts: Parts) => {
      const keyUpkeep = lazily(async () => (await import('./signing.ts')).assembleKeyUpkeep(parts))
      return createDomainAdministration({ ...parts, keyUpkeep }, createFields(parts.settings))
    }
  },
  async aliases() {
    const { createAliasAdministration } = await import('#shared/administration/aliases.ts')
    return (parts: Parts) => createAliasAdministration(parts, createFields(parts.settings))
  },
  async accounts() {
    const [{ createAccountAdministration }, { assembleQueue }] = await Promise.all([
      import('#shared/administration/accounts.ts'),
      import('./queue-parts.ts'),
      // Whoever lists accounts wants to know what they use.
      import('#shared/mailbox/mailbox.ts'),
    ])
    return (parts: Parts) => {
      const whole = async () => (await import('./backend.ts')).createBackend(parts)
      const suspicion = lazily<Pick<Suspicion, 'forget' | 'read'>>(
        async () => (await whole()).suspicion,
      )
      const webSessions = lazily(async () => (await whole()).webSessions)
      const links = lazily(async () => (await whole()).links)
      const devices = lazily<Pick<Devices, 'of'>>(async () => (await whole()).devices)
      return createAccountAdministration(
        { ...parts, ...assembleQueue(parts, parts), suspicion, webSessions, links, devices },
        createFields(parts.settings),
      )
    }
  },
} satisfies {
  readonly [N in keyof Administration]?: () => Promise<(parts: Parts) => Administration[N]>
}

export type QuickNoun = keyof typeof loaders

/** The other nouns are not there. What is needed for these is loaded when this resolves. */
export async function loadNouns(
  nouns: readonly QuickNoun[],
): Promise<(given: Given) => Administration> {
  const loaded = await Promise.all(
    nouns.map(async (noun) => [noun, await loaders[noun]()] as const),
  )
  return (given) => {
    const parts = { ...given, ...assembleDirectory(given), mailbox: quickMailbox(given) }
    // What a command is shown of it is what it named (QuickContext).
    return Object.fromEntries(
      loaded.map(([noun, make]) => [noun, make(parts)]),
    ) as Partial<Administration> as Administration
  }
}

function quickMailbox({ store: { tables, objects, signals }, clock }: Given): QuickMailbox {
  let making: Promise<Mailbox> | undefined
  const mailbox = () => {
    making ??= import('#shared/mailbox/mailbox.ts').then(({ createMailbox }) =>
      createMailbox({ table: tables.mail, objects, signals, clock }),
    )
    return making
  }
  return {
    empty: async (id) => (await mailbox()).empty(id),
    remove: async (id) => (await mailbox()).remove(id),
    usage: async (id) => (await mailbox()).usage(id),
    access: lazily(async () => (await mailbox()).access),
    folders: lazily(async () => (await mailbox()).folders),
  }
}
