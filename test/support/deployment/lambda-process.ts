// One execution environment of a function: a process that takes one event at a time and, as at Lambda, stands still from its
// answer to the next event. Work that is left running after the answer is not done.

import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { killProcess, type Started, startProcess } from './child-process.ts'
import type { LambdaFunction } from './inventory.ts'

const runtime = fileURLToPath(new URL('./lambda-runtime.mjs', import.meta.url))

/** Lambda gives the code this long before the first event. */
const INIT_TIMEOUT_MS = 10_000
/** The part of a function's memory that Lambda leaves to the heap. */
const HEAP_SHARE = 0.9

/** `failed`: the payload describes the error, as Lambda's does. */
export type Outcome = { readonly kind: 'returned' | 'failed'; readonly payload: string }

type Message = Outcome | { readonly kind: 'ready' }

export class LambdaProcess {
  static async start(
    definition: LambdaFunction,
    environment: Readonly<Record<string, string>>,
  ): Promise<LambdaProcess> {
    const started = startProcess(
      process.execPath,
      [`--max-old-space-size=${Math.floor(definition.memoryMb * HEAP_SHARE)}`, runtime],
      { environment, cwd: definition.folder, hasChannel: true },
    )
    const lambda = new LambdaProcess(definition, started)
    const ready = await lambda.#next(INIT_TIMEOUT_MS, 'initialization')
    if (ready.kind === 'ready') return lambda
    await lambda.kill()
    throw new Error(`${definition.logicalId} does not start: ${ready.payload}\n${started.output()}`)
  }

  readonly #definition: LambdaFunction
  readonly #started: Started
  #isLate = false
  #waiting: ((message: Message) => void) | undefined

  private constructor(definition: LambdaFunction, started: Started) {
    this.#definition = definition
    this.#started = started
    started.child.on('message', (message: Message) => this.#waiting?.(message))
    started.ended.then((code) =>
      this.#waiting?.(failure('Runtime.ExitError', `the process ended with ${code}`)),
    )
  }

  get pid(): number {
    return this.#started.child.pid ?? 0
  }

  get isAlive(): boolean {
    return this.#started.child.exitCode === null && this.#started.child.signalCode === null
  }

  get output(): string {
    return this.#started.output()
  }

  /** One at a time. A process that took too long is gone afterwards. */
  async invoke(payload: string): Promise<Outcome> {
    const { child } = this.#started
    const timeoutMs = this.#definition.timeoutSeconds * 1000
    if (!this.isAlive) return failure('Runtime.ExitError', 'the process has ended')
    child.kill('SIGCONT')
    const answer = this.#next(timeoutMs, 'Task')
    const event = { payload, requestId: randomUUID(), deadlineMs: Date.now() + timeoutMs }
    child.send(event, () => undefined) // to a process that has just died: its end is the answer
    const message = await answer
    if (this.#isLate) await this.#started.ended
    else if (this.isAlive) child.kill('SIGSTOP')
    return message.kind === 'ready' ? failure('Runtime.Unknown', 'ready twice') : message
  }

  async kill(): Promise<void> {
    await killProcess(this.#started)
  }

  async #next(timeoutMs: number, what: string): Promise<Message> {
    const { promise, resolve } = Promise.withResolvers<Message>()
    this.#waiting = resolve
    const timer = setTimeout(() => {
      this.#isLate = true
      this.#started.child.kill('SIGKILL')
      resolve(failure('Sandbox.Timedout', `${what} timed out after ${timeoutMs / 1000} seconds`))
    }, timeoutMs)
    const message = await promise
    clearTimeout(timer)
    this.#waiting = undefined
    return message
  }
}

function failure(errorType: string, errorMessage: string): Outcome {
  return { kind: 'failed', payload: JSON.stringify({ errorType, errorMessage }) }
}
