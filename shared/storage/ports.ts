// The storage ports: what every service may ask of a store. Two drivers keep these promises, `embedded/`
// (one machine, lmdb and files) and `aws/` (DynamoDB, S3, SQS); test/conformance holds a case for each promise.
//
// Promises common to all: when a promise that writes resolves, a crash does not lose the write. A failure of the
// world (network, throttling, full disk) rejects with `TemporaryFailure` (shared/runtime/errors.ts); the write may or
// may not have happened. Where there was no room for it, in memory or on the disk, it is `SystemFull`. A call that can never succeed (a key too long, 101 writes) rejects with `StorageMisuse`.

import { TemporaryFailure } from '#shared/runtime/errors.ts'

// ------------------------------------------------------------------------------------------------- Table

/** What an attribute can hold. Numbers are integers within ±2^53. Empty strings and bytes are allowed, `undefined` is not. */
export type Value =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | ReadonlySet<string>
  | readonly Value[]
  | { readonly [name: string]: Value }

/** Partition key and sort key. Both non-empty, without NUL; together at most KEY_BYTES_MAX bytes of UTF-8. */
export type Key = { readonly pk: string; readonly sk: string }

/** An item: its key and named attributes. `ttl`, when present, is the epoch second after which reads do not see it. */
export type Item = Key & { readonly [attribute: string]: Value }

export const KEY_BYTES_MAX = 1_900
export const SORT_KEY_BYTES_MAX = 1_000
export const ITEM_BYTES_MAX = 400_000
export const TRANSACT_ITEMS_MAX = 100

/** Decided on the stored item (expired or not; a missing item has no attributes). Comparison with a missing attribute is false. */
export type Condition =
  | { readonly exists: string } // attribute name; { exists: 'pk' } means the item exists
  | { readonly absent: string }
  | {
      readonly attribute: string
      readonly is: '<' | '<=' | '>' | '>='
      readonly value: string | number
    }
  | { readonly attribute: string; readonly is: '='; readonly value: Value } // lists and maps too; no bytes, no sets
  | { readonly attribute: string; readonly contains: string } // a member of a string set
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }

/** Changes of one item. `add` and `insert` start from 0 and the empty set. An emptied set becomes a missing attribute. */
export type Changes = {
  readonly set?: { readonly [attribute: string]: Value }
  readonly setIfAbsent?: { readonly [attribute: string]: Value }
  readonly add?: { readonly [attribute: string]: number }
  readonly insert?: { readonly [attribute: string]: ReadonlySet<string> }
  readonly withdraw?: { readonly [attribute: string]: ReadonlySet<string> }
  readonly remove?: readonly string[]
}

export type Write =
  | { readonly put: Item; readonly if?: Condition }
  | { readonly update: Key; readonly changes: Changes; readonly if?: Condition } // creates a missing item
  | { readonly delete: Key; readonly if?: Condition }
  | { readonly check: Key; readonly if: Condition } // only in a transaction

/** Sort-key interval, both ends inclusive; `prefix` is the interval of all keys that begin so. Order is by UTF-8 bytes. */
export type SortRange =
  | { readonly from?: string; readonly to?: string }
  | { readonly prefix: string }

export type Query = {
  readonly pk: string
  readonly sk?: SortRange
  readonly reverse?: boolean
  /** Items a page at most; a page may hold fewer and still have a `next`. */
  readonly limit?: number
  /** `next` of the page before. */
  readonly after?: string
  /** Default false: a read may miss the newest writes. True: it sees every write whose promise has resolved. */
  readonly consistent?: boolean
}

export type Page<T> = { readonly items: readonly T[]; readonly next?: string }

/** An entry of a sparse index: items are in it while both of its key attributes are present (strings). */
export type IndexEntry = Key & { readonly indexPk: string; readonly indexSk: string }

/** Table layout, known to both drivers: index name → the attributes that are its keys. */
export type TableLayout = {
  readonly name: string
  readonly indexes: { readonly [index: string]: IndexLayout }
}

/** `storedAs`: the name it was made under, where that is another. An index that holds entries cannot be renamed in one deployment. */
export type IndexLayout = {
  readonly pk: string
  readonly sk: string
  readonly storedAs?: string
}

/**
 * DynamoDB's model. One item's writes are serialised; `get({consistent})` and `transactGet` see committed state only.
 * `query` and `batchGet` may see a transaction half applied (read-committed, as DynamoDB does): whoever needs more
 * confirms with `transactGet`. Index entries follow eventually and must be confirmed at the base item.
 */
export interface Table {
  get(key: Key, options?: { readonly consistent?: boolean }): Promise<Item | undefined>
  /** Any number of keys; the answer has the same order, `undefined` for a missing item. */
  batchGet(
    keys: readonly Key[],
    options?: { readonly consistent?: boolean },
  ): Promise<readonly (Item | undefined)[]>
  query(query: Query): Promise<Page<Item>>
  queryIndex(index: string, query: Omit<Query, 'consistent'>): Promise<Page<IndexEntry>>
  /**
   * One write. Rejects with ConditionFailed, or with Conflict when a transaction held the item too long. Resolves to the item as
   * it is after the write (undefined after delete).
   */
  write(write: Exclude<Write, { readonly check: Key }>): Promise<Item | undefined>
  /**
   * All or nothing, at most TRANSACT_ITEMS_MAX writes on distinct keys. Rejects with ConditionFailed, whose `failed` names
   * the writes (by position) whose condition was false, or with Conflict when another writer was in the way: try again.
   */
  transact(writes: readonly Write[]): Promise<void>
  /** A snapshot of up to TRANSACT_ITEMS_MAX items that no transaction is half applied in. May reject with Conflict. */
  transactGet(keys: readonly Key[]): Promise<readonly (Item | undefined)[]>
  /** Independent puts and deletes without conditions, any number, not atomic; all are done when it resolves. */
  batchWrite(writes: readonly ({ readonly put: Item } | { readonly delete: Key })[]): Promise<void>
}

export class ConditionFailed extends Error {
  override readonly name = 'ConditionFailed'
  readonly failed: readonly { readonly position: number; readonly item: Item | undefined }[]
  constructor(failed: readonly { readonly position: number; readonly item: Item | undefined }[]) {
    super(`condition false for write ${failed.map((f) => f.position).join(', ')}`)
    this.failed = failed
  }
  /** Whether the write at this position was among those refused. */
  at(position: number): boolean {
    return this.failed.some((f) => f.position === position)
  }
}

/**
 * Another transaction touched the same items at the same time; nothing was written. Trying again is right, at once or, like
 * after any temporary failure, later.
 */
export class Conflict extends TemporaryFailure {
  override readonly name = 'Conflict'
}

/** The caller broke a documented limit of the port; no retry will help. */
export class StorageMisuse extends Error {
  override readonly name = 'StorageMisuse'
}

// ------------------------------------------------------------------------------------------- ObjectStore

/** 1 to 512 bytes of `[A-Za-z0-9/_.-]`, not beginning with `/`. */
export type ObjectKey = string
export const OBJECT_KEY_BYTES_MAX = 512

export type ByteRange = { readonly offset: number; readonly length: number }

/**
 * An object whose bytes are received. Table writes that are issued after `commit` was called become durable no sooner than the
 * object, so both may be awaited together: on one machine they share one fsync.
 */
export interface StagedObject {
  readonly bytes: number
  /** True where the driver had to store the object already; then `discard` leaves it. */
  readonly stored: boolean
  /** The bytes from their beginning, with bounded memory; any number of times before it is committed or discarded. */
  open(): AsyncIterable<Uint8Array>
  commit(): Promise<void>
  /** Forgets the bytes. */
  discard(): Promise<void>
}

/** Immutable byte strings. An object is visible whole or not at all, and reads after a put see it at once. */
export interface ObjectStore {
  /**
   * Stores the bytes. With `ifAbsent` an existing object is kept and `stored` is false; of concurrent puts exactly one
   * gets `stored: true`. A source that throws leaves nothing behind and its error is passed on.
   */
  put(
    key: ObjectKey,
    source: Uint8Array | AsyncIterable<Uint8Array>,
    options?: { readonly ifAbsent?: boolean },
  ): Promise<{ readonly stored: boolean; readonly bytes: number }>
  /**
   * The first half of a put, for whoever writes a table next: bytes are received, and safe as far as they can be before the
   * object is visible.
   */
  stage(key: ObjectKey, source: AsyncIterable<Uint8Array>): Promise<StagedObject>
  /** Bytes in a range (default all), clipped to the object's end; undefined when there is no such object. */
  read(key: ObjectKey, range?: ByteRange): Promise<Uint8Array | undefined>
  /** The same as a stream with bounded memory. */
  stream(key: ObjectKey, range?: ByteRange): Promise<AsyncIterable<Uint8Array> | undefined>
  /** Size in bytes, undefined when there is no such object. */
  size(key: ObjectKey): Promise<number | undefined>
  /** Deleting what is not there is no error. */
  delete(key: ObjectKey): Promise<void>
  /** Keys that begin with `prefix`, in byte order, 1,000 a page at most. */
  list(
    prefix: string,
    after?: string,
  ): Promise<Page<{ readonly key: ObjectKey; readonly bytes: number }>>
}

// ------------------------------------------------------------------------------------------------- Queue

export type QueueMessage = {
  readonly id: string
  readonly body: string
  /** Names this receipt of the message; a later receipt of the same message makes it stale. */
  readonly receipt: string
  /** 1 at the first delivery. */
  readonly receives: number
}

export const QUEUE_BODY_BYTES_MAX = 200_000
export const QUEUE_DELAY_SECONDS_MAX = 900
export const QUEUE_VISIBILITY_SECONDS_MAX = 43_200

/**
 * At-least-once, unordered. A message that was received and neither acknowledged nor extended within its visibility is
 * delivered again; after `receivesMax` deliveries it goes to the dead-letter queue instead.
 */
export interface Queue {
  send(bodies: readonly string[], options?: { readonly delaySeconds?: number }): Promise<void>
  /** Waits up to `waitSeconds` for at least one message; at most `max` (drivers may return fewer). Aborting returns []. */
  receive(options: {
    readonly max: number
    readonly visibilitySeconds: number
    readonly waitSeconds: number
    readonly signal?: AbortSignal
  }): Promise<readonly QueueMessage[]>
  /** Removes messages. A stale receipt is no error; the message may then come again. */
  acknowledge(receipts: readonly string[]): Promise<void>
  /** Makes messages visible again so many seconds from now (0: at once). */
  extend(receipts: readonly string[], visibilitySeconds: number): Promise<void>
}

export type QueueLayout = {
  readonly name: string
  readonly receivesMax: number
  /** Queue that gets what was delivered `receivesMax` times; without it such messages are dropped. */
  readonly deadLetter?: string
}

// ----------------------------------------------------------------------------------------------- Signals

/**
 * Hints to whoever watches a topic, in any process. A hint may be lost, repeated, delayed or reordered and carries no
 * state; the watcher re-reads. Publishing never rejects and never waits for watchers.
 */
export interface Signals {
  publish(topic: string, hint: string): void
  /**
   * Resolves when the listener will normally hear of what is published from now on: by its hint, or by an empty one soon after,
   * which only says to look. The listener must not throw.
   */
  subscribe(topic: string, listener: (hint: string) => void): Promise<Subscription>
}

export interface Subscription {
  close(): Promise<void>
}

// ------------------------------------------------------------------------------------------------- Space

/**
 * Room for more. Whatever takes something in asks first, before it takes a byte; what delivers, reads or deletes does not, and lives
 * on the reserve. A store whose room never ends always has some.
 */
export interface Space {
  /** Whether less than the reserve is free. Cheap: asked at every message. */
  isShort(): Promise<boolean>
  /** Rejects with SystemFull when it is. */
  require(): Promise<void>
}

export const endlessSpace: Space = { isShort: async () => false, require: async () => {} }

// ------------------------------------------------------------------------------------------------- Store

/** All that a process needs of a driver, opened together and closed together. */
export interface Store extends AsyncDisposable {
  readonly tables: { readonly [name in TableName]: Table }
  readonly objects: ObjectStore
  readonly queues: { readonly [name in QueueName]: Queue }
  readonly signals: Signals
  readonly space: Space
}

/** Separate tables, so that a role can be denied what it does not need. Schema: docs/ARCHITECTURE.md, "Data". */
export const tableLayouts = {
  directory: { name: 'directory', indexes: {} },
  mail: { name: 'mail', indexes: { dead: { pk: 'deadPk', sk: 'deadSk' } } },
  queue: {
    name: 'queue',
    indexes: {
      due: { pk: 'duePk', sk: 'dueSk' },
      held: { pk: 'listPk', sk: 'listSk', storedAs: 'list' },
    },
  },
  counters: { name: 'counters', indexes: {} },
} as const satisfies { readonly [name: string]: TableLayout }

export const queueLayouts = {
  // A queue counts deliveries to functions that were throttled and never started: few would make dead letters of good mail.
  incoming: { name: 'incoming', receivesMax: 10, deadLetter: 'incoming-dead' },
  active: { name: 'active', receivesMax: 10, deadLetter: 'active-dead' },
  /** Bells that wait for their second, and then wake who `active` wakes. */
  deferred: { name: 'deferred', receivesMax: 10, deadLetter: 'active-dead' },
  'incoming-dead': { name: 'incoming-dead', receivesMax: 1000 },
  'active-dead': { name: 'active-dead', receivesMax: 1000 },
} as const satisfies { readonly [name: string]: QueueLayout }

export type TableName = keyof typeof tableLayouts
export type QueueName = keyof typeof queueLayouts
