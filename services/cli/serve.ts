import { mkdir } from 'node:fs/promises'
import type { Command } from 'commander'
import { type FirstAccount, prepareFirstStart } from '#services/local/first-start.ts'
import { type System, startSystem } from '#services/local/system.ts'
import { createLog } from '#shared/runtime/log-writer.ts'
import {
  type Common,
  dataDirectory,
  type Process,
  readSettings,
  withCommonOptions,
} from './context.ts'

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
    await mkdir(directory, { recursive: true, mode: 0o700 })
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

function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
}

function welcome(
  system: System,
  directory: string,
  first: readonly FirstAccount[] | undefined,
): string {
  const ports = system.listeners.map(({ name, port }) => `  ${name.padEnd(12)} ${port}`)
  const lines = ['', `Postwolke is running on ${directory}`, '', ...ports, '']
  if (first !== undefined) lines.push(...tryIt(system, directory, first))
  return `${lines.join('\n')}\n`
}

/** Shown once: the passwords are stored as hashes only. */
function tryIt(system: System, directory: string, accounts: readonly FirstAccount[]): string[] {
  const port = (name: string) => system.listeners.find((listener) => listener.name === name)?.port
  const [alice, bob] = accounts
  if (alice === undefined || bob === undefined) return []
  return [
    'Two accounts were made; their passwords are shown this once:',
    ...accounts.map(({ address, password }) => `  ${address}  ${password}`),
    '',
    'Send a message:',
    `  printf 'From: ${alice.address}\\nTo: ${bob.address}\\nSubject: Hello\\n\\nIt works.\\n' |`,
    `    curl -k --ssl-reqd --crlf smtp://localhost:${port('submission')} -u ${alice.address}:${alice.password} \\`,
    `      --mail-from ${alice.address} --mail-rcpt ${bob.address} -T -`,
    '',
    'Read it:',
    `  curl -k pop3s://localhost:${port('pop3s')}/1 -u ${bob.address}:${bob.password}`,
    '',
    'Look around:',
    `  npx postwolke account list --data ${directory}`,
    '',
  ]
}
