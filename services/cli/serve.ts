import { mkdir } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import type { Command } from 'commander'
import { formatEndpoint } from '#services/assembly/endpoint.ts'
import type { ListenerName } from '#services/assembly/listeners.ts'
import { explained } from '#services/assembly/start-failure.ts'
import { type FirstAccount, prepareFirstStart } from '#services/local/first-start.ts'
import type { System } from '#services/local/system.ts'
import { createLog } from '#shared/runtime/log-writer.ts'
import {
  type Common,
  dataDirectory,
  type Process,
  readSettings,
  withCommonOptions,
} from './context.ts'
import { table } from './output.ts'

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
    await explained(
      `cannot make the data folder ${directory}`,
      mkdir(directory, { recursive: true, mode: 0o700 }),
    )
    // Loaded only here: the other commands start faster without the listeners.
    const { startSystem } = await import('#services/local/system.ts')
    const system = await startSystem({ directory, settings, log })
    // After the ports are open: accounts whose passwords nobody gets to see would be of no use.
    const first = await prepareFirstStart(system.core)
    log.info({ data: directory, pid: globalThis.process.pid }, 'ready')
    process.write(welcome(system, directory, first))
    await signalled()
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

function welcome(
  system: System,
  directory: string,
  first: readonly FirstAccount[] | undefined,
): string {
  const rows = system.listeners.map((listener) => [listener.name, formatEndpoint(listener)])
  const lines = ['', `Postwolke is running on ${directory}`, '', ...indented(rows), '']
  if (first !== undefined) lines.push(...tryIt(system, directory, first))
  return `${lines.join('\n')}\n`
}

/** Shown once: the passwords are stored as hashes only. */
function tryIt(system: System, directory: string, accounts: readonly FirstAccount[]): string[] {
  const [alice, bob] = accounts
  if (alice === undefined || bob === undefined) return []
  const url = (scheme: string, name: ListenerName) => {
    const listener = system.listeners.find((one) => one.name === name)
    return listener && `${scheme}://${hostFor(listener.address)}:${listener.port}`
  }
  const smtp = url('smtp', 'submission')
  const pop3 = url('pop3s', 'pop3s')
  const send = [
    'Send a message:',
    `  printf 'From: ${alice.address}\\nTo: ${bob.address}\\nSubject: Hello\\n\\nIt works.\\n' |`,
    `    curl -sSk --ssl-reqd --crlf ${smtp} -u ${alice.address}:${alice.password} \\`,
    `      --mail-from ${alice.address} --mail-rcpt ${bob.address} -T -`,
    '',
  ]
  const read = ['Read it:', `  curl -sSk ${pop3}/1 -u ${bob.address}:${bob.password}`, '']
  return [
    'Two accounts were made; their passwords are shown this once:',
    ...indented(accounts.map(({ address, password }) => [address, password])),
    '',
    ...(smtp === undefined ? [] : send),
    ...(pop3 === undefined ? [] : read),
    'Look around:',
    `  npx postwolke account list --data ${shellWord(directory)}`,
    '',
  ]
}

const indented = (rows: readonly (readonly string[])[]) => table(rows).map((row) => `  ${row}`)

/** A name for clients on this machine. */
function hostFor(address: string): string {
  if (['', '::', '0.0.0.0', '::1', '127.0.0.1'].includes(address)) return 'localhost'
  return isIPv6(address) ? `[${address}]` : address
}

function shellWord(text: string): string {
  return /^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
