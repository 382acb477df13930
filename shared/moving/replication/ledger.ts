// What both ends hold, as far as a pass has seen: keys and digests in a file of their own, so that stores of any size are compared with
// little memory, and in whatever order each gives its items. The file is of no use after its command; the next one begins anew.
//
// Implementation notes: SQLite joins the two; nothing of it needs to be durable, so it does not sync, and all is one transaction of a new
// file, which has nothing to keep a journal of, and never ends. Text is compared by its UTF-8 bytes.

import { rm } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import type { Key, TableName } from '#shared/storage/ports.ts'
import { tableNames, type WantedObject } from './what-moves.ts'

export type End = 'source' | 'target'
export type ObjectRow = WantedObject
/** Where a list goes on. */
export type After = Key | undefined

export type ItemRow = Key & { readonly digest: Uint8Array }
/** `changed`: only where the source has changed since `settle`. */
export type Which = 'all' | 'changed'

const CACHE_KIB = 65_536
/** No key has anything behind it. */
const LAST_CHARACTER = '\u{10ffff}'

export class Ledger implements AsyncDisposable {
  readonly #path: string
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, ReturnType<DatabaseSync['prepare']>>()
  /** Of a source that is read in runs: what is known of each. */
  readonly runs: { readonly [table in TableName]: Map<string, string> } = {
    directory: new Map(),
    mail: new Map(),
    queue: new Map(),
    counters: new Map(),
  }

  constructor(path: string) {
    this.#path = path
    this.#database = new DatabaseSync(path)
    this.#database.exec(
      `PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = FILE; PRAGMA cache_size = -${CACHE_KIB}`,
    )
    for (const end of ['source', 'target'] satisfies readonly End[]) {
      this.#database.exec(
        `CREATE TABLE ${end}_items (place TEXT, pk TEXT, sk TEXT, digest BLOB, PRIMARY KEY (place, pk, sk)) WITHOUT ROWID`,
      )
      this.#database.exec(
        `CREATE TABLE ${end}_objects (key TEXT PRIMARY KEY, bytes INTEGER) WITHOUT ROWID`,
      )
    }
    this.#database.exec(
      'CREATE TABLE changed (place TEXT, pk TEXT, sk TEXT, PRIMARY KEY (place, pk, sk)) WITHOUT ROWID',
    )
    this.#database.exec('BEGIN')
  }

  put(end: End, table: TableName, { pk, sk }: Key, digest: Uint8Array): void {
    this.#run(`INSERT OR REPLACE INTO ${end}_items VALUES (?, ?, ?, ?)`, table, pk, sk, digest)
  }

  remove(end: End, table: TableName, { pk, sk }: Key): void {
    this.#run(`DELETE FROM ${end}_items WHERE place = ? AND pk = ? AND sk = ?`, table, pk, sk)
  }

  /** What the source has between two keys, all of it in order; noted as changed where it is another than was known. */
  replaceRun(
    table: TableName,
    { from, to }: { readonly from: Key | undefined; readonly to: Key | undefined },
    rows: readonly ItemRow[],
  ): void {
    const end = to ?? { pk: LAST_CHARACTER, sk: '' }
    const found = this.#statement(
      `SELECT pk, sk, digest FROM source_items WHERE place = ? AND (pk, sk) >= (?, ?) AND (pk, sk) < (?, ?)`,
    ).all(table, from?.pk ?? '', from?.sk ?? '', end.pk, end.sk)
    const before = new Map(found.map(({ pk, sk, digest }) => [`${pk}\0${sk}`, digest]))
    for (const row of rows) {
      const name = `${row.pk}\0${row.sk}`
      const known = before.get(name)
      before.delete(name)
      if (known instanceof Uint8Array && Buffer.compare(known, row.digest) === 0) continue
      this.put('source', table, row, row.digest)
      this.#noteChanged(table, row)
    }
    for (const name of before.keys()) {
      const [pk = '', sk = ''] = name.split('\0')
      this.remove('source', table, { pk, sk })
      this.#noteChanged(table, { pk, sk })
    }
  }

  /** The target has all that the source was known to have. */
  settle(): void {
    this.#run('DELETE FROM changed')
  }

  /** Of the source: that an item points to it. Of the target: that it is there. */
  putObject(end: End, { key, bytes }: ObjectRow): void {
    this.#run(
      `INSERT INTO ${end}_objects VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET bytes = max(bytes, excluded.bytes)`,
      key,
      bytes,
    )
  }

  removeObject(end: End, key: string): void {
    this.#run(`DELETE FROM ${end}_objects WHERE key = ?`, key)
  }

  /** What is known of an end is to be found out anew. */
  forget(end: End): void {
    this.#run(`DELETE FROM ${end}_items`)
    this.#run(`DELETE FROM ${end}_objects`)
    if (end === 'source') for (const table of tableNames) this.runs[table].clear()
  }

  /** Items of the source that the target lacks, or has otherwise. In order, a page at a time. */
  different(which: Which, table: TableName, after: After, limit: number): readonly Key[] {
    return this.#keys(
      which === 'all'
        ? `SELECT pk, sk FROM source_items s LEFT JOIN target_items t USING (place, pk, sk)
           WHERE s.place = ? AND (s.pk, s.sk) > (?, ?) AND t.digest IS NOT s.digest ORDER BY s.pk, s.sk LIMIT ?`
        : `SELECT pk, sk FROM changed c JOIN source_items s USING (place, pk, sk) LEFT JOIN target_items t USING (place, pk, sk)
           WHERE c.place = ? AND (c.pk, c.sk) > (?, ?) AND t.digest IS NOT s.digest ORDER BY c.pk, c.sk LIMIT ?`,
      table,
      after,
      limit,
    )
  }

  /** Items of the target that the source has not. */
  surplus(which: Which, table: TableName, after: After, limit: number): readonly Key[] {
    return this.#keys(
      which === 'all'
        ? `SELECT pk, sk FROM target_items t LEFT JOIN source_items s USING (place, pk, sk)
           WHERE t.place = ? AND (t.pk, t.sk) > (?, ?) AND s.digest IS NULL ORDER BY t.pk, t.sk LIMIT ?`
        : `SELECT pk, sk FROM changed c JOIN target_items t USING (place, pk, sk) LEFT JOIN source_items s USING (place, pk, sk)
           WHERE c.place = ? AND (c.pk, c.sk) > (?, ?) AND s.digest IS NULL ORDER BY c.pk, c.sk LIMIT ?`,
      table,
      after,
      limit,
    )
  }

  countChanged(table: TableName): number {
    return this.#number('SELECT count(*) AS n FROM changed WHERE place = ?', table)
  }

  /** Both of them, of partitions that begin so. */
  countDifferences(table: TableName, prefix = ''): number {
    const range = [table, prefix, `${prefix}${LAST_CHARACTER}`]
    return (
      this.#number(
        `SELECT count(*) AS n FROM source_items s LEFT JOIN target_items t USING (place, pk, sk)
         WHERE s.place = ? AND s.pk >= ? AND s.pk < ? AND t.digest IS NOT s.digest`,
        ...range,
      ) +
      this.#number(
        `SELECT count(*) AS n FROM target_items t LEFT JOIN source_items s USING (place, pk, sk)
         WHERE t.place = ? AND t.pk >= ? AND t.pk < ? AND s.digest IS NULL`,
        ...range,
      )
    )
  }

  missingObjects(after: string, limit: number): readonly ObjectRow[] {
    return this.#objects(
      `SELECT s.key AS key, s.bytes AS bytes FROM source_objects s LEFT JOIN target_objects t USING (key)
       WHERE s.key > ? AND (t.bytes IS NULL OR t.bytes < s.bytes) ORDER BY s.key LIMIT ?`,
      after,
      limit,
    )
  }

  surplusObjects(after: string, limit: number): readonly ObjectRow[] {
    return this.#objects(
      `SELECT t.key AS key, t.bytes AS bytes FROM target_objects t LEFT JOIN source_objects s USING (key)
       WHERE t.key > ? AND s.key IS NULL ORDER BY t.key LIMIT ?`,
      after,
      limit,
    )
  }

  /** All that the source's items point to. */
  wantedObjects(after: string, limit: number): readonly ObjectRow[] {
    return this.#objects(
      'SELECT key, bytes FROM source_objects WHERE key > ? ORDER BY key LIMIT ?',
      after,
      limit,
    )
  }

  countMissingObjects(): { readonly objects: number; readonly bytes: number } {
    const [row] = this.#statement(
      `SELECT count(*) AS n, coalesce(sum(s.bytes), 0) AS bytes FROM source_objects s LEFT JOIN target_objects t USING (key)
       WHERE t.bytes IS NULL OR t.bytes < s.bytes`,
    ).all()
    return { objects: Number(row?.n), bytes: Number(row?.bytes) }
  }

  countItems(end: End, table: TableName): number {
    return this.#number(`SELECT count(*) AS n FROM ${end}_items WHERE place = ?`, table)
  }

  countObjects(end: End): number {
    return this.#number(`SELECT count(*) AS n FROM ${end}_objects`)
  }

  /** Keys and digests of an end in the order of their keys, of partitions that begin so. */
  *digests(
    end: End,
    table: TableName,
    prefix = '',
  ): Generator<Key & { readonly digest: Uint8Array }> {
    const rows = this.#database
      .prepare(
        `SELECT pk, sk, digest FROM ${end}_items WHERE place = ? AND pk >= ? AND pk < ? ORDER BY pk, sk`,
      )
      .iterate(table, prefix, `${prefix}${LAST_CHARACTER}`)
    for (const { pk, sk, digest } of rows) {
      if (!(digest instanceof Uint8Array)) continue
      yield { pk: String(pk), sk: String(sk), digest }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database.close()
    await rm(this.#path, { force: true })
  }

  #noteChanged(table: TableName, { pk, sk }: Key): void {
    this.#run('INSERT OR IGNORE INTO changed VALUES (?, ?, ?)', table, pk, sk)
  }

  #keys(sql: string, table: TableName, after: After, limit: number): readonly Key[] {
    const rows = this.#statement(sql).all(table, after?.pk ?? '', after?.sk ?? '', limit)
    return rows.map(({ pk, sk }) => ({ pk: String(pk), sk: String(sk) }))
  }

  #objects(sql: string, after: string, limit: number): readonly ObjectRow[] {
    const rows = this.#statement(sql).all(after, limit)
    return rows.map(({ key, bytes }) => ({ key: String(key), bytes: Number(bytes) }))
  }

  #number(sql: string, ...values: readonly string[]): number {
    return Number(this.#statement(sql).get(...values)?.n)
  }

  #run(sql: string, ...values: readonly (string | number | Uint8Array)[]): void {
    this.#statement(sql).run(...values)
  }

  #statement(sql: string) {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#database.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}
