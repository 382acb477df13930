// Transactions: all or nothing, what a refusal tells, limits, races, and snapshots.

import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import {
  Conflict,
  type Item,
  StorageMisuse,
  type Table,
  TRANSACT_ITEMS_MAX,
  type Write,
} from '#shared/storage/ports.ts'
import { unique } from '#test/support/storage.ts'
import type { TableCases } from './table.ts'

export const transactionCases: TableCases = (tables, { slow = false }) => {
  it('does puts, updates, deletes and checks together', async () => {
    const pk = unique()
    await tables().mail.batchWrite([
      { put: { pk, sk: 'updated', n: 1 } },
      { put: { pk, sk: 'deleted' } },
      { put: { pk, sk: 'checked', ok: true } },
    ])
    await tables().mail.transact([
      { put: { pk, sk: 'put', a: 'x' }, if: { absent: 'pk' } },
      { update: { pk, sk: 'updated' }, changes: { add: { n: 1 } }, if: { exists: 'pk' } },
      { update: { pk, sk: 'created' }, changes: { set: { b: 1 } } },
      { delete: { pk, sk: 'deleted' }, if: { exists: 'pk' } },
      {
        check: { pk, sk: 'checked' },
        if: { attribute: 'ok', is: '=', value: true },
      },
    ])
    const { items } = await tables().mail.query({ pk, consistent: true })
    expect(items).toEqual([
      { pk, sk: 'checked', ok: true },
      { pk, sk: 'created', b: 1 },
      { pk, sk: 'put', a: 'x' },
      { pk, sk: 'updated', n: 2 },
    ])
  })

  it('writes nothing when one condition is false and names every false one with its item', async () => {
    const pk = unique()
    const existing = { pk, sk: 'b', n: 5 }
    await tables().mail.write({ put: existing })
    const writes: readonly Write[] = [
      { put: { pk, sk: 'a', a: 1 } },
      { update: existing, changes: { add: { n: 1 } }, if: { attribute: 'n', is: '=', value: 4 } },
      { put: { pk, sk: 'c' }, if: { absent: 'pk' } },
      { check: { pk, sk: 'd' }, if: { exists: 'pk' } },
    ]
    await expect(tables().mail.transact(writes)).rejects.toMatchObject({
      name: 'ConditionFailed',
      failed: [
        { position: 1, item: existing },
        { position: 3, item: undefined },
      ],
    })
    const { items } = await tables().mail.query({ pk, consistent: true })
    expect(items).toEqual([existing])
  })

  it('refuses a false check even when it is the only write', async () => {
    const key = { pk: unique(), sk: 's' }
    await tables().mail.transact([{ check: key, if: { absent: 'pk' } }])
    await expect(
      tables().mail.transact([{ check: key, if: { exists: 'pk' } }]),
    ).rejects.toMatchObject({ failed: [{ position: 0 }] })
  })

  it('takes 100 writes and refuses 101', async () => {
    const pk = unique()
    const writes = Array.from({ length: TRANSACT_ITEMS_MAX + 1 }, (_, n) => ({
      put: { pk, sk: `k${String(n).padStart(3, '0')}`, n },
    }))
    await expect(tables().mail.transact(writes)).rejects.toThrow(StorageMisuse)
    expect((await tables().mail.query({ pk, consistent: true })).items).toEqual([])
    await tables().mail.transact(writes.slice(0, TRANSACT_ITEMS_MAX))
    const keys = writes.slice(0, TRANSACT_ITEMS_MAX).map((write) => write.put)
    expect(await tables().mail.transactGet(keys)).toEqual(keys)
    await expect(tables().mail.transactGet(writes.map((write) => write.put))).rejects.toThrow(
      StorageMisuse,
    )
  })

  it('refuses two writes of one key', async () => {
    const key = { pk: unique(), sk: 's' }
    await expect(
      tables().mail.transact([{ put: key }, { check: key, if: { absent: 'pk' } }]),
    ).rejects.toThrow(StorageMisuse)
    expect(await tables().mail.get(key, { consistent: true })).toBeUndefined()
  })

  it('does nothing for an empty list', async () => {
    await tables().mail.transact([])
    expect(await tables().mail.transactGet([])).toEqual([])
  })

  it('refuses a transaction above 4 MB', async () => {
    const pk = unique()
    const writes = Array.from({ length: 12 }, (_, n) => ({
      put: { pk, sk: `k${n}`, a: 'x'.repeat(390_000) },
    }))
    await expect(tables().mail.transact(writes)).rejects.toThrow(StorageMisuse)
    expect(await tables().mail.get({ pk, sk: 'k0' }, { consistent: true })).toBeUndefined()
  })

  it('gets a snapshot in the order of the keys', async () => {
    const pk = unique()
    await tables().mail.batchWrite([{ put: { pk, sk: 'a', n: 1 } }, { put: { pk, sk: 'c', n: 3 } }])
    const items = await tables().mail.transactGet(['c', 'b', 'a'].map((sk) => ({ pk, sk })))
    expect(items.map((item) => item?.n)).toEqual([3, undefined, 1])
  })

  it('assigns contiguous numbers to concurrent writers, each exactly once', async () => {
    const pk = unique()
    const writers = slow ? 6 : 40
    await tables().mail.write({ put: { pk, sk: 'counter', next: 1 } })
    const uids = await Promise.all(
      Array.from({ length: writers }, (_, writer) => assignNumber(tables().mail, pk, writer)),
    )
    const expected = Array.from({ length: writers }, (_, n) => n + 1)
    expect(uids.sort((a, b) => a - b)).toEqual(expected)
    const messages = await tables().mail.query({ pk, sk: { prefix: 'm' }, consistent: true })
    expect(messages.items.map((item) => item.uid)).toEqual(expected)
  })

  it('never shows a snapshot that a transaction is half applied in', async () => {
    const pk = unique()
    const keys = ['a', 'b', 'c'].map((sk) => ({ pk, sk }))
    const rounds = slow ? 15 : 150
    const write = async () => {
      for (let n = 1; n <= rounds; n += 1) {
        await retried(() => tables().mail.transact(keys.map((key) => ({ put: { ...key, n } }))))
      }
    }
    let writing = true
    const written = write().finally(() => {
      writing = false
    })
    while (writing) {
      const items = await retried(() => tables().mail.transactGet(keys))
      expect(new Set(items.map((item: Item | undefined) => item?.n)).size).toBe(1)
      // A driver may answer reads at once, without a turn of the event loop in which the writer goes on.
      await setImmediate()
    }
    await written
  })
}

const ATTEMPTS_MAX = 1_000

/** Conflict means: nothing happened, try again. */
async function retried<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof Conflict) || attempts === ATTEMPTS_MAX) throw error
    }
  }
}

/** How a UID is assigned: the counter's old value is the condition, counter and message are one transaction. */
async function assignNumber(table: Table, pk: string, writer: number): Promise<number> {
  for (let attempts = 1; attempts <= ATTEMPTS_MAX; attempts += 1) {
    const counter = await table.get({ pk, sk: 'counter' }, { consistent: true })
    const uid = Number(counter?.next)
    try {
      await table.transact([
        {
          update: { pk, sk: 'counter' },
          changes: { set: { next: uid + 1 } },
          if: { attribute: 'next', is: '=', value: uid },
        },
        {
          put: { pk, sk: `m${String(uid).padStart(4, '0')}`, uid, writer },
          if: { absent: 'pk' },
        },
      ])
      return uid
    } catch (error) {
      if (error instanceof Error && ['ConditionFailed', 'Conflict'].includes(error.name)) continue
      throw error
    }
  }
  throw new Error('never won')
}
