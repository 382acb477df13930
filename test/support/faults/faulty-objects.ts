// ObjectStore with faults: calls fail before or after their effect, streams break in the middle.

import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { ByteRange, ObjectStore, StagedObject } from '#shared/storage/ports.ts'
import type { FaultGate } from './gate.ts'
import type { Fault } from './plan.ts'

export class FaultyObjectStore implements ObjectStore {
  readonly #objects: ObjectStore
  readonly #gate: FaultGate

  constructor(objects: ObjectStore, gate: FaultGate) {
    this.#objects = objects
    this.#gate = gate
  }

  put(...[key, source, options]: Parameters<ObjectStore['put']>) {
    return this.#run('put', () => this.#objects.put(key, source, options))
  }

  /** The commit is a call of its own; discarding never fails, since nothing depends on it. */
  async stage(key: string, source: AsyncIterable<Uint8Array>): Promise<StagedObject> {
    const staged = await this.#run('stage', () => this.#objects.stage(key, source))
    return {
      bytes: staged.bytes,
      stored: staged.stored,
      open: () => this.#opened(staged),
      commit: () => this.#run('commit', () => staged.commit()),
      discard: () => (this.#gate.crashed ? Promise.resolve() : staged.discard()),
    }
  }

  async *#opened(staged: StagedObject): AsyncGenerator<Uint8Array> {
    let broken = false
    await this.#run('open', async (fault) => {
      broken = fault === 'broken'
    })
    yield* this.#chunks(staged.open(), broken)
  }

  read(key: string, range?: ByteRange) {
    return this.#run('read', () => this.#objects.read(key, range))
  }

  async stream(key: string, range?: ByteRange): Promise<AsyncIterable<Uint8Array> | undefined> {
    let broken = false
    const opened = await this.#run('stream', async (fault) => {
      broken = fault === 'broken'
      return this.#objects.stream(key, range)
    })
    return opened === undefined ? undefined : this.#chunks(opened, broken)
  }

  size(key: string) {
    return this.#run('size', () => this.#objects.size(key))
  }

  delete(key: string) {
    return this.#run('delete', () => this.#objects.delete(key))
  }

  list(prefix: string, after?: string) {
    return this.#run('list', () => this.#objects.list(prefix, after))
  }

  async *#chunks(stream: AsyncIterable<Uint8Array>, broken: boolean): AsyncGenerator<Uint8Array> {
    for await (const chunk of stream) {
      this.#gate.assertAlive()
      yield chunk
      if (broken) throw new TemporaryFailure('injected: the stream broke')
    }
  }

  #run<T>(operation: string, effect: (fault: Fault | undefined) => Promise<T>): Promise<T> {
    return this.#gate.run({ port: 'objects', name: '', operation }, effect)
  }
}
