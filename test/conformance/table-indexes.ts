// Sparse indexes: entries follow their items eventually.

import { expect, it } from 'vitest'
import type { IndexEntry, Table } from '#shared/storage/ports.ts'
import { StorageMisuse } from '#shared/storage/ports.ts'
import { allPages, eventually, sortedByUtf8, unique } from '#test/support/storage.ts'
import type { TableCases } from './table.ts'

function readAll(table: Table, index: string, indexPk: string, limit = 100, reverse = false) {
  return allPages<IndexEntry>((after) =>
    table.queryIndex(index, {
      pk: indexPk,
      limit,
      reverse,
      ...(after === undefined ? {} : { after }),
    }),
  )
}

/** Reads the index until it has this many entries. */
function settled(table: Table, index: string, indexPk: string, entries: number) {
  return eventually(
    () => readAll(table, index, indexPk),
    (found) => found.length === entries,
  )
}

export const indexCases: TableCases = (tables) => {
  it('has an item while both key attributes are present', async () => {
    const key = { pk: unique(), sk: 's' }
    const deadPk = unique('dead')
    const entry = { ...key, indexPk: deadPk, indexSk: '2026' }
    await tables().mail.write({ put: { ...key, deadPk, other: 1 } })
    expect(await settled(tables().mail, 'dead', deadPk, 0)).toEqual([])
    await tables().mail.write({ update: key, changes: { set: { deadSk: '2026' } } })
    expect(await settled(tables().mail, 'dead', deadPk, 1)).toEqual([entry])
    await tables().mail.write({ update: key, changes: { remove: ['deadSk'] } })
    expect(await settled(tables().mail, 'dead', deadPk, 0)).toEqual([])
  })

  it('drops the entry of a replaced and of a deleted item', async () => {
    const key = { pk: unique(), sk: 's' }
    const deadPk = unique('dead')
    const indexed = { ...key, deadPk, deadSk: 'x' }
    await tables().mail.write({ put: indexed })
    expect(await settled(tables().mail, 'dead', deadPk, 1)).toHaveLength(1)
    await tables().mail.write({ put: key })
    expect(await settled(tables().mail, 'dead', deadPk, 0)).toEqual([])
    await tables().mail.transact([{ put: indexed }])
    expect(await settled(tables().mail, 'dead', deadPk, 1)).toHaveLength(1)
    await tables().mail.transact([{ delete: key }])
    expect(await settled(tables().mail, 'dead', deadPk, 0)).toEqual([])
  })

  it('moves an entry when an index key changes', async () => {
    const key = { pk: unique(), sk: 's' }
    const [first, second] = [unique('due'), unique('due')]
    await tables().queue.write({ put: { ...key, duePk: first, dueSk: '1' } })
    await tables().queue.write({ update: key, changes: { set: { dueSk: '2' } } })
    const moved = await eventually(
      () => readAll(tables().queue, 'due', first),
      (found) => found[0]?.indexSk === '2',
    )
    expect(moved).toEqual([{ ...key, indexPk: first, indexSk: '2' }])
    await tables().queue.write({ update: key, changes: { set: { duePk: second } } })
    expect(await settled(tables().queue, 'due', first, 0)).toEqual([])
    expect(await settled(tables().queue, 'due', second, 1)).toHaveLength(1)
  })

  it('keeps two indexes of one table apart', async () => {
    const key = { pk: unique(), sk: 's' }
    const [duePk, heldPk] = [unique('due'), unique('held')]
    await tables().queue.write({ put: { ...key, duePk, dueSk: '1', listPk: heldPk, listSk: '2' } })
    expect(await settled(tables().queue, 'due', duePk, 1)).toEqual([
      { ...key, indexPk: duePk, indexSk: '1' },
    ])
    expect(await settled(tables().queue, 'held', heldPk, 1)).toEqual([
      { ...key, indexPk: heldPk, indexSk: '2' },
    ])
    await tables().queue.write({ update: key, changes: { remove: ['duePk', 'dueSk'] } })
    expect(await settled(tables().queue, 'due', duePk, 0)).toEqual([])
    expect(await settled(tables().queue, 'held', heldPk, 1)).toHaveLength(1)
  })

  it('orders by the index sort key and pages in both directions', async () => {
    const duePk = unique('due')
    const dueSks = sortedByUtf8(['1', '10', '2', 'a', 'é', '\uFFFD', '\u{1F600}'])
    const items = dueSks.map((dueSk) => ({ pk: unique(), sk: 's', duePk, dueSk }))
    await tables().queue.batchWrite(items.map((put) => ({ put })))
    await settled(tables().queue, 'due', duePk, items.length)
    for (const limit of [1, 2, 100]) {
      const forwards = await readAll(tables().queue, 'due', duePk, limit)
      expect(forwards.map((entry) => entry.indexSk)).toEqual(dueSks)
      expect(forwards.map((entry) => entry.pk)).toEqual(items.map((item) => item.pk))
      const backwards = await readAll(tables().queue, 'due', duePk, limit, true)
      expect(backwards.map((entry) => entry.indexSk)).toEqual([...dueSks].reverse())
    }
  })

  it('pages through entries with the same index keys, each once', async () => {
    const pk = unique()
    const duePk = unique('due')
    const items = Array.from({ length: 9 }, (_, n) => ({ pk, sk: `k${n}`, duePk, dueSk: 'same' }))
    await tables().queue.batchWrite(items.map((put) => ({ put })))
    await settled(tables().queue, 'due', duePk, items.length)
    for (const reverse of [false, true]) {
      const found = await readAll(tables().queue, 'due', duePk, 2, reverse)
      expect(found.map((entry) => entry.sk).sort()).toEqual(items.map((item) => item.sk))
    }
  })

  it('reads a range of index sort keys, both ends included', async () => {
    const duePk = unique('due')
    const items = ['1', '2', '3', '4'].map((dueSk) => ({ pk: unique(), sk: 's', duePk, dueSk }))
    await tables().queue.batchWrite(items.map((put) => ({ put })))
    await settled(tables().queue, 'due', duePk, items.length)
    const dueSksIn = async (sk: { from?: string; to?: string } | { prefix: string }) => {
      const { items } = await tables().queue.queryIndex('due', { pk: duePk, sk })
      return items.map((entry) => entry.indexSk)
    }
    expect(await dueSksIn({ to: '2' })).toEqual(['1', '2'])
    expect(await dueSksIn({ from: '2', to: '3' })).toEqual(['2', '3'])
    expect(await dueSksIn({ prefix: '4' })).toEqual(['4'])
  })

  it('indexes items with the longest keys', async () => {
    const duePk = unique('due').padEnd(900, 'd')
    const items = ['1', '2'].map((last) => ({
      pk: unique().padEnd(900, 'p'),
      sk: `${'s'.repeat(999)}${last}`,
      duePk,
      dueSk: 'd'.repeat(1_000),
    }))
    await tables().queue.batchWrite(items.map((put) => ({ put })))
    const found = await settled(tables().queue, 'due', duePk, 2)
    expect(new Set(found.map((entry) => entry.pk))).toEqual(new Set(items.map((item) => item.pk)))
    await tables().queue.batchWrite(items.map((item) => ({ delete: item })))
    expect(await settled(tables().queue, 'due', duePk, 0)).toEqual([])
  })

  it('refuses an index the table does not have', async () => {
    await expect(tables().mail.queryIndex('due', { pk: 'p' })).rejects.toThrow(StorageMisuse)
  })
}
