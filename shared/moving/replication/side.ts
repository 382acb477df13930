// One end of a move: a store, and what a move must know of it beyond the ports.

import type { Item, Key, Store, TableName } from '#shared/storage/ports.ts'

/** All items from one key (none: from the first) to before another (none: to the last). */
export type Run = {
  readonly from: Key | undefined
  readonly to: Key | undefined
  readonly items: readonly Item[]
}

export interface Side {
  /** As people call it: "the data folder /srv/mail". */
  readonly name: string
  /** What names it for certain. */
  readonly identity: string
  readonly store: Pick<Store, 'tables' | 'objects'>
  /**
   * All items of a table, in any order, by pages; expired ones may come too, and each may be of another moment. Resolves to the read
   * units that it cost.
   */
  scan(table: TableName, take: (items: readonly Item[]) => void): Promise<number>
  /**
   * The same in the order of keys, without runs that are as they were when it was asked before with the same `known`. Absent where
   * that is no cheaper.
   */
  rescan?(table: TableName, known: Map<string, string>, take: (run: Run) => void): Promise<void>
  /**
   * Nobody else works on it when this resolves, and nobody begins until what it gives is disposed of: of a data folder, whose lock is
   * the operating system's. Undefined for a deployment, whose processes go by the mark alone.
   */
  readonly alone: ((tell: (waitingFor: string) => void) => Promise<AsyncDisposable>) | undefined
  /** What it has taken in and not put into the store yet; undefined: nothing. */
  waiting(): Promise<string | undefined>
}
