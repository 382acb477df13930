// Applies pattern tables to lines of messages, in a thread of its own with a time limit. Patterns are the administrator's and may take
// exponential time of what a stranger sends: the thread can be ended, whatever it is at, and meanwhile the process goes on. Looking at the
// patterns instead (as test/style does with our own) would refuse most that stand in real tables, `/^Subject:.*a.*b/` for one.

import { Worker } from 'node:worker_threads'
import type { ByteString } from '#shared/mail/message-index.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { PatternTable } from '#shared/settings/patterns/pattern-table.ts'

/** A line and the number of the table that it is looked up in. */
export type LookUp = readonly [table: number, text: ByteString]

export type Match = {
  /** Which of the lines. */
  readonly index: number
  /** Which rule of its table. */
  readonly rule: number
  /** What matched, and its groups. */
  readonly groups: readonly ByteString[]
}

/** A pattern took too long. */
export class SlowPattern extends TemporaryFailure {
  override readonly name = 'SlowPattern'
  readonly table: number
  readonly rule: number

  constructor(table: number, rule: number) {
    super('a pattern took too long')
    this.table = table
    this.rule = rule
  }
}

/** For the lines of one call. */
export const MATCH_TIME_MS = 1_000
/** Calls that wait for the thread. */
export const CALLS_WAITING_MAX = 1_000
/** It ends when for so long there was nothing to do; settings that are read anew have a thread of their own. */
const IDLE_MS = 60_000
/** The thread's memory. */
const HEAP_MB_MAX = 128

export class PatternMatcher {
  readonly #rules: readonly (readonly object[])[]
  readonly #clock: Clock
  readonly #timeMs: number
  /** Number of the table and of the rule that it is at. */
  readonly #at = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT))
  #worker: Worker | undefined
  /** Calls that wait, by whose they are; the next is of the first. */
  readonly #queues = new Map<string, (() => Promise<void>)[]>()
  #waiting = 0
  #isTaking = false
  #idle: NodeJS.Timeout | undefined

  constructor(
    tables: readonly PatternTable[],
    { clock, timeMs = MATCH_TIME_MS }: { readonly clock: Clock; readonly timeMs?: number },
  ) {
    this.#rules = tables.map(({ rules }) =>
      rules.map(({ source, flags, isNegated, ...rest }) => ({
        source,
        flags,
        isNegated,
        end: rest.kind === 'if' ? rest.end : -1,
      })),
    )
    this.#clock = clock
    this.#timeMs = timeMs
  }

  /**
   * Of each line the first rule that matches, where there is one. Rejects with SlowPattern or TemporaryFailure. `whose`: who makes it wait
   * waits himself, while one call of each other comes first.
   */
  match(lines: readonly LookUp[], whose: string): Promise<readonly Match[]> {
    if (lines.length === 0) return Promise.resolve([])
    if (this.#waiting >= CALLS_WAITING_MAX) {
      return Promise.reject(new TemporaryFailure('too many messages wait for pattern checks'))
    }
    const { promise, resolve, reject } = Promise.withResolvers<readonly Match[]>()
    const queue = this.#queues.get(whose) ?? []
    queue.push(() => this.#call(lines).then(resolve, reject))
    this.#queues.set(whose, queue)
    this.#waiting += 1
    if (!this.#isTaking) void this.#takeTurns()
    return promise
  }

  async #takeTurns(): Promise<void> {
    this.#isTaking = true
    for (let [next] = this.#queues; next !== undefined; [next] = this.#queues) {
      const [whose, [call, ...others]] = next
      this.#queues.delete(whose)
      if (others.length > 0) this.#queues.set(whose, others)
      await call?.()
      this.#waiting -= 1
    }
    this.#isTaking = false
  }

  close(): void {
    this.#end()
  }

  async #call(lines: readonly LookUp[]): Promise<readonly Match[]> {
    clearTimeout(this.#idle)
    this.#worker ??= await this.#start()
    const worker = this.#worker
    const over = new AbortController()
    const { promise, resolve, reject } = Promise.withResolvers<readonly Match[]>()
    const failed = (error: unknown) =>
      reject(new TemporaryFailure('pattern checks failed', { cause: error }))
    worker.once('message', resolve).once('error', failed).once('exit', failed)
    worker.postMessage(lines)
    void this.#clock.sleep(this.#timeMs, over.signal).then(() => {
      if (!over.signal.aborted) reject(new SlowPattern(this.#at[0] ?? 0, this.#at[1] ?? 0))
    })
    try {
      return await promise
    } catch (error) {
      this.#end()
      throw error
    } finally {
      over.abort()
      this.#idle = setTimeout(() => this.#end(), IDLE_MS).unref()
      worker.off('message', resolve).off('error', failed).off('exit', failed)
    }
  }

  async #start(): Promise<Worker> {
    const worker = new Worker(program, {
      eval: true,
      workerData: { rules: this.#rules, at: this.#at.buffer },
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
      env: {},
    })
    // Who ends it may not be told of it.
    worker.on('error', () => undefined)
    worker.unref()
    // Its time counts from when it is there.
    await new Promise<void>((resolve) =>
      worker.once('message', () => resolve()).once('exit', () => resolve()),
    )
    return worker
  }

  #end(): void {
    clearTimeout(this.#idle)
    void this.#worker?.terminate()
    this.#worker = undefined
  }
}

/** A text and no module: services are bundled into one file each. */
const program = `
const { parentPort, workerData } = require('node:worker_threads')
const at = new Int32Array(workerData.at)
const tables = workerData.rules.map((rules) =>
  rules.map((rule) => ({ ...rule, pattern: new RegExp(rule.source, rule.flags) })),
)
function firstMatch(rules, text) {
  for (let i = 0; i < rules.length; ) {
    at[1] = i
    const { pattern, isNegated, end } = rules[i]
    const found = pattern.exec(text)
    const matches = (found !== null) !== isNegated
    if (end >= 0) i = matches ? i + 1 : end
    else if (!matches) i += 1
    else return { rule: i, groups: found === null ? [] : Array.from(found, (group) => group ?? '') }
  }
  return undefined
}
parentPort.on('message', (lines) => {
  const matches = []
  lines.forEach(([table, text], index) => {
    at[0] = table
    const match = firstMatch(tables[table], text)
    if (match !== undefined) matches.push({ index, ...match })
  })
  parentPort.postMessage(matches)
})
parentPort.postMessage('ready')
`
