// The lmdb environment under every embedded port: named databases of bytes, group commit, and the translation of lmdb's
// failures. All writes go through `commit`, whose promise resolves after fsync (overlappingSync off). A throw inside an
// lmdb transaction keeps the writes before it, so a work function checks everything first and only then writes.

import { join } from 'node:path'
import { type Database, open, type RootDatabase } from 'lmdb'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'
import { StorageMisuse } from '../ports.ts'

/** A database of bytes under byte keys, sorted by byte. */
export type Bytes = Database<Uint8Array, Uint8Array>

const DATABASES_MAX = 64
/** lmdb's largest key with pages of 4 KiB. */
export const LMDB_KEY_BYTES_MAX = 1_978

const BINARY = { encoding: 'binary', keyEncoding: 'binary' } as const

export class Environment {
  readonly #root: RootDatabase<Uint8Array, Uint8Array>
  readonly #log: Log
  readonly #pending = new Set<Promise<unknown>>()
  #closing = false

  constructor(directory: string, log: Log) {
    this.#log = log
    this.#root = open({
      path: join(directory, 'store.mdb'),
      noSubdir: true,
      overlappingSync: false,
      maxDbs: DATABASES_MAX,
      ...BINARY,
    })
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
    return this.#await(this.#root.transaction(work).catch((error) => this.#fail(error)))
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

  assertOpen(): void {
    if (this.#closing) throw new StorageMisuse('the store is closed')
  }

  /** New operations reject from now on. */
  refuse(): void {
    this.#closing = true
  }

  async close(): Promise<void> {
    this.refuse()
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending)
    await this.#root.close()
  }

  #fail(error: unknown): never {
    if (error instanceof Error && 'commitError' in error && error.commitError instanceof Promise) {
      // lmdb-js tells the reason in a second promise, which nobody else awaits.
      error.commitError.catch((cause) => this.#log.error({ err: cause }, 'commit failed'))
    }
    throw new TemporaryFailure('the embedded store could not commit', { cause: error })
  }
}
