import { mkdir } from 'node:fs/promises'
import { explained, StartFailure } from '#services/assembly/start-failure.ts'
import { inviteFirstOwner, prepareFirstStart } from '#services/one-machine/first-start.ts'
import type { System } from '#services/one-machine/system.ts'
import { adoptSockets, socketsLeft } from '#shared/net/inherited-sockets.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { type LogSettings, type LogTargets, openLogTargets } from '#shared/runtime/log-targets.ts'
import { loadTolerantly } from '#shared/settings/stored.ts'
import { findWarnings } from '#shared/settings/warnings.ts'
import { type Common, dataDirectory, type Process } from './context.ts'
import { loadHere, orFailure, readSettings } from './store-context.ts'
import { welcome } from './welcome.ts'

/** How long the other one may take until it is told to stop. */
const TAKE_OVER_MS_MAX = 300_000
const TAKE_OVER_LOOK_MS = 20

export type ServeOptions = Common & { readonly takeOver?: boolean }

/** The whole system in this process, until SIGTERM or SIGINT; SIGHUP reloads. */
export async function serve(
  options: ServeOptions,
  process: Process,
  version: string,
): Promise<void> {
  // Before anything else could get their numbers.
  const passed = adoptSockets(process.environment)
  // One that comes while the system starts or stops must not end it; it is seen to as soon as the system runs.
  const hangups = listenForHangups()
  const { settings } = await readSettings(options, process)
  const directory = dataDirectory(options, process)
  const targets = openLog(settings.log, process)
  const { log } = targets
  for (const warning of findWarnings(settings)) log.warn({}, warning)
  await explained(
    `cannot make the data folder ${directory}`,
    mkdir(directory, { recursive: true, mode: 0o700 }),
  )
  // Loaded only here: the other commands start faster without the listeners.
  const { startSystem } = await import('#services/one-machine/system.ts')
  if (options.takeOver) {
    log.info({}, 'waiting for the server that runs to be told to stop')
    await untilFree(directory)
  }
  const system = await startSystem({
    directory,
    settings,
    log,
    version,
    loadSettings: loadHere(options, process),
    onSettings: ({ log: changed }) => targets.change(changed),
  })
  for (const socket of passed > 0 ? socketsLeft() : []) {
    log.warn({ ...socket }, 'a socket was passed that no listener wants')
  }
  // After the ports are open: accounts whose passwords nobody gets to see would be of no use.
  const first = await prepareFirstStart(system.backend)
  // Before anybody is told that it runs, and stops it.
  const told = waitForSignal()
  log.info({ data: directory, pid: globalThis.process.pid, version }, 'ready')
  const { isTerminal } = process
  const ownerSecret = first && (await inviteFirstOwner(system.backend))
  process.write(await welcome({ system, directory, accounts: first, ownerSecret, isTerminal }))
  hangups.call(() => reload({ options, process, system, targets }))
  await told
  log.info({}, 'stopping')
  await system.stop()
  log.info({}, 'stopped')
  targets.close()
}

/** Everything is loaded by now: whoever connects waits no longer than it takes to open the store. */
async function untilFree(directory: string): Promise<void> {
  const { whoServes } = await import('#shared/storage/embedded/serving-lock.ts')
  const untilMs = systemClock.now() + TAKE_OVER_MS_MAX
  while (systemClock.now() < untilMs && (await whoServes(directory)) !== undefined) {
    await systemClock.sleep(TAKE_OVER_LOOK_MS)
  }
}

function openLog(settings: LogSettings, process: Process): LogTargets {
  try {
    return openLogTargets(settings, globalThis.process.stdout, process.say)
  } catch (error) {
    throw new StartFailure(`cannot open the log: ${messageOf(error)}`)
  }
}

/** Whatever is wrong with the new settings, the system goes on with those it has. */
async function reload(running: {
  readonly options: Common
  readonly process: Process
  readonly system: System
  readonly targets: LogTargets
}): Promise<void> {
  const { options, process, system, targets } = running
  try {
    // What of the stored ones is not usable was told when they were read first.
    const stored = await system.storedSettings()
    const { loaded } = orFailure(await loadTolerantly(loadHere(options, process), stored))
    const { settings } = loaded
    targets.change(settings.log)
    const { taken, needRestart } = await system.reload(settings)
    targets.log.info({ changed: taken, needRestart }, 'reloaded')
  } catch (error) {
    reopenLog(targets)
    targets.log.error({ reason: messageOf(error) }, 'not reloaded')
  }
}

/** Its file may have been moved away by logrotate, which knows nothing of wrong settings. */
function reopenLog(targets: LogTargets): void {
  try {
    targets.reopen()
  } catch (error) {
    targets.log.error({ reason: messageOf(error) }, 'log not opened again')
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** SIGHUP: never ends the process, and never runs twice at a time. */
function listenForHangups() {
  let work: (() => Promise<void>) | undefined
  let isAsked = false
  let isWorking = false
  const see = async () => {
    if (work === undefined || isWorking) return
    isWorking = true
    while (isAsked) {
      isAsked = false
      await work()
    }
    isWorking = false
  }
  globalThis.process.on('SIGHUP', () => {
    isAsked = true
    void see()
  })
  return {
    call(then: () => Promise<void>) {
      work = then
      void see()
    },
  }
}

/**
 * Repeated signals are ignored: Ctrl-C reaches the process from the terminal and once more from npm, and the second must not
 * cut the first short.
 */
function waitForSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      globalThis.process.on(signal, () => resolve())
    }
  })
}
