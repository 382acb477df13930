// Processes that the harness starts: they get the environment they are given and nothing of ours, and die with us.

import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process'

/** The last part of what a process has printed is kept. */
const OUTPUT_CHARACTERS_MAX = 400_000

let hasSetpriv: boolean | undefined

export type Started = {
  readonly child: ChildProcess
  /** All it has printed so far, both streams. */
  readonly output: () => string
  /** Resolves when it has ended, to its exit code; null after a signal. */
  readonly ended: Promise<number | null>
}

export function startProcess(
  command: string,
  args: readonly string[],
  options: {
    readonly environment: Readonly<Record<string, string>>
    readonly cwd: string
    /** Whether `process.send` works between us. */
    readonly hasChannel?: boolean
  },
): Started {
  const spawnOptions: SpawnOptions = {
    cwd: options.cwd,
    env: { ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe', ...(options.hasChannel ? (['ipc'] as const) : [])],
  }
  // Linux can be asked to let a process die with its parent, even one that is stopped.
  hasSetpriv ??= spawnSync('setpriv', ['--version']).error === undefined
  const child = hasSetpriv
    ? spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
        ...spawnOptions,
        env: { PATH: process.env.PATH, ...spawnOptions.env },
      })
    : spawn(command, args, spawnOptions)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-OUTPUT_CHARACTERS_MAX)
    })
  }
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve)
    child.once('error', (error) => {
      text += error.message // it could not be started
      resolve(null)
    })
  })
  return { child, output: () => text, ended }
}

/** Kills it, stopped or not, and waits for the end. */
export async function killProcess({ child, ended }: Started): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  await ended
}
