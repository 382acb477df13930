// The limits of the ports, checked by both drivers before anything is sent or stored, so that what one driver accepts the
// other accepts too. A broken limit is a bug of the caller: StorageMisuse. Sizes are counted as DynamoDB counts them.

import { Buffer } from 'node:buffer'
import {
  type ByteRange,
  type Changes,
  type Condition,
  ITEM_BYTES_MAX,
  type Item,
  KEY_BYTES_MAX,
  type Key,
  OBJECT_KEY_BYTES_MAX,
  QUEUE_BODY_BYTES_MAX,
  QUEUE_DELAY_SECONDS_MAX,
  QUEUE_VISIBILITY_SECONDS_MAX,
  SORT_KEY_BYTES_MAX,
  type SortRange,
  StorageMisuse,
  type TableLayout,
  TRANSACT_ITEMS_MAX,
  type Value,
  type Write,
} from './ports.ts'

/** All items of one transaction together. */
export const TRANSACT_BYTES_MAX = 4_000_000
/** Lists and maps inside each other. */
export const VALUE_DEPTH_MAX = 32
/** Terms of one condition, counting `all`, `any` and `not`. */
export const CONDITION_TERMS_MAX = 100
/** Items a page at most, whatever limit is asked for. */
export const PAGE_ITEMS_MAX = 1_000

// ------------------------------------------------------------------------------------------------- Keys

export function checkKey(key: Key): void {
  const pkBytes = checkKeyPart(key.pk, 'pk', KEY_BYTES_MAX)
  const skBytes = checkKeyPart(key.sk, 'sk', SORT_KEY_BYTES_MAX)
  if (pkBytes + skBytes > KEY_BYTES_MAX) {
    throw new StorageMisuse(`key of ${pkBytes + skBytes} bytes, at most ${KEY_BYTES_MAX}`)
  }
}

/** A partition key alone, as queries name it. Returns its size in bytes. */
export function checkPartitionKey(pk: string): number {
  return checkKeyPart(pk, 'pk', KEY_BYTES_MAX)
}

function checkKeyPart(value: unknown, name: string, bytesMax: number): number {
  if (typeof value !== 'string' || value === '') {
    throw new StorageMisuse(`${name} must be a non-empty string`)
  }
  checkKeyText(value, name)
  const bytes = Buffer.byteLength(value)
  if (bytes > bytesMax) throw new StorageMisuse(`${name} of ${bytes} bytes, at most ${bytesMax}`)
  return bytes
}

/** A lone surrogate has no UTF-8 form: two such keys would become one. */
function checkKeyText(value: string, name: string): void {
  if (value.includes('\0')) throw new StorageMisuse(`${name} contains NUL`)
  if (!value.isWellFormed()) throw new StorageMisuse(`${name} is not well-formed Unicode`)
}

export function checkRange(range: SortRange): void {
  if ('prefix' in range) {
    checkKeyText(range.prefix, 'prefix')
    return
  }
  if (range.from !== undefined) checkKeyText(range.from, 'from')
  if (range.to !== undefined) checkKeyText(range.to, 'to')
}

/** Items to put on one page. */
export function pageLimit(limit: number | undefined): number {
  if (limit === undefined) return PAGE_ITEMS_MAX
  if (!Number.isSafeInteger(limit) || limit < 1) throw new StorageMisuse(`page limit ${limit}`)
  return Math.min(limit, PAGE_ITEMS_MAX)
}

// ------------------------------------------------------------------------------------------------ Values

/** Attribute names and values in bytes, as DynamoDB counts an item. */
export function itemBytes(attributes: { readonly [name: string]: Value }): number {
  return mapBytes(attributes, 0)
}

function checkItemBytes(item: Item): number {
  const bytes = itemBytes(item)
  if (bytes > ITEM_BYTES_MAX) {
    throw new StorageMisuse(`item of ${bytes} bytes, at most ${ITEM_BYTES_MAX}`)
  }
  return bytes
}

function mapBytes(map: { readonly [name: string]: unknown }, depth: number): number {
  let bytes = 0
  for (const name in map) bytes += checkName(name) + valueBytes(map[name], name, depth)
  return bytes
}

/** `__proto__` cannot be an attribute: plain objects do not carry it through a copy. */
function checkName(name: string): number {
  if (name === '' || name === '__proto__') throw new StorageMisuse(`attribute name '${name}'`)
  return Buffer.byteLength(name)
}

const CONTAINER_BYTES = 3
const NUMBER_BYTES_MAX = 21

function valueBytes(value: unknown, name: string, depth: number): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) {
      throw new StorageMisuse(`attribute ${name}: ${value} is not an integer within ±2^53`)
    }
    return Math.min(NUMBER_BYTES_MAX, (String(value).length >> 1) + 2)
  }
  if (typeof value === 'boolean' || value === null) return 1
  if (value instanceof Uint8Array) return value.byteLength
  if (value instanceof Set) return setBytes(value, name, depth)
  if (depth >= VALUE_DEPTH_MAX) throw new StorageMisuse(`attribute ${name} is nested too deeply`)
  if (Array.isArray(value)) {
    let bytes = CONTAINER_BYTES
    for (const member of value) bytes += 1 + valueBytes(member, name, depth + 1)
    return bytes
  }
  if (isPlainObject(value)) {
    return CONTAINER_BYTES + Object.keys(value).length + mapBytes(value, depth + 1)
  }
  throw new StorageMisuse(`attribute ${name} holds ${typeof value}, which no store can keep`)
}

function setBytes(set: ReadonlySet<unknown>, name: string, depth: number): number {
  if (set.size === 0 && depth > 0) {
    throw new StorageMisuse(`attribute ${name}: an empty set inside a list or map`)
  }
  let bytes = 0
  for (const member of set) {
    if (typeof member !== 'string') {
      throw new StorageMisuse(`attribute ${name}: a set holds strings only`)
    }
    bytes += Buffer.byteLength(member)
  }
  return bytes
}

function isPlainObject(value: unknown): value is { readonly [name: string]: unknown } {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Attributes that are keys of an index are non-empty strings wherever they are present. */
function checkIndexKeys(attributes: { readonly [name: string]: Value }, layout: TableLayout): void {
  for (const index of Object.values(layout.indexes)) {
    const pk = attributes[index.pk]
    const sk = attributes[index.sk]
    const pkBytes = pk === undefined ? 0 : checkKeyPart(pk, index.pk, KEY_BYTES_MAX)
    const skBytes = sk === undefined ? 0 : checkKeyPart(sk, index.sk, SORT_KEY_BYTES_MAX)
    if (pkBytes + skBytes > KEY_BYTES_MAX) {
      throw new StorageMisuse(`index key of ${pkBytes + skBytes} bytes, at most ${KEY_BYTES_MAX}`)
    }
  }
}

function checkTtl(ttl: Value | undefined): void {
  if (ttl === undefined) return
  if (typeof ttl !== 'number' || !Number.isSafeInteger(ttl) || ttl < 0) {
    throw new StorageMisuse(`ttl ${String(ttl)} is not an epoch second`)
  }
}

/** An item that may be stored in this table. An attribute whose set is empty is a missing attribute. */
export function checkItem(item: Item, layout: TableLayout): Item {
  checkKey(item)
  checkIndexKeys(item, layout)
  checkTtl(item.ttl)
  checkItemBytes(item)
  for (const name in item) if (isEmptySet(item[name])) return withoutEmptySets(item)
  return item
}

function isEmptySet(value: Value | undefined): boolean {
  return value instanceof Set && value.size === 0
}

function withoutEmptySets(item: Item): Item {
  const kept = Object.entries(item).filter(([, value]) => !isEmptySet(value))
  return { ...Object.fromEntries(kept), pk: item.pk, sk: item.sk }
}

// ------------------------------------------------------------------------------------------------ Writes

/**
 * A write within the limits, normalised: no empty sets. Size after an update is known only where the item is: there
 * `checkItemBytes` must be asked again.
 */
export function checkWrite<W extends Write>(write: W, layout: TableLayout): Write {
  if (write.if !== undefined) checkCondition(write.if)
  if ('put' in write) return { ...write, put: checkItem(write.put, layout) }
  if ('update' in write) {
    checkKey(write.update)
    return { ...write, changes: checkChanges(write.changes, layout) }
  }
  if ('delete' in write) checkKey(write.delete)
  else checkKey(write.check)
  return write
}

/** The writes of one transaction: at most TRANSACT_ITEMS_MAX, on distinct keys, together at most TRANSACT_BYTES_MAX. */
export function checkTransaction(writes: readonly Write[], layout: TableLayout): readonly Write[] {
  checkTransactionKeys(writes.map(keyOfWrite))
  const checked = writes.map((write) => checkWrite(write, layout))
  let bytes = 0
  for (const write of checked) bytes += writtenBytes(write)
  if (bytes > TRANSACT_BYTES_MAX) {
    throw new StorageMisuse(`transaction of ${bytes} bytes, at most ${TRANSACT_BYTES_MAX}`)
  }
  return checked
}

/** At most TRANSACT_ITEMS_MAX distinct keys. */
export function checkTransactionKeys(keys: readonly Key[]): void {
  if (keys.length > TRANSACT_ITEMS_MAX) {
    throw new StorageMisuse(`transaction of ${keys.length} items, at most ${TRANSACT_ITEMS_MAX}`)
  }
  for (const key of keys) checkKey(key)
  if (keys.length < 2) return
  const distinct = new Set(keys.map((key) => `${key.pk}\0${key.sk}`))
  if (distinct.size < keys.length) throw new StorageMisuse('two items of a transaction share a key')
}

export function keyOfWrite(write: Write): Key {
  if ('put' in write) return write.put
  if ('update' in write) return write.update
  return 'delete' in write ? write.delete : write.check
}

function writtenBytes(write: Write): number {
  if ('put' in write) return itemBytes(write.put)
  if (!('update' in write)) return 0
  const { set, setIfAbsent, insert } = write.changes
  return itemBytes({ ...set, ...setIfAbsent, ...insert })
}

function checkChanges(changes: Changes, layout: TableLayout): Changes {
  const named = new Set<string>()
  for (const name of changedNames(changes)) {
    if (name === 'pk' || name === 'sk') throw new StorageMisuse('an update cannot change the key')
    if (named.has(name)) throw new StorageMisuse(`attribute ${name} is changed twice`)
    named.add(name)
  }
  const { set = {}, setIfAbsent = {}, add = {}, insert = {}, withdraw = {} } = changes
  for (const clause of [set, setIfAbsent, add, insert, withdraw]) itemBytes(clause)
  for (const clause of [set, setIfAbsent]) {
    checkIndexKeys(clause, layout)
    checkTtl(clause.ttl)
  }
  for (const clause of [add, insert, withdraw]) checkNotIndexKey(clause, layout)
  return hasEmptySet(changes) ? withoutEmptyChanges(changes) : changes
}

function* changedNames(changes: Changes): Iterable<string> {
  yield* Object.keys(changes.set ?? {})
  yield* Object.keys(changes.setIfAbsent ?? {})
  yield* Object.keys(changes.add ?? {})
  yield* Object.keys(changes.insert ?? {})
  yield* Object.keys(changes.withdraw ?? {})
  yield* changes.remove ?? []
}

function checkNotIndexKey(clause: { readonly [name: string]: unknown }, layout: TableLayout): void {
  for (const index of Object.values(layout.indexes)) {
    if (clause[index.pk] === undefined && clause[index.sk] === undefined) continue
    throw new StorageMisuse('an index key is a string: it cannot be added to or hold a set')
  }
}

function hasEmptySet(changes: Changes): boolean {
  const { set = {}, setIfAbsent = {}, insert = {}, withdraw = {} } = changes
  return [set, setIfAbsent, insert, withdraw].some((clause) =>
    Object.values(clause).some(isEmptySet),
  )
}

/** Setting an empty set removes the attribute; inserting or withdrawing nothing changes nothing. */
function withoutEmptyChanges(changes: Changes): Changes {
  const { set = {}, setIfAbsent = {}, insert = {}, withdraw = {}, remove = [] } = changes
  const emptied = Object.keys(set).filter((name) => isEmptySet(set[name]))
  return {
    ...changes,
    set: nonEmpty(set),
    setIfAbsent: nonEmpty(setIfAbsent),
    insert: nonEmpty(insert),
    withdraw: nonEmpty(withdraw),
    remove: [...remove, ...emptied],
  }
}

function nonEmpty<V extends Value>(clause: {
  readonly [name: string]: V
}): {
  readonly [name: string]: V
} {
  return Object.fromEntries(Object.entries(clause).filter(([, value]) => !isEmptySet(value)))
}

// -------------------------------------------------------------------------------------------- Conditions

function checkCondition(condition: Condition): void {
  if (termsOf(condition, 0) > CONDITION_TERMS_MAX) {
    throw new StorageMisuse(`a condition has at most ${CONDITION_TERMS_MAX} terms`)
  }
}

function termsOf(condition: Condition, terms: number): number {
  if (terms > CONDITION_TERMS_MAX) return terms
  if ('all' in condition) return condition.all.reduce((sum, part) => termsOf(part, sum), terms + 1)
  if ('any' in condition) return condition.any.reduce((sum, part) => termsOf(part, sum), terms + 1)
  if ('not' in condition) return termsOf(condition.not, terms + 1)
  if ('is' in condition) checkOperand(condition.is, condition.value)
  return terms + 1
}

function checkOperand(operator: string, value: unknown): void {
  if (typeof value === 'string') return
  if (typeof value === 'number' && Number.isSafeInteger(value)) return
  if (operator === '=' && isComparable(value, 0)) return
  throw new StorageMisuse(`a condition cannot compare ${operator} with ${String(value)}`)
}

/** Bytes and sets have more than one form in a store. */
function isComparable(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isSafeInteger(value)
  if (depth >= VALUE_DEPTH_MAX) return false
  const isWhole = (member: unknown) => isComparable(member, depth + 1)
  if (Array.isArray(value)) return value.every(isWhole)
  return isPlainObject(value) && Object.values(value).every(isWhole)
}

// ------------------------------------------------------------------------------- Objects and queues

/** Keys on one page of a listing. */
export const LIST_KEYS_MAX = 1_000

export function checkObjectKey(key: string): void {
  if (key.length > OBJECT_KEY_BYTES_MAX || !/^[A-Za-z0-9_.-][A-Za-z0-9/_.-]*$/.test(key)) {
    throw new StorageMisuse(`object key '${key.slice(0, OBJECT_KEY_BYTES_MAX)}'`)
  }
}

export function checkObjectPrefix(prefix: string): void {
  if (prefix !== '') checkObjectKey(prefix)
}

export function checkByteRange(range: ByteRange | undefined): void {
  if (range === undefined) return
  if (isCount(range.offset) && isCount(range.length)) return
  throw new StorageMisuse(`byte range ${range.offset}+${range.length}`)
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

export function checkSend(bodies: readonly string[], delaySeconds = 0): void {
  checkSeconds('delay', delaySeconds, QUEUE_DELAY_SECONDS_MAX)
  for (const body of bodies) {
    const bytes = Buffer.byteLength(body)
    if (bytes > QUEUE_BODY_BYTES_MAX) {
      throw new StorageMisuse(`queue body of ${bytes} bytes, at most ${QUEUE_BODY_BYTES_MAX}`)
    }
    if (body === '') throw new StorageMisuse('an empty queue body')
  }
}

export function checkReceive(options: {
  readonly max: number
  readonly visibilitySeconds: number
  readonly waitSeconds: number
}): void {
  if (!Number.isSafeInteger(options.max) || options.max < 1) {
    throw new StorageMisuse(`receive at most ${options.max} messages`)
  }
  checkVisibility(options.visibilitySeconds)
  if (!(options.waitSeconds >= 0)) throw new StorageMisuse(`wait ${options.waitSeconds} seconds`)
}

export function checkVisibility(visibilitySeconds: number): void {
  checkSeconds('visibility', visibilitySeconds, QUEUE_VISIBILITY_SECONDS_MAX)
}

function checkSeconds(name: string, seconds: number, secondsMax: number): void {
  if (Number.isSafeInteger(seconds) && seconds >= 0 && seconds <= secondsMax) return
  throw new StorageMisuse(`${name} of ${seconds} seconds, at most ${secondsMax}`)
}
