// All that a store was told to keep, as text: for golden values of stored formats.

import { inflateRawSync } from 'node:zlib'
import type { Item, Key, Store, Table, Value, Write } from '#shared/storage/ports.ts'

const tableNames = ['directory', 'queue', 'mail', 'counters'] as const

export type Keys = Readonly<Record<(typeof tableNames)[number], Map<string, Key>>>

/** Of all that is ever written. */
export function recordKeys({ tables }: Store): Keys {
  const record = (table: Table) => {
    const keys = new Map<string, Key>()
    const note = (write: Write) => {
      const key = 'put' in write ? write.put : 'update' in write ? write.update : undefined
      if (key !== undefined) keys.set(`${key.pk} ${key.sk}`, { pk: key.pk, sk: key.sk })
    }
    const { write, transact, batchWrite } = table
    table.write = (one) => {
      note(one)
      return write.call(table, one)
    }
    table.transact = (all) => {
      all.forEach(note)
      return transact.call(table, all)
    }
    table.batchWrite = (all) => {
      all.forEach(note)
      return batchWrite.call(table, all)
    }
    return keys
  }
  return {
    directory: record(tables.directory),
    queue: record(tables.queue),
    mail: record(tables.mail),
    counters: record(tables.counters),
  }
}

export async function dumpOf({ tables }: Store, keys: Keys): Promise<readonly string[]> {
  const lines: string[] = []
  for (const name of tableNames) {
    const items = await Promise.all(
      [...keys[name].values()].map((key) => tables[name].get(key, { consistent: true })),
    )
    for (const item of items) {
      if (item !== undefined && item.pk !== 'barrier') lines.push(`${name} ${itemText(item)}`)
    }
  }
  return lines
}

function itemText({ pk, sk, ...rest }: Item): string {
  const isDecision = pk.startsWith('DECISION#')
  const attributes = Object.entries(rest)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    // How it was deflated is not of the format.
    .map(
      ([attribute, value]) =>
        [
          attribute,
          isDecision && value instanceof Uint8Array ? inflateRawSync(value).toString() : value,
        ] as const,
    )
    .map(([attribute, value]) => `\n  ${attribute}: ${valueText(value)}`)
  return `${pk} / ${sk}${attributes.join('')}`
}

function valueText(value: Value | undefined): string {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`
  if (value instanceof Set) return `set ${JSON.stringify([...value].sort())}`
  return JSON.stringify(value, (_, part) =>
    part instanceof Uint8Array ? `bytes ${Buffer.from(part).toString('hex')}` : part,
  )
}
