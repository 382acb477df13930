// Starts `storage-child.ts` beside a test and collects its reports.

import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Report, Task } from './storage-child.ts'

const PROGRAM = fileURLToPath(new URL('./storage-child.ts', import.meta.url))

export class Child implements AsyncDisposable {
  readonly reports: Report[] = []
  readonly #process: ChildProcess
  readonly #exited: Promise<unknown>

  constructor(directory: string, task: Task) {
    this.#process = fork(PROGRAM, [directory, JSON.stringify(task)], { execArgv: [] })
    this.#process.on('message', (message: Report) => this.reports.push(message))
    this.#exited = once(this.#process, 'exit')
  }

  /** Resolves when a report of the kind has come; rejects when the child ends without it. */
  async reported(kind: Report['kind'], count = 1): Promise<void> {
    const enough = () => this.reports.filter((report) => report.kind === kind).length >= count
    while (!enough()) {
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
        throw new Error(`child ended before it reported ${kind}`)
      }
      await Promise.race([once(this.#process, 'message'), this.#exited])
    }
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#exited
  }

  /** How it ended: 0 for success. */
  async exitCode(): Promise<number | null> {
    await this.#exited
    return this.#process.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await this.kill()
  }
}

/** Runs a task to its end while this process stands still. */
export function runChild(directory: string, task: Task): void {
  execFileSync(process.execPath, [PROGRAM, directory, JSON.stringify(task)])
}
