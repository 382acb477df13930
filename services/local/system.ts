// The whole mail system in one process: the wiring diagram of the embedded mode.
//
// Implementation notes: `stop` first closes the listeners (sessions end, what has no `250` was not accepted), then lets the
// workers finish what they hold, then closes the store. A kill at any moment loses nothing: everything accepted is in the
// queue table with a due time. Deliveries to other hosts may take minutes; they get their own grace time and are then cut off
// and deferred. One process serves a data folder: the lock comes first and goes last.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Core, createCore } from '#services/assembly/core.ts'
import { type OpenListener, openListeners } from '#services/assembly/listeners.ts'
import { assemblePolicy } from '#services/assembly/pipeline.ts'
import { openRemoteDelivery } from '#services/assembly/remote.ts'
import { explained } from '#services/assembly/start-failure.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { openCertificateSource } from '#shared/net/tls/certificate-source.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Settings } from '#shared/runtime/settings/table.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { lockForServing } from '#shared/storage/embedded/serving-lock.ts'
import { createWorkers } from './workers.ts'

export type System = {
  readonly core: Core
  readonly listeners: readonly OpenListener[]
  /** Ends sessions within the grace time, finishes the work in hand and closes the store. */
  stop(): Promise<void>
}

/** Free at least, in messages of the largest size: as Postfix's smtpd asks for. */
const RESERVE_MESSAGES = 1.5
/** How long a session may take to finish its transaction when the system stops. */
export const STOP_GRACE_MS = 10_000
/** How long deliveries to other hosts may go on after that. */
export const DELIVERY_GRACE_MS = 3_000
/** Expired items removed at once, and how often in one go. */
const PURGE_ITEMS = 1_000
const PURGES_MAX = 100

/** Rejects with a StartFailure when what the settings name is not there or not usable. */
export async function startSystem(deps: {
  readonly directory: string
  readonly settings: Settings
  readonly log: Log
}): Promise<System> {
  const { settings, log } = deps
  const clock = systemClock
  await using opening = new AsyncDisposableStack()
  const what = `cannot use the data folder ${deps.directory}`
  opening.use(await explained(what, lockForServing(deps.directory, clock.now())))
  const store = opening.use(
    await explained(
      what,
      openEmbeddedStore({
        directory: deps.directory,
        clock,
        log,
        reserveBytes: Math.max(settings.queueMinfree, RESERVE_MESSAGES * settings.messageSizeLimit),
      }),
    ),
  )
  const core = createCore({ store, settings, clock, log })
  const certificates = await explained(
    'cannot use the certificate of tls.certificateFile and tls.keyFile',
    openCertificateSource({
      ...settings.tls,
      folder: join(deps.directory, 'tls'),
      hostname: settings.hostname,
      log,
    }),
  )
  opening.defer(() => certificates.close())
  const remote = openRemoteDelivery(core, await relayhostAuth(settings))
  const workers = createWorkers(core, remote.deliver).start(async () => {
    await store.sweepOrphans()
    for (let i = 0; i < PURGES_MAX && (await store.purgeExpired(PURGE_ITEMS)) === PURGE_ITEMS; i++);
  })
  opening.defer(async () => {
    const timer = setTimeout(remote.cutOff, DELIVERY_GRACE_MS)
    await workers.stop()
    clearTimeout(timer)
  })
  const listeners = await openListeners(core, {
    certificates,
    policy: assemblePolicy(core),
    hints: store.signals,
  })
  opening.defer(() => listeners.close(STOP_GRACE_MS))
  await warnWithoutPostmaster(core)
  const resources = opening.move()
  return {
    core,
    listeners: listeners.opened,
    // In reverse order: listeners, workers, certificate, store.
    stop: () => resources.disposeAsync(),
  }
}

/** RFC 5321 §4.5.1: there must be one. Mail for it is refused until there is. */
async function warnWithoutPostmaster({ directory, settings, log }: Core): Promise<void> {
  const postmaster = parseAddress('postmaster', parseDomain(settings.hostname))
  if (postmaster === undefined || !(await hasAny(directory.domains.list()))) return
  const { local, remote } = await directory.reach(postmaster)
  if (local + remote > 0) return
  log.warn(
    {},
    'nobody is postmaster: set postmasterAddress, or give the account or alias postmaster',
  )
}

async function hasAny(items: AsyncIterable<unknown>): Promise<boolean> {
  for await (const _ of items) return true
  return false
}

async function relayhostAuth({ relayhostUser, relayhostPasswordFile }: Settings) {
  if (relayhostUser === '') return null
  const reading = readFile(relayhostPasswordFile, 'utf8')
  const text = await explained('cannot read relayhostPasswordFile', reading)
  return { user: relayhostUser, password: text.split(/\r?\n/)[0] ?? '' }
}
