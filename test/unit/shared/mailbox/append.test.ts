import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BlobId } from '#shared/contracts/mailbox.ts'
import { TOGETHER_BYTES_MAX } from '#shared/mailbox/append.ts'
import { blobKey } from '#shared/mailbox/keys.ts'
import type { Mailbox, NewMessage } from '#shared/mailbox/port.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { createReservations } from '#shared/mailbox/reservations.ts'
import { Contended } from '#shared/storage/retry-on-conflict.ts'
import { blob } from '#test/support/blob.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import {
  account,
  blobIds,
  contents,
  mailboxOn,
  message,
  openTestMailbox,
  type TestMailbox,
  uids,
} from '#test/support/mailbox.ts'
import { skippingClock } from '#test/support/skipping-clock.ts'

const unlimited = { bytes: 0, messages: 0, appendBytesPerDay: 0 }

describe('messages that come together', () => {
  const { clock } = skippingClock()
  let test: TestMailbox
  let mailbox: Mailbox
  let inbox: FolderRecord

  beforeEach(async () => {
    test = await openTestMailbox(clock)
    mailbox = test.mailbox
    inbox = await mailbox.inbox(account)
  })
  afterEach(() => test[Symbol.asyncDispose]())

  /** So large that no two of them share a transaction. */
  function large(id: string): NewMessage {
    const index = new Uint8Array(TOGETHER_BYTES_MAX / 8 - 100)
    return { ...message(id), blob: { ...blob(id), index } }
  }

  describe('in several transactions, of which the first is carried out', () => {
    const ids = Array.from({ length: 12 }, (_, n) => `m${n}`)
    const append = (on: Mailbox) => Promise.allSettled(ids.map((id) => on.append(inbox, large(id))))

    /** A mailbox whose transactions from `first` up to `last` meet another writer. */
    function contended(first: number, last: number): Mailbox {
      let transactions = 0
      const plan = ({ operation }: { readonly operation: string }) =>
        operation === 'transact' && ++transactions >= first && transactions <= last
          ? 'conflict'
          : undefined
      return mailboxOn(withFaults(test.store, { plan }), clock)
    }

    it('are there once when another writer is in the way of the second', async () => {
      const results = await append(contended(2, 3))
      expect(results.map(({ status }) => status)).toEqual(ids.map(() => 'fulfilled'))
      expect(await contents(mailbox, inbox)).toEqual(ids.map((id, n) => `${n + 1} ${id}`))
    })

    it('are told of when the second never gets through', async () => {
      const results = await append(contended(2, Number.POSITIVE_INFINITY))
      const there = await contents(mailbox, inbox)
      expect(there.length).toBeGreaterThan(0)
      expect(there.length).toBeLessThan(ids.length)
      for (const [n, result] of results.entries()) {
        if (n < there.length) {
          expect(result).toMatchObject({ value: { kind: 'appended', uid: n + 1 } })
        } else expect(result).toMatchObject({ reason: expect.any(Contended) })
      }
    })
  })

  it('are told their own uid, also behind one that is there already', async () => {
    const once = (id: string) => ({ ...message(id), once: true })
    await mailbox.append(inbox, once('a'))
    const results = await Promise.all(['b', 'a', 'c'].map((id) => mailbox.append(inbox, once(id))))
    expect(results).toMatchObject([{ uid: 2 }, { kind: 'duplicate' }, { uid: 3 }])
    expect(await contents(mailbox, inbox)).toEqual(['1 a', '2 b', '3 c'])
  })

  it('do not refer to a blob whose object is being collected', async () => {
    await mailbox.append(inbox, message('a'))
    await mailbox.expunge(inbox, uids(1))
    const { mail } = test.store.tables
    const [gone] = blobIds('a')
    if (gone === undefined) throw new Error('no id')
    await mail.write({ update: blobKey(gone), changes: { set: { collected: true } } })
    const item = await mail.get(blobKey(gone))
    const reservations = createReservations({ table: mail, clock })
    for (const once of [false, true]) {
      const appended = await mailbox.append(inbox, { ...message('a'), once })
      expect(appended.kind).toBe('duplicate')
    }
    await expect(mailbox.appendTogether(inbox, [message('a')])).rejects.toThrow(Contended)
    expect(await reservations.reserve(blob('a'), ['ann', 'bob'])).toBeUndefined()
    expect(await mail.get(blobKey(gone))).toEqual(item)
    expect(await contents(mailbox, inbox)).toEqual([])
    // Nor does a copy, should a message still refer to it.
    await mailbox.append(inbox, message('b'))
    const [still] = blobIds('b')
    if (still === undefined) throw new Error('no id')
    await mail.write({ update: blobKey(still), changes: { set: { collected: true } } })
    await expect(mailbox.copy(inbox, uids(2), inbox)).rejects.toThrow(Contended)
  })

  describe('with a quota', () => {
    const once = (id: string): NewMessage => ({ ...message(id), once: true, recipient: 'ann' })
    const kinds = async (messages: readonly NewMessage[], bytes: number) => {
      const appending = messages.map((one) => mailbox.append(inbox, one, { ...unlimited, bytes }))
      return (await Promise.all(appending)).map(({ kind }) => kind)
    }

    it('are let in where the room was kept for one that is there already', async () => {
      await mailbox.append(inbox, once('a'))
      expect(await kinds([once('a'), once('b')], 200)).toEqual(['duplicate', 'appended'])
    })

    it('are not refused when they are there already and have filled it', async () => {
      await mailbox.append(inbox, once('a'))
      expect(await kinds([once('a')], 100)).toEqual(['duplicate'])
    })

    it('nor with a reserved reference', async () => {
      const reservations = createReservations({ table: test.store.tables.mail, clock })
      await reservations.reserve(blob('a'), ['ann', 'bob'])
      const reserved = { ...once('a'), reserved: true }
      await mailbox.append(inbox, reserved)
      expect(await mailbox.append(inbox, reserved, { ...unlimited, bytes: 100 })).toEqual({
        kind: 'duplicate',
        recipient: 'ann',
      })
      await reservations.settle('a' as BlobId, 2, 1)
      expect(await kinds([once('a')], 100)).toEqual(['duplicate'])
    })
  })
})
