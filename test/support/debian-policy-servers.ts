// Debian's policy servers, each with folder, configuration and port of its own; disposed of, it is ended.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { ServiceAddress } from '#shared/settings/service-address.ts'
import { freePort } from './server-process.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface DebianPolicyServer extends AsyncDisposable {
  readonly endpoint: Extract<ServiceAddress, { readonly kind: 'inet' }>
}

type DnsOfPolicydWeight = {
  readonly nameServer: { readonly host: string; readonly port: number }
  /** Perl. */
  readonly lines: readonly string[]
}

const POLLS_MAX = 500
const POLL_MS = 20
/** From the signal that asks a program to end to the one that ends it. */
const PATIENCE_MS = 2_000

export async function startPostgrey(options: readonly string[] = []): Promise<DebianPolicyServer> {
  const folder = await temporaryFolder()
  const port = await freePort()
  const { username, gid } = userInfo()
  const nothing = join(folder.path, 'nothing')
  await writeFile(nothing, '')
  const child = spawn(
    'postgrey',
    [
      `--inet=127.0.0.1:${port}`,
      `--dbdir=${folder.path}`,
      `--user=${username}`,
      `--group=${gid}`,
      '--hostname=mx.example.test',
      `--whitelist-clients=${nothing}`,
      `--whitelist-recipients=${nothing}`,
      ...options,
    ],
    { stdio: 'ignore' },
  )
  return running(child, port, folder)
}

/** Without lists in DNS, unless `lines` of its configuration say which: it asks the name server that listens there. */
export async function startPolicydWeight(
  dnsLists?: DnsOfPolicydWeight,
): Promise<DebianPolicyServer> {
  const folder = await temporaryFolder()
  // It gives up root for a user of its own.
  await chmod(folder.path, 0o777)
  // With `-d` it stays in the foreground, and takes the next port.
  const port = await freePort()
  const { uid, username } = userInfo()
  const file = join(folder.path, 'policyd-weight.conf')
  const lines = [
    `$LOCKPATH = '${folder.path}/lock/';`,
    `$SPATH = '${folder.path}/lock/cache.sock';`,
    `$PIDFILE = '${folder.path}/pid';`,
    `$TCP_PORT = ${port - 1};`,
    ...(uid === 0 ? [] : [`$USER = '${username}';`]),
    ...(dnsLists?.lines ?? ['@dnsbl_score = ();', '@rhsbl_score = ();', '$dnsbl_checks_only = 1;']),
    '1;',
  ]
  await writeFile(file, `${lines.join('\n')}\n`)
  const { host, port: dnsPort } = dnsLists?.nameServer ?? {}
  const environment = { RES_NAMESERVERS: host, RES_OPTIONS: `port:${dnsPort}` }
  const child = spawn('policyd-weight', ['-f', file, '-d', 'start'], {
    stdio: 'ignore',
    env: { ...process.env, ...(dnsLists && environment) },
  })
  return running(child, port, folder)
}

async function running(
  child: ChildProcess,
  port: number,
  folder: AsyncDisposable,
): Promise<DebianPolicyServer> {
  const ended = once(child, 'exit')
  const end = async () => {
    child.kill('SIGTERM')
    // Busy machines have seen postgrey miss that.
    const killing = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
    await ended
    clearTimeout(killing)
    await folder[Symbol.asyncDispose]()
  }
  try {
    await listening(child, port)
  } catch (error) {
    await end()
    throw error
  }
  return { endpoint: { kind: 'inet', host: '127.0.0.1', port }, [Symbol.asyncDispose]: end }
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  for (let polls = 0; polls < POLLS_MAX && child.exitCode === null; polls += 1) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch {
      await delay(POLL_MS)
    } finally {
      socket.destroy()
    }
  }
  throw new Error(`${child.spawnfile} does not listen`)
}
