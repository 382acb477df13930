import { mkdir } from 'node:fs/promises'
import type { Command } from 'commander'
import { explained } from '#services/assembly/start-failure.ts'
import { prepareFirstStart } from '#services/local/first-start.ts'
import { createLog } from '#shared/runtime/log-writer.ts'
import { findWarnings } from '#shared/runtime/settings/warnings.ts'
import {
  type Common,
  dataDirectory,
  type Process,
  readSettings,
  withCommonOptions,
} from './context.ts'
import { welcome } from './welcome.ts'

/** `postwolke serve`: the whole system in this process, until SIGTERM or SIGINT. */
export function serveCommand(parent: Command, process: Process): void {
  const serve = withCommonOptions(parent.command('serve')).description(
    'run the mail system in this process',
  )
  serve.action(async () => {
    const options = serve.opts<Common>()
    const { settings } = await readSettings(options, process)
    const directory = dataDirectory(options, process)
    const log = createLog({ ...settings.log, destination: globalThis.process.stdout })
    for (const warning of findWarnings(settings)) log.warn({}, warning)
    await explained(
      `cannot make the data folder ${directory}`,
      mkdir(directory, { recursive: true, mode: 0o700 }),
    )
    // Loaded only here: the other commands start faster without the listeners.
    const { startSystem } = await import('#services/local/system.ts')
    const system = await startSystem({ directory, settings, log })
    // After the ports are open: accounts whose passwords nobody gets to see would be of no use.
    const first = await prepareFirstStart(system.core)
    // Before anybody is told that it runs, and stops it.
    const told = signalled()
    log.info({ data: directory, pid: globalThis.process.pid }, 'ready')
    const { isTerminal } = process
    process.write(await welcome({ system, directory, accounts: first, isTerminal }))
    await told
    log.info({}, 'stopping')
    await system.stop()
    log.info({}, 'stopped')
  })
}

/**
 * Repeated signals are ignored: Ctrl-C reaches the process from the terminal and once more from npm, and the second must not
 * cut the first short.
 */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      globalThis.process.on(signal, () => resolve())
    }
  })
}
