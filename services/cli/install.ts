import { execFile } from 'node:child_process'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Command } from 'commander'
import { DATA, SERVICE_USER, wantedFiles } from '#services/one-machine/install/files.ts'
import { type Deed, type Ids, install, uninstall } from '#services/one-machine/install/install.ts'
import { type Process, withJson } from './context.ts'
import { CommandFailure } from './failure.ts'
import { createOutput, table } from './output.ts'

type Options = {
  readonly dryRun?: boolean
  readonly root?: string
  readonly hostname?: string
  readonly json?: boolean
}

const run = promisify(execFile)
const program = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/** `postwolke install`: the service on this machine, under systemd. */
export function installCommand(parent: Command, process: Process): void {
  const installing = withCommon(parent.command('install'))
    .description(
      'install the service: user, folders, systemd units, log rotation; nothing of others is touched',
    )
    .option('--hostname <name>', 'the full name of this host, for new settings')
  installing.action(async () => {
    const options = installing.opts<Options>()
    const { root = '', dryRun = false } = options
    const isHere = root === ''
    if (isHere && !dryRun) mustBeRoot()
    const service = isHere && !dryRun ? await serviceUser() : undefined
    const wanted = await wantedFiles({ program, hostname: options.hostname ?? hostname() })
    const deeds = await install(wanted, { root, dryRun, service })
    if (isHere && !dryRun) await tellSystemd('daemon-reload')
    const next = [
      'next: look at /etc/postwolke/postwolke.toml, then',
      `  export POSTWOLKE_DATA=${DATA} POSTWOLKE_CONFIG=/etc/postwolke/postwolke.toml`,
      '  postwolke config check',
      '  postwolke domain add example.org --postmaster ann@example.org',
      '  postwolke account add ann@example.org',
      '  systemctl enable --now postwolke.socket postwolke.service',
    ]
    print(
      process,
      options,
      deeds,
      dryRun ? [`and the user ${SERVICE_USER}, unless it is there`] : next,
    )
  })
}

/** `postwolke uninstall`: takes away what `install` made. */
export function uninstallCommand(parent: Command, process: Process): void {
  const removing = withCommon(parent.command('uninstall')).description(
    'remove what install made and nobody changed; mail, settings and the user stay',
  )
  removing.action(async () => {
    const options = removing.opts<Options>()
    const { root = '', dryRun = false } = options
    if (root === '' && !dryRun) {
      mustBeRoot()
      await tellSystemd('disable', '--now', 'postwolke.socket', 'postwolke.service')
    }
    const deeds = await uninstall({ root, dryRun })
    if (root === '' && !dryRun) await tellSystemd('daemon-reload')
    print(process, options, deeds, [`the mail is in ${DATA}, and stays there`])
  })
}

const withCommon = (command: Command) =>
  withJson(command)
    .option('--dry-run', 'print what would be done')
    .option('--root <folder>', 'into the file system of an image that is there')

function print(
  process: Process,
  options: Options,
  deeds: readonly Deed[],
  more: readonly string[],
): void {
  createOutput(options.json === true, process.write, process.columns).print(deeds, () => [
    ...table(deeds.map(({ what, path, reason = '' }) => [what, path, reason])),
    ...more,
  ])
}

function mustBeRoot(): void {
  if (globalThis.process.getuid?.() !== 0) {
    throw new CommandFailure(
      'only root may install; --dry-run prints what would be done',
      'noPermission',
    )
  }
}

/** Made where there is none. */
async function serviceUser(): Promise<Ids> {
  const ids = async (): Promise<Ids> => {
    const { stdout } = await run('getent', ['passwd', SERVICE_USER])
    const [, , uid, gid] = stdout.split(':').map(Number)
    return { uid: uid ?? 0, gid: gid ?? 0 }
  }
  return await ids().catch(async () => {
    const how = ['--system', '--user-group', '--home-dir', DATA, '--no-create-home']
    await run('useradd', [...how, '--shell', '/usr/sbin/nologin', SERVICE_USER])
    return await ids()
  })
}

/** Nothing where it does not run: an image, a container. */
async function tellSystemd(...words: readonly string[]): Promise<void> {
  await run('systemctl', [...words]).catch(() => undefined)
}
