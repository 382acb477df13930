// Starts `storage-child.ts` beside a test and collects its reports.

import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Report, Task } from './storage-child.ts'

const PROGRAM = fileURLToPath(new URL('./storage-child.ts', import.meta.url))

export class Child implements AsyncDisposable {
  readonly reports: Report[] = []
  readonly #process: ChildProcess
  /** It has exited, and its last report was read: one may come later than the other. */
  readonly #ended: Promise<unknown>
  #hasEnded = false

  constructor(directory: string, task: Task) {
    this.#process = fork(PROGRAM, [directory, JSON.stringify(task)], { execArgv: [] })
    this.#process.on('message', (message: Report) => this.reports.push(message))
    this.#ended = Promise.all([
      once(this.#process, 'exit'),
      once(this.#process, 'disconnect'),
    ]).then(() => {
      this.#hasEnded = true
    })
  }

  /** Resolves when a report of the kind has come; rejects when the child ends without it. */
  async reported(kind: Report['kind'], count = 1): Promise<void> {
    const enough = () => this.reports.filter((report) => report.kind === kind).length >= count
    while (!enough()) {
      if (this.#hasEnded) throw new Error(`child ended before it reported ${kind}`)
      await Promise.race([once(this.#process, 'message'), this.#ended])
    }
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#ended
  }

  /** How it ended: 0 for success. */
  async exitCode(): Promise<number | null> {
    await this.#ended
    return this.#process.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) await this.kill()
  }
}

/** Runs a task to its end while this process stands still. */
export function runChild(directory: string, task: Task): void {
  execFileSync(process.execPath, [PROGRAM, directory, JSON.stringify(task)])
}
