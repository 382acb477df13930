// Wraps a store of any driver so that its calls meet the faults of a plan and, if wanted, the process crashes at a chosen
// call. For tests of everything above the ports.

import type { QueueName, Store, TableName } from '#shared/storage/ports.ts'
import { FaultyObjectStore } from './faulty-objects.ts'
import { FaultyQueue } from './faulty-queue.ts'
import { FaultySignals } from './faulty-signals.ts'
import { FaultyTable } from './faulty-table.ts'
import { type CrashPoint, FaultGate } from './gate.ts'
import { type FaultPlan, noFaults } from './plan.ts'

export type FaultOptions = {
  readonly plan?: FaultPlan
  readonly crashPoint?: CrashPoint
  /** Draws what torn reads, delays and duplicates pick. */
  readonly random?: () => number
}

export interface FaultyStore extends Store {
  /** Storage calls made so far, faulty ones included: the next crash point to try. */
  readonly calls: number
  readonly crashed: boolean
}

/** Disposing the wrapper disposes the store, crashed or not. */
export function withFaults(store: Store, options: FaultOptions = {}): FaultyStore {
  const { plan = noFaults, random = Math.random } = options
  const gate = new FaultGate(plan, options.crashPoint)
  const table = (name: TableName) => new FaultyTable(store.tables[name], gate, { name, random })
  const queue = (name: QueueName) => new FaultyQueue(store.queues[name], gate, { name, random })
  return {
    tables: {
      directory: table('directory'),
      mail: table('mail'),
      queue: table('queue'),
      counters: table('counters'),
    },
    objects: new FaultyObjectStore(store.objects, gate),
    queues: {
      incoming: queue('incoming'),
      active: queue('active'),
      deferred: queue('deferred'),
      'incoming-dead': queue('incoming-dead'),
      'active-dead': queue('active-dead'),
    },
    signals: new FaultySignals(store.signals, gate),
    space: store.space,
    get calls() {
      return gate.calls
    },
    get crashed() {
      return gate.crashed
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}
