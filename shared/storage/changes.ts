// What an update makes of a stored item. All clauses read the item as it was before the update, as DynamoDB does.

import type { Changes, Item, Key, Value } from './ports.ts'
import { StorageMisuse } from './ports.ts'

/** The item after the changes; a missing item starts from its bare key. Rejects what the attribute's type does not allow. */
export function applyChanges(stored: Item | undefined, key: Key, changes: Changes): Item {
  const item: { [attribute: string]: Value } = { ...stored }
  for (const name of changes.remove ?? []) delete item[name]
  Object.assign(item, changes.set)
  for (const [name, value] of entries(changes.setIfAbsent)) {
    if (item[name] === undefined) item[name] = value
  }
  for (const [name, amount] of entries(changes.add)) item[name] = sum(name, item[name], amount)
  for (const [name, members] of entries(changes.insert)) {
    item[name] = setOf(name, item[name]).union(members)
  }
  for (const [name, members] of entries(changes.withdraw)) {
    const left = setOf(name, item[name]).difference(members)
    if (left.size === 0) delete item[name]
    else item[name] = left
  }
  return Object.assign(item, { pk: key.pk, sk: key.sk })
}

function entries<T>(clause: { readonly [name: string]: T } | undefined): [string, T][] {
  return clause === undefined ? [] : Object.entries(clause)
}

function sum(name: string, stored: Value | undefined, amount: number): number {
  if (stored !== undefined && typeof stored !== 'number') {
    throw new StorageMisuse(`cannot add to attribute ${name}: it is not a number`)
  }
  const total = (stored ?? 0) + amount
  if (!Number.isSafeInteger(total)) throw new StorageMisuse(`attribute ${name} exceeds ±2^53`)
  return total
}

function setOf(name: string, stored: Value | undefined): ReadonlySet<string> {
  if (stored === undefined) return new Set<string>()
  if (stored instanceof Set) return stored
  throw new StorageMisuse(`attribute ${name} is not a set`)
}
