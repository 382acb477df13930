// What a command works with on a store: the settings, the data folder and the backend on it, opened and closed around the command.

import { readFileSync } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { createAdministratorLog } from '#services/assembly/administrator-log.ts'
import type { QuickNoun } from '#services/assembly/quick-administration.ts'
import { explained } from '#services/assembly/start-failure.ts'
import type { Change, RecordChange } from '#shared/administration/changes.ts'
import type { Side } from '#shared/moving/replication/side.ts'
import { type Clock, systemClock } from '#shared/runtime/clock.ts'
import { lazily } from '#shared/runtime/lazily.ts'
import type { Log } from '#shared/runtime/log.ts'
import {
  type LoadedSettings,
  loadSettings,
  type SettingSources,
  type SettingsResult,
  type StoredSettings,
} from '#shared/settings/load.ts'
import { formatProblem } from '#shared/settings/problems.ts'
import { type LoadStored, loadTolerantly } from '#shared/settings/stored.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { EmbeddedStore } from '#shared/storage/embedded/open.ts'
import { refuseWhileMoved } from '#shared/storage/move-mark.ts'
import type { Store } from '#shared/storage/ports.ts'
import type { Common, Context, Process, StoreOptions } from './command-context.ts'
import {
  becomeOwner,
  CONFIG_FILE,
  dataDirectory,
  loadDeployment,
  mustExist,
  outputsFile,
} from './context.ts'
import { CommandFailure } from './failure.ts'
import { createOutput } from './output.ts'

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
    const [{ deployedSettings }, { loadDeployedSettings }] = await Promise.all([
      loadDeployment(),
      import('#shared/settings/deployed.ts'),
    ])
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
export async function withStore(
  common: Common,
  process: Process,
  { mayCreate, nouns }: StoreOptions,
  run: (context: Context) => Promise<void>,
): Promise<void> {
  const outputs = outputsFile(common, process)
  const loadStored =
    outputs === undefined ? loadHere(common, process) : loadDeployed(common, outputs)
  // What is wrong with them is told before a store is looked for.
  const alone = orFailure(await loadStored({}))
  // Before the store is opened, which may make this process its owner's.
  const parts = nouns === undefined ? await loadAll() : await loadQuickly(nouns)
  const by = administratorOf(process)
  await using store = await openStore(common, process, mayCreate)
  const { tables, signals } = store
  const administrator = createAdministratorLog({
    counters: tables.counters,
    signals,
    clock: systemClock,
    by,
  })
  const { log } = administrator
  const stored = await settingsIn(store)
  const { settings } =
    Object.keys(stored).length === 0
      ? alone
      : orFailure(await loadTolerantly(loadStored, stored)).loaded
  const changes: Change[] = []
  const record = (change: Change) => void changes.push(change)
  const listCosts = outputs === undefined ? undefined : await deployedCostsOf(outputs, process)
  const given = {
    ...{ store, settings, clock: systemClock, log, loadSettings: loadStored, record, listCosts },
  }
  const output = createOutput(common.json === true, process.write, process.columns)
  try {
    const here = { where: 'store' as const, settings, log, by, changes, output, process }
    // Not copied: reading what is not there fails.
    await run(Object.assign(parts(given), here))
  } finally {
    // Also of a command that failed in the middle: what it changed is changed.
    await administrator.handOver()
  }
}

async function deployedCostsOf(outputs: string, process: Process) {
  const [{ deployedIdleUsd }, { deployedCosts }] = await Promise.all([
    loadDeployment(),
    import('#services/aws/cost-model.ts'),
  ])
  const { idleUsd, region } = await deployedIdleUsd(outputs, process.environment)
  return deployedCosts(idleUsd, region)
}

type Given = {
  readonly store: Store
  readonly settings: Settings
  readonly clock: Clock
  readonly log: Log
  readonly loadSettings: LoadStored
  readonly record: RecordChange
  readonly listCosts: Awaited<ReturnType<typeof deployedCostsOf>>
}
type Parts = Pick<Context, 'administration' | 'services' | 'backend' | 'audit'>

async function loadAll(): Promise<(given: Given) => Parts> {
  const [{ createBackend }, { assembleAdministration }, { assembleAuditTrail }, { servicesOf }] =
    await Promise.all([
      import('#services/assembly/backend.ts'),
      import('#services/assembly/administration.ts'),
      import('#services/assembly/audit.ts'),
      import('./services.ts'),
    ])
  return ({ record, ...given }) => {
    const backend = createBackend(given)
    const administration = assembleAdministration(backend, record)
    const services = servicesOf(backend, administration)
    return { administration, services, backend, audit: assembleAuditTrail(backend) }
  }
}

/** Nothing else of it is there: `QuickContext` shows a command no more. */
async function loadQuickly(nouns: readonly QuickNoun[]): Promise<(given: Given) => Parts> {
  const { loadNouns } = await import('#services/assembly/quick-administration.ts')
  const makeNouns = await loadNouns(nouns)
  return (given) => ({
    administration: makeNouns(given),
    audit: lazily(async () => {
      const [{ assembleAuditTrail }, { createRates }, { createSharedBuckets }] = await Promise.all([
        import('#services/assembly/audit.ts'),
        import('#shared/rates/rates.ts'),
        import('#shared/rates/shared-buckets.ts'),
      ])
      const shared = createSharedBuckets(given.store.tables.counters, given.clock)
      return assembleAuditTrail({ ...given, rates: createRates({ ...given, shared }) })
    }),
    get services() {
      return notNamed()
    },
    get backend() {
      return notNamed()
    },
  })
}

function notNamed(): never {
  throw new Error('this command has not said that it needs this')
}

async function settingsIn({ tables, signals }: Store): Promise<StoredSettings> {
  const { createSettingStore } = await import('#shared/directory/stored-settings.ts')
  return createSettingStore({ table: tables.directory, signals, clock: systemClock }).read()
}

/** Who gives the command; behind sudo that is somebody else than the process. */
export function administratorOf({ environment }: Process): string {
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
  const store = await openDataFolder(common, process, { mayCreate })
  try {
    await explained(
      `cannot use the data folder ${dataDirectory(common, process)}`,
      refuseWhileMoved(store.tables.directory),
    )
    return store
  } catch (error) {
    await store[Symbol.asyncDispose]()
    throw error
  }
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

/** As one end of a move, which alone may work on it then. */
export async function openMovedFolder(
  directory: string,
  common: Common,
  process: Process,
  { mayCreate = false } = {},
): Promise<Side & AsyncDisposable> {
  const [{ openFolderSide }, { STORE_FILE }, { MARKER_FILE }] = await Promise.all([
    import('#services/one-machine/move-side.ts'),
    import('#shared/storage/embedded/environment.ts'),
    import('#shared/storage/embedded/store-marker.ts'),
  ])
  if (!mayCreate) await mustExist(directory, [STORE_FILE, MARKER_FILE])
  const { settings } = await readSettings({ ...common, data: directory }, process)
  return await openFolderSide({ directory, settings, clock: systemClock })
}
