// A table that notes which calls are made on it: what an operation costs is counted, not timed.

import type { Table } from '#shared/storage/ports.ts'

export function countingTable(table: Table): { readonly table: Table; take(): string[] } {
  let calls: string[] = []
  const counting = new Proxy(table, {
    get(target, name: string) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...given: unknown[]) => {
        calls.push(name)
        return value.apply(target, given)
      }
    },
  })
  return {
    table: counting,
    /** Names of the calls since the last time. */
    take() {
      const taken = calls
      calls = []
      return taken
    },
  }
}
