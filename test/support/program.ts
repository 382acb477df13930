// Runs programs that are not ours, where they are installed.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'

const TIME_MAX_MS = 20_000

export type Ended = {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export async function runProgram(
  name: string,
  words: readonly string[],
  {
    input = '',
    environment = {},
    folder,
    timeMaxMs = TIME_MAX_MS,
  }: {
    readonly input?: string | Uint8Array
    readonly environment?: Readonly<Record<string, string>>
    readonly folder?: string
    readonly timeMaxMs?: number
  } = {},
): Promise<Ended> {
  const child = spawn(name, words, {
    cwd: folder,
    env: { ...process.env, ...environment },
    timeout: timeMaxMs,
    killSignal: 'SIGKILL',
  })
  // It may end without having read all.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  // Else what it had not said yet would be taken for what it says.
  if (child.killed) throw new Error(`${name} was not done within ${timeMaxMs} ms: ${stderr}`)
  return { code: child.exitCode, stdout, stderr }
}

/** Whether it is found on the path, or where its name says. */
export function isInstalled(name: string): boolean {
  if (name.startsWith('/')) return isExecutable(name)
  return (process.env.PATH ?? '')
    .split(delimiter)
    .some((folder) => isExecutable(join(folder, name)))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
