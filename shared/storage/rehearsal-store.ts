// A store for whoever rehearses: it reads what is stored, and what is written, sent or told is forgotten when it is let go.

import type { Clock } from '#shared/runtime/clock.ts'
import { type ObjectStore, type Queue, type Store, type TableName, tableLayouts } from './ports.ts'
import { createRehearsalTable } from './rehearsal-table.ts'

/** Items of each table that a rehearsal writes. */
export const REHEARSED_ITEMS_MAX = 20_000

export function createRehearsalStore(stored: Store, clock: Clock): Store {
  const tableOf = (name: TableName) =>
    createRehearsalTable(stored.tables[name], tableLayouts[name], {
      clock,
      itemsMax: REHEARSED_ITEMS_MAX,
    })
  const queueNames = Object.keys(stored.queues)
  return {
    tables: {
      directory: tableOf('directory'),
      mail: tableOf('mail'),
      queue: tableOf('queue'),
      counters: tableOf('counters'),
    },
    objects: withoutWrites(stored.objects),
    queues: Object.fromEntries(queueNames.map((name) => [name, silent])) as Store['queues'],
    signals: { publish: () => {}, subscribe: async () => ({ close: async () => {} }) },
    space: stored.space,
    [Symbol.asyncDispose]: async () => {},
  }
}

/** Nothing is sent, and nothing comes. */
const silent: Queue = {
  send: async () => {},
  receive: async () => [],
  acknowledge: async () => {},
  extend: async () => {},
}

function withoutWrites(objects: ObjectStore): ObjectStore {
  const refuse = async () => Promise.reject(new Error('objects are not put in a rehearsal'))
  return {
    read: (...given) => objects.read(...given),
    stream: (...given) => objects.stream(...given),
    size: (...given) => objects.size(...given),
    list: (...given) => objects.list(...given),
    put: refuse,
    stage: refuse,
    delete: async () => {},
  }
}
