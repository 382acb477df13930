// ObjectStore with faults: calls fail before or after their effect, streams break in the middle.

import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { ByteRange, ObjectStore } from '../ports.ts'
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
