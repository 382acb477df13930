// pickup on one machine. On AWS there is none: nobody has a shell on its containers.

import { join } from 'node:path'
import { headerOf, rewriteHeader } from '#services/content/rewriting/rewriting-step.ts'
import { MaildropFolder } from '#services/pickup/maildrop-folder.ts'
import { createPickup } from '#services/pickup/pickup.ts'
import { createUserName } from '#services/pickup/user-name.ts'
import { startPickup } from '#services/pickup/watch.ts'
import { MAILDROP_FOLDER } from '#shared/contracts/maildrop.ts'
import type { Spool } from '#shared/contracts/spool.ts'
import { HeaderTooLong } from '#shared/mail/header-edits.ts'
import { createCleanEnvelope } from '#shared/queue/clean-envelope.ts'
import { createDoorbell } from '#shared/queue/doorbell.ts'
import { createSpool } from '#shared/queue/spool.ts'
import { contentFilterHop } from '#shared/settings/filter-kinds.ts'
import { originDomain } from '#shared/settings/own-domains.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Backend } from './backend.ts'
import { explained } from './start-failure.ts'

export function maildropPath(
  directory: string,
  { maildropDirectory }: Pick<Settings, 'maildropDirectory'>,
): string {
  return maildropDirectory || join(directory, MAILDROP_FOLDER)
}

/** Opens the maildrop and ends what a crash left there. `settings`: as they are at the moment. */
export async function openPickup(directory: string, backend: Backend, settings: () => Settings) {
  const { store, queue, clock } = backend
  const log = backend.log.child({ service: 'pickup' })
  const path = maildropPath(directory, settings())
  const folder = await explained(`cannot use the maildrop ${path}`, MaildropFolder.open(path))
  if (!folder.isForAll) {
    log.warn({ data: path }, "only the server's own user can submit: see 'postwolke postfix link'")
  }
  const pickup = createPickup({
    folder,
    spool: rewriting(
      backend.rewriting,
      createSpool({
        queue,
        store,
        ring: () => {},
        cleanEnvelope: createCleanEnvelope(backend.rewriting),
        options: backend.settings,
        clock,
        log,
      }),
    ),
    queue,
    objects: store.objects,
    ring: createDoorbell(store.queues.incoming, log),
    userName: createUserName(() => clock.now()),
    options: () => optionsOf(settings()),
    clock,
    log,
  })
  /** What `sendmail` keeps to. */
  async function tellLimits(): Promise<void> {
    const { messageSizeLimit, authorizedSubmitUsers } = settings()
    await folder
      .tellLimits({ messageSizeLimit, authorizedSubmitUsers })
      .catch((error) => log.warn({ error }, 'limits of the maildrop not told'))
  }
  await tellLimits()
  await pickup.recover()
  return { tellLimits, start: () => startPickup(pickup, path, { clock, log }) }
}

/** What this machine sends is mail of our own, whoever else's clients are (Postfix's pickup). */
function rewriting(rewriter: Backend['rewriting'], spool: Spool): Spool {
  return {
    ...spool,
    async receive(...given) {
      const spooled = await spool.receive(...given)
      try {
        const header = await headerOf({ open: () => spool.open(spooled) })
        const edits = await rewriteHeader(header, rewriter)
        return edits.length === 0 ? spooled : await spool.rewrite(spooled, { edits })
      } catch (error) {
        // What cannot be edited is taken as it is.
        if (error instanceof HeaderTooLong) return spooled
        await spool.discard(spooled)
        throw error
      }
    },
  }
}

function optionsOf(settings: Settings) {
  return {
    hostname: settings.hostname,
    originDomain: originDomain(settings),
    contentFilter: contentFilterHop.format(settings.contentFilter),
    messageSizeLimit: settings.messageSizeLimit,
    authorizedSubmitUsers: settings.authorizedSubmitUsers,
  }
}
