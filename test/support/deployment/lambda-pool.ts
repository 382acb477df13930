// A function with its execution environments: an event goes to one that stands still, or to a new one, or waits for the next
// that is free.

import type { LambdaFunction } from './inventory.ts'
import { LambdaProcess, type Outcome } from './lambda-process.ts'

/** Each is a process of its own, and this is one machine. */
const PROCESSES_MAX = 3

export class LambdaPool {
  readonly definition: LambdaFunction
  readonly #environment: Readonly<Record<string, string>>
  readonly #max: number
  readonly #idle: LambdaProcess[] = []
  readonly #busy = new Set<LambdaProcess>()
  /** Of the busy ones those that get no other event. */
  readonly #leaving = new Set<LambdaProcess>()
  readonly #waiting: (() => void)[] = []
  #count = 0
  #pastOutput = ''
  #isClosed = false
  /** Events so far, and how many of them failed. */
  invocations = 0
  readonly failures: string[] = []
  /** For tests that do harm: told of each event and the process that is about to get it. */
  onEvent: (payload: string, pid: number) => void = () => {}

  constructor(
    definition: LambdaFunction,
    environment: Readonly<Record<string, string>>,
    processesMax = PROCESSES_MAX,
  ) {
    this.definition = definition
    this.#environment = environment
    this.#max = Math.min(processesMax, definition.reservedConcurrency ?? processesMax)
  }

  async invoke(payload: string): Promise<Outcome> {
    this.invocations += 1
    const lambda = await this.#take()
    this.onEvent(payload, lambda.pid)
    const outcome = await lambda.invoke(payload)
    this.#busy.delete(lambda)
    if (this.#leaving.delete(lambda)) await lambda.kill()
    if (lambda.isAlive && !this.#isClosed) this.#idle.push(lambda)
    else this.#forget(lambda)
    this.#waiting.shift()?.()
    if (outcome.kind === 'failed') this.failures.push(outcome.payload)
    return outcome
  }

  /** Processes that are at work on an event. */
  get busyPids(): readonly number[] {
    return [...this.#busy].map(({ pid }) => pid)
  }

  get output(): string {
    const alive = [...this.#idle, ...this.#busy].map(({ output }) => output)
    return [this.#pastOutput, ...alive].join('')
  }

  /** Ends the processes, as Lambda does from time to time, those at work when they are through: the next events start others. */
  async renew(): Promise<void> {
    for (const lambda of this.#busy) this.#leaving.add(lambda)
    const all = this.#idle.splice(0)
    await Promise.all(all.map((lambda) => lambda.kill()))
    for (const lambda of all) this.#forget(lambda)
  }

  /** Ends every process; what is under way fails. */
  async close(): Promise<void> {
    this.#isClosed = true
    const all = [...this.#idle.splice(0), ...this.#busy]
    await Promise.all(all.map((lambda) => lambda.kill()))
  }

  async #take(): Promise<LambdaProcess> {
    for (;;) {
      if (this.#isClosed) throw new Error('the deployment is closed')
      const idle = this.#idle.pop()
      if (idle?.isAlive === false) this.#forget(idle)
      else if (idle !== undefined) {
        this.#busy.add(idle)
        return idle
      } else if (this.#count < this.#max) return this.#start()
      else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  async #start(): Promise<LambdaProcess> {
    this.#count += 1
    try {
      const lambda = await LambdaProcess.start(this.definition, this.#environment)
      this.#busy.add(lambda)
      if (this.#isClosed) await lambda.kill()
      return lambda
    } catch (error) {
      this.#count -= 1
      this.#waiting.shift()?.()
      throw error
    }
  }

  #forget(lambda: LambdaProcess): void {
    this.#pastOutput += lambda.output
    this.#count -= 1
  }
}
