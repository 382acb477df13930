// The lmdb environment under every embedded port: named databases of bytes, group commit, and the translation of lmdb's
// failures. All writes go through `commit`, whose promise resolves after fsync (overlappingSync off). A throw inside an
// lmdb transaction keeps the writes before it, so a work function checks everything first and only then writes.

import { join } from 'node:path'
import { type Database, open, type RootDatabase, type Transaction } from 'lmdb'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'
import { StorageMisuse } from '../ports.ts'
import type { DiskSpace } from './disk-space.ts'
import { quietLmdb } from './quiet-lmdb.ts'

/** A database of bytes under byte keys, sorted by byte. */
export type Bytes = Database<Uint8Array, Uint8Array>

export const STORE_FILE = 'store.mdb'
const DATABASES_MAX = 64
/** lmdb's largest key with pages of 4 KiB. */
export const LMDB_KEY_BYTES_MAX = 1_978

/** A commit that takes longer is given up; it may still happen. */
const COMMIT_MS_MAX = 60_000
const OVERDUE_CHECK_MS = 5_000

type Commit = { readonly startedMs: number; readonly reject: (error: unknown) => void }

const BINARY = { encoding: 'binary', keyEncoding: 'binary' } as const

export class Environment {
  readonly #root: RootDatabase<Uint8Array, Uint8Array>
  readonly #log: Log
  readonly #space: DiskSpace
  readonly #pending = new Set<Promise<unknown>>()
  readonly #commits = new Set<Commit>()
  readonly #overdueCheck: NodeJS.Timeout
  #closing = false
  #closed = false

  constructor(directory: string, parts: { readonly log: Log; readonly space: DiskSpace }) {
    quietLmdb()
    this.#log = parts.log
    this.#space = parts.space
    this.#root = open({
      path: join(directory, STORE_FILE),
      noSubdir: true,
      overlappingSync: false,
      // With batching by event turn a failed commit also rejects a promise that nobody can reach.
      eventTurnBatching: false,
      maxDbs: DATABASES_MAX,
      ...BINARY,
    })
    this.#overdueCheck = setInterval(() => this.#rejectOverdue(), OVERDUE_CHECK_MS).unref()
  }

  /** Only while the store is opened: it runs a synchronous transaction, which must not cut into a batch of others. */
  database(name: string): Bytes {
    return this.#root.openDB<Uint8Array, Uint8Array>({ name, ...BINARY })
  }

  /**
   * Runs the work inside the next group commit; what it returns is handed over once all of it is on disk. The work is
   * synchronous, sees earlier work of the same group, and must not throw after its first write. Not refused while the
   * store is closing, so that operations under way can end: callers ask `assertOpen` first.
   */
  commit<T>(work: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(closedError())
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const commit: Commit = { startedMs: performance.now(), reject }
    this.#commits.add(commit)
    const settled = () => this.#commits.delete(commit)
    this.#root.transaction(work).then(
      (result) => {
        settled()
        resolve(result)
      },
      async (error) => {
        settled()
        reject(await this.#failure(error))
      },
    )
    return this.#await(promise)
  }

  /** An operation of several steps: closing waits for all of it. */
  async track<T>(operation: () => Promise<T>): Promise<T> {
    this.assertOpen()
    return await this.#await(operation())
  }

  async #await<T>(running: Promise<T>): Promise<T> {
    this.#pending.add(running)
    try {
      return await running
    } finally {
      this.#pending.delete(running)
    }
  }

  /** Reads that follow see every commit of any process that has been acknowledged by now. */
  refresh(): void {
    this.#root.resetReadTxn()
  }

  /**
   * Copies what is committed now into a new file, while others go on writing. `compact`: without free pages, which takes some
   * thirty times as long.
   */
  async copy(path: string, { compact }: { readonly compact: boolean }): Promise<void> {
    await this.track(() => this.#root.backup(path, compact))
  }

  /** Process ids that have the store open, as lmdb knows them: those that died are left out. */
  processes(): readonly number[] {
    this.#root.readerCheck()
    const lines = this.#root.readerList().split('\n')
    const pids = lines.map((line) => Number.parseInt(line.trim(), 10)).filter((pid) => pid > 0)
    return [...new Set(pids)]
  }

  /** What is committed now, however long it is read: pages of it are not used again meanwhile. */
  snapshot(): Transaction {
    this.refresh()
    return this.#root.useReadTransaction()
  }

  assertOpen(): void {
    if (this.#closing) throw closedError()
  }

  /** New operations reject from now on. */
  refuse(): void {
    this.#closing = true
  }

  async close(): Promise<void> {
    this.refuse()
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending)
    this.#closed = true
    clearInterval(this.#overdueCheck)
    await this.#root.close()
  }

  /** lmdb-js never settles a commit that it could not even begin. In order of age, so the first young one ends the look. */
  #rejectOverdue(): void {
    const overdueMs = performance.now() - COMMIT_MS_MAX
    for (const commit of this.#commits) {
      if (commit.startedMs > overdueMs) return
      this.#commits.delete(commit)
      commit.reject(new TemporaryFailure(`a commit did not end within ${COMMIT_MS_MAX} ms`))
    }
  }

  /** Bugs of the work pass as they are; what lmdb says (a number as code, or a failed group) is a failure of the world. */
  async #failure(error: unknown): Promise<unknown> {
    if (!(error instanceof Error)) return error
    let cause: unknown = error
    if ('commitError' in error && error.commitError instanceof Promise) {
      // lmdb-js tells the reason in a second promise, which nobody else awaits.
      cause = await error.commitError.catch((reason: unknown) => reason)
    } else if (!('code' in error && typeof error.code === 'number')) {
      return error
    }
    const failure = new TemporaryFailure('the embedded store could not commit', { cause })
    // lmdb says "Input/output error" where the disk is full.
    const named = await this.#space.failure(failure)
    if (named === failure) this.#log.error({ error: cause }, 'commit failed')
    return named
  }
}

function closedError(): StorageMisuse {
  return new StorageMisuse('the store is closed')
}
