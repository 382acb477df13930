// What a command works with: the settings, the data folder and the backend on it, opened and closed around the command.

import { readFileSync } from 'node:fs'
import { access, readFile, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { createAdministratorLog } from '#services/assembly/administrator-log.ts'
import { explained } from '#services/assembly/start-failure.ts'
import type { Change } from '#shared/administration/changes.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { loadDeployedSettings } from '#shared/settings/deployed.ts'
import {
  type LoadedSettings,
  loadSettings,
  type SettingSources,
  type SettingsResult,
  type StoredSettings,
} from '#shared/settings/load.ts'
import { formatProblem } from '#shared/settings/problems.ts'
import { type LoadStored, loadTolerantly } from '#shared/settings/stored.ts'
import type { EmbeddedStore } from '#shared/storage/embedded/open.ts'
import type { Store } from '#shared/storage/ports.ts'
import type { Common, Context, Process } from './command-context.ts'
import { CommandFailure } from './failure.ts'
import { createOutput } from './output.ts'
import { servicesOf } from './services.ts'

export type { Common, Context, Process } from './command-context.ts'

export const CONFIG_FILE = 'postwolke.toml'
const defaultData = 'data'

/** Every command takes these. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('--data <dir>', `data folder (or POSTWOLKE_DATA; default: ${defaultData})`)
    .option(
      '--config <file>',
      `configuration file (or POSTWOLKE_CONFIG; default: ${CONFIG_FILE} in the data folder)`,
    )
    .option('--set <key=value>', 'a setting for this run, may be repeated', collect)
}

/** For commands that work on what is stored, here, on AWS or behind a server. */
export function withStoreOptions(command: Command): Command {
  return withCommonOptions(command)
    .option(
      '--aws <file>',
      'the outputs file of a deployment on AWS, in place of a data folder (or POSTWOLKE_AWS)',
    )
    .option(
      '--server <url>',
      "a server that 'postwolke login' knows, in place of a data folder (or POSTWOLKE_SERVER)",
    )
}

export const withJson = (command: Command) => command.option('--json', 'print JSON')

const collect = (value: string, all: readonly string[] = []) => [...all, value]

export function dataDirectory(common: Common, process: Process): string {
  return resolve(common.data ?? process.environment.POSTWOLKE_DATA ?? defaultData)
}

/** Those of the file and the environment. */
export async function readSettings(common: Common, process: Process): Promise<LoadedSettings> {
  return orFailure(await loadHere(common, process)({}))
}

/** With those that were changed while a system ran, where the data folder has one. */
export async function readSettingsInForce(
  common: Common,
  process: Process,
): Promise<LoadedSettings> {
  const load = loadHere(common, process)
  const alone = orFailure(await load({}))
  // The engine is loaded where there is something to read.
  const { MARKER_FILE } = await import('#shared/storage/embedded/marker-file.ts')
  const hasStore = await access(join(dataDirectory(common, process), MARKER_FILE)).then(
    () => true,
    () => false,
  )
  if (!hasStore) return alone
  await using store = await openDataFolder(common, process)
  return orFailure(await loadTolerantly(load, await settingsIn(store))).loaded
}

/** Where settings come from on this machine: read anew each time. */
export function loadHere(common: Common, process: Process): LoadStored {
  return async (stored) => {
    const named = common.config ?? process.environment.POSTWOLKE_CONFIG
    const path = named ?? join(dataDirectory(common, process), CONFIG_FILE)
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      // Only a file that was asked for by name must be there.
      if (named === undefined && error.code === 'ENOENT') return undefined
      throw new CommandFailure(`cannot read the configuration file: ${error.message}`, 'noInput')
    })
    const file = text === undefined ? undefined : { path, text }
    return loadSettings(sourcesOf({ file, environment: process.environment, stored }, common))
  }
}

/** What this machine says of a mail system of its own is nothing to a deployment. */
function loadDeployed(common: Common, outputs: string): LoadStored {
  if (common.config !== undefined) {
    throw new CommandFailure(
      '--aws brings the settings of the deployment; --config has no place',
      'usage',
    )
  }
  return async (stored) => {
    const { deployedSettings } = await loadDeployment()
    return loadDeployedSettings(
      sourcesOf({ environment: await deployedSettings(outputs), stored }, common),
    )
  }
}

const sourcesOf = (
  sources: Pick<SettingSources, 'file' | 'environment' | 'stored'>,
  common: Common,
): SettingSources => ({
  ...sources,
  overrides: common.set ?? [],
  readFile: (path) => readFileSync(path, 'utf8'),
})

export function orFailure<T extends { readonly kind: 'ok' }>(
  loaded: T | Extract<SettingsResult, { readonly kind: 'invalid' }>,
): T {
  if (loaded.kind === 'ok') return loaded
  throw new CommandFailure(loaded.problems.map(formatProblem).join('\n'), 'config')
}

/** Runs a command on the data folder, beside a server that may be running on it. */
export async function withAdministration(
  common: Common,
  process: Process,
  options: { readonly mayCreate: boolean },
  run: (context: Context) => Promise<void>,
): Promise<void> {
  const server = serverOf(common, process)
  if (server !== undefined) {
    const { createRemoteContext } = await import('./remote/context.ts')
    return await run(await createRemoteContext(server, common, process))
  }
  const outputs = outputsFile(common, process)
  const loadStored =
    outputs === undefined ? loadHere(common, process) : loadDeployed(common, outputs)
  // What is wrong with them is told before a store is looked for.
  orFailure(await loadStored({}))
  const [{ createBackend }, { assembleAdministration }, { assembleAuditTrail }] = await Promise.all(
    [
      import('#services/assembly/backend.ts'),
      import('#services/assembly/administration.ts'),
      import('#services/assembly/audit.ts'),
    ],
  )
  // Before the store is opened, which may make this process its owner's.
  const by = administratorOf(process)
  await using store = await openStore(common, process, options.mayCreate)
  const { tables, signals } = store
  const administrator = createAdministratorLog({
    counters: tables.counters,
    signals,
    clock: systemClock,
    by,
  })
  const { log } = administrator
  const { loaded } = orFailure(await loadTolerantly(loadStored, await settingsIn(store)))
  const { settings } = loaded
  const loadSettings = loadStored
  const backend = createBackend({ store, settings, clock: systemClock, log, loadSettings })
  const changes: Change[] = []
  const administration = assembleAdministration(backend, (change) => void changes.push(change))
  const output = createOutput(common.json === true, process.write, process.columns)
  try {
    const audit = assembleAuditTrail(backend)
    const services = servicesOf(backend, administration)
    await run({
      where: 'store',
      ...{ administration, services, backend, settings: backend.settings, audit, by, changes },
      ...{ output, process },
    })
  } finally {
    // Also of a command that failed in the middle: what it changed is changed.
    await administrator.handOver()
  }
}

async function settingsIn({ tables, signals }: Store): Promise<StoredSettings> {
  const { createSettingStore } = await import('#shared/directory/stored-settings.ts')
  return createSettingStore({ table: tables.directory, signals, clock: systemClock }).read()
}

/** Who gives the command; behind sudo that is somebody else than the process. */
function administratorOf({ environment }: Process): string {
  const { SUDO_USER } = environment
  try {
    const { username } = userInfo()
    return SUDO_USER ? `${SUDO_USER} as ${username}` : username
  } catch {
    // A number without a name, as in many containers.
    return `user ${globalThis.process.getuid?.() ?? 'unknown'}`
  }
}

async function openStore(common: Common, process: Process, mayCreate: boolean): Promise<Store> {
  const outputs = outputsFile(common, process)
  if (outputs !== undefined) {
    const { openDeployment } = await loadDeployment()
    return (await openDeployment(outputs, process.environment)).store
  }
  return await openDataFolder(common, process, { mayCreate })
}

/** The store of a data folder, whatever variable names a deployment. */
export async function openDataFolder(
  common: Common,
  process: Process,
  { mayCreate = false } = {},
): Promise<EmbeddedStore> {
  const directory = dataDirectory(common, process)
  const [{ openEmbeddedStore }, { STORE_FILE }, { MARKER_FILE }] = await Promise.all([
    import('#shared/storage/embedded/open.ts'),
    import('#shared/storage/embedded/environment.ts'),
    import('#shared/storage/embedded/store-marker.ts'),
  ])
  if (!mayCreate) await mustExist(directory, [STORE_FILE, MARKER_FILE])
  await becomeOwner(directory, process)
  const what = `cannot use the data folder ${directory}`
  return explained(what, openEmbeddedStore({ directory }))
}

/** Loaded only where it is meant: the other commands start faster without the SDK, and one machine need not have it. */
export async function loadDeployment(): Promise<typeof import('./deployment.ts')> {
  try {
    return await import('./deployment.ts')
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === NOT_INSTALLED
    if (!isMissing) throw error
    throw new CommandFailure(
      "the packages for AWS are not installed; 'npm ci' without --omit=dev installs them",
      'unavailable',
    )
  }
}

const NOT_INSTALLED = 'ERR_MODULE_NOT_FOUND'

/** Of the deployment that is meant, if it is one: an option outranks a variable. */
export function outputsFile(common: Common, process: Process): string | undefined {
  onlyOne(common)
  if (common.data !== undefined) return undefined
  return common.aws ?? process.environment.POSTWOLKE_AWS
}

/** The server that is meant, if it is one. */
export function serverOf(common: Common, process: Process): string | undefined {
  onlyOne(common)
  if (common.data !== undefined || common.aws !== undefined) return undefined
  return common.server ?? (process.environment.POSTWOLKE_SERVER || undefined)
}

function onlyOne({ data, aws, server }: Common): void {
  const named = Object.entries({ data, aws, server }).filter(([_, value]) => value !== undefined)
  if (named.length < 2) return
  const names = named.map(([name]) => `--${name}`).join(' and ')
  throw new CommandFailure(
    `${names} name ${named.length === 2 ? 'two' : 'three'} mail systems; give one of them`,
    'usage',
  )
}

/** What root makes in the folder, the server of another user could not read. */
export async function becomeOwner(directory: string, { become }: Process): Promise<void> {
  const owner = become && (await stat(directory).catch(() => undefined))
  if (owner !== undefined && owner.uid !== 0) become?.({ uid: owner.uid, gid: owner.gid })
}

/** A mistyped folder must not look like a mail system with an empty queue. */
export async function mustExist(directory: string, names: readonly string[]): Promise<void> {
  const files = names.map((name) => access(join(directory, name)))
  // Where only one of them is missing, opening says which.
  await Promise.any(files).catch((none: AggregateError) => {
    const isMissing = none.errors.every(({ code }) => code === 'ENOENT' || code === 'ENOTDIR')
    if (!isMissing) return
    throw new CommandFailure(
      `no mail system in ${directory}; name its folder with --data (or POSTWOLKE_DATA), or begin one with 'postwolke domain add' or 'postwolke serve'`,
      'unavailable',
    )
  })
}
