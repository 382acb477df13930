// A real `postwolke serve` in a process of its own, on loopback ports that were free a moment ago.

import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { fileURLToPath } from 'node:url'

const cli = fileURLToPath(new URL('../../services/cli/postwolke.mjs', import.meta.url))

export const listenerNames = [
  'smtp',
  'submission',
  'submissions',
  'imap',
  'imaps',
  'pop3',
  'pop3s',
  'managesieve',
] as const
/** With those of HTTP. */
export const allListenerNames = [...listenerNames, 'http', 'https'] as const
export type Ports = { readonly [name in (typeof allListenerNames)[number]]: number }

/** Disposed of, it is killed if it still runs. */
export interface ServerProcess extends AsyncDisposable {
  readonly directory: string
  readonly ports: Ports
  readonly pid: number
  /** All it has printed so far. */
  output(): string
  hangUp(): void
  /** Sends the signal and waits for the end; returns the exit code, null after a signal. */
  end(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<number | null>
}

/** Ports for one server; keep them over restarts. */
export async function freePorts(): Promise<Ports> {
  const ports: [string, number][] = []
  for (const name of allListenerNames) ports.push([name, await freePort()])
  return Object.fromEntries(ports) as Ports
}

// Below the range from which systems choose ports for connections: nobody gets it by chance before we listen.
const FIRST_PORT = 15_000
const LAST_PORT = 32_000
const SHARES = 64
const SHARE = Math.floor((LAST_PORT - FIRST_PORT) / SHARES)

/** The first port of those that this process has to itself. */
let ownShare: Promise<number> | undefined
const chosen = new Set<number>()

/**
 * A port on loopback that nobody listens on, and nobody else gets who asks here: neither this process for another server, nor others
 * that run tests, of this run or another one on the same machine.
 */
export async function freePort(): Promise<number> {
  ownShare ??= takeShare()
  const first = (await ownShare) + 1
  for (let tries = 0; tries < 10 * SHARE; tries++) {
    const port = first + randomInt(SHARE - 1)
    if (chosen.has(port)) continue
    chosen.add(port)
    const server = await listenAt(port)
    if (server === undefined) continue
    await once(server.close(), 'close')
    return port
  }
  throw new Error(`no port is free from ${first} on`)
}

/** It is ours while we listen on its first port, which ends with the process however that ends. */
async function takeShare(): Promise<number> {
  const start = randomInt(SHARES)
  for (let n = 0; n < SHARES; n++) {
    const first = FIRST_PORT + ((start + n) % SHARES) * SHARE
    const server = await listenAt(first)
    if (server === undefined) continue
    server.unref()
    return first
  }
  throw new Error(`all ${SHARES} shares of ports are taken`)
}

/** Undefined where somebody listens already. */
async function listenAt(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
    return server
  } catch {
    return undefined
  }
}

/** Resolves when every listener is open. */
export async function startServer(
  directory: string,
  ports: Ports,
  settings: readonly string[] = [],
  /** Called whenever it prints something while it starts. */
  whileStarting: (pid: number) => void = () => {},
): Promise<ServerProcess> {
  const all = [
    ...allListenerNames.flatMap((name) => [
      `listeners.${name}.port=${ports[name]}`,
      `listeners.${name}.address=127.0.0.1`,
    ]),
    'log.format=json',
    ...settings,
  ]
  const child = spawn(
    process.execPath,
    [cli, 'serve', '--data', directory, ...all.flatMap((setting) => ['--set', setting])],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const output = collect(child)
  // All it printed is read by then: after its exit there may be more.
  const { promise: closed, resolve: close } = Promise.withResolvers<number | null>()
  child.once('close', close)
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', () => {
      if (output().includes('Postwolke is running')) resolve()
      else whileStarting(child.pid ?? 0)
    })
    void closed.then((code) => reject(new Error(`serve ended with ${code}:\n${output()}`)))
  })
  function end(signal: NodeJS.Signals): Promise<number | null> {
    child.kill(signal)
    return closed
  }
  return {
    directory,
    ports,
    pid: child.pid ?? 0,
    output,
    hangUp: () => void child.kill('SIGHUP'),
    end,
    async [Symbol.asyncDispose]() {
      await end('SIGKILL')
    },
  }
}

/** Keeps the last part of what the child prints; the pipe must be read or the child stops. */
function collect(child: ChildProcess): () => string {
  let text = ''
  const keep = 200_000
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-keep)
    })
  }
  return () => text
}

/** Runs one `postwolke` command to its end. */
export async function runCommand(
  directory: string,
  words: readonly string[],
  input = '',
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(process.execPath, [cli, ...words, '--data', directory])
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  child.stdin.end(input)
  await once(child, 'close')
  return { code: child.exitCode, stdout, stderr }
}
