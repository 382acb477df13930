// A daemon that is not ours, beside a test: with its own configuration and folder, ended by the test.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

const START_MAX_MS = 30_000
const POLL_MS = 50
const OUTPUT_CHARACTERS_MAX = 20_000

export interface Daemon extends AsyncDisposable {
  readonly pid: number
  /** What it wrote so far. */
  readonly output: string
}

/** Resolves when `isReady` does so with true; rejects where it ends before, with what it wrote. */
export async function startDaemon(
  name: string,
  words: readonly string[],
  isReady: () => Promise<boolean>,
): Promise<Daemon> {
  // A group of its own: some start processes that outlive them.
  const child = spawn(name, words, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const ended = once(child, 'exit')
  let output = ''
  const keep = (chunk: Buffer) => {
    output = (output + String(chunk)).slice(-OUTPUT_CHARACTERS_MAX)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  async function end(): Promise<void> {
    if (child.pid === undefined || hasEnded()) return
    process.kill(-child.pid, 'SIGKILL')
    await ended
  }
  const untilMs = Date.now() + START_MAX_MS
  while (!(await isReady().catch(() => false))) {
    if (hasEnded() || Date.now() > untilMs) {
      await end()
      throw new Error(`${name} does not start: ${output}`)
    }
    await delay(POLL_MS)
  }
  return {
    pid: child.pid ?? 0,
    get output() {
      return output
    },
    [Symbol.asyncDispose]: end,
  }
}
