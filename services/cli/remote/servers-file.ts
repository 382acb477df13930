// The servers that this user has signed in to, each with a token of this machine: `~/.config/postwolke/servers.json`, which nobody else can read.

import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { CommandFailure } from '../failure.ts'

export type KnownServer = {
  readonly token: string
  readonly tokenId: string | null
  readonly account: string
  /** File with the certificates of its authorities; else those that Node trusts. */
  readonly ca?: string | undefined
}
export type KnownServers = { readonly [origin: string]: KnownServer | undefined }

type Environment = { readonly [name: string]: string | undefined }

const VERSION = 1
const FILE_BYTES_MAX = 1024 ** 2

export function serversFile({ XDG_CONFIG_HOME, HOME }: Environment): string {
  const config = XDG_CONFIG_HOME || join(HOME || homedir(), '.config')
  return join(config, 'postwolke', 'servers.json')
}

export async function readServers(environment: Environment): Promise<KnownServers> {
  const file = serversFile(environment)
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw unreadable(file, error.message)
  })
  if (found === undefined) return {}
  if ((found.mode & 0o077) !== 0) {
    throw unreadable(file, `others can read or write it: 'chmod 600 ${file}', and log in anew`)
  }
  if (found.size > FILE_BYTES_MAX) throw unreadable(file, 'it is too long')
  const text = await readFile(file, 'utf8')
  try {
    const { version, servers } = JSON.parse(text)
    if (version !== VERSION) throw unreadable(file, `it is of version ${version}`)
    return { ...servers }
  } catch (error) {
    if (error instanceof CommandFailure) throw error
    throw unreadable(file, 'it is not JSON')
  }
}

/** Whole, or not at all. */
export async function keepServer(
  environment: Environment,
  origin: string,
  known: KnownServer | undefined,
): Promise<void> {
  const file = serversFile(environment)
  const { [origin]: _, ...others } = await readServers(environment)
  const servers = known === undefined ? others : { ...others, [origin]: known }
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const beside = `${file}.${process.pid}`
  try {
    const text = `${JSON.stringify({ version: VERSION, servers }, null, 2)}\n`
    await writeFile(beside, text, { mode: 0o600, flag: 'wx' })
    await rename(beside, file)
  } catch (error) {
    await rm(beside, { force: true })
    throw unreadable(file, error instanceof Error ? error.message : String(error), 'write')
  }
}

const unreadable = (file: string, why: string, verb = 'use') =>
  new CommandFailure(`cannot ${verb} ${file}: ${why}`, 'config')
