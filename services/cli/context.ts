// Where a command works: a data folder, a deployment on AWS or a server, by its options and variables. What it works with there is
// loaded when that is known (store-context.ts, remote/context.ts).

import { access, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { Common, Process } from './command-context.ts'
import { CommandFailure } from './failure.ts'

export type { Common, Context, Process, QuickContext } from './command-context.ts'

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
