import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AccountId, BlobId } from '#shared/contracts/mailbox.ts'
import { blobKey } from '#shared/mailbox/keys.ts'
import type { Appended } from '#shared/mailbox/port.ts'
import { createReservations, type Reservations } from '#shared/mailbox/reservations.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { Contended } from '#shared/storage/retry-on-conflict.ts'
import { blob } from '#test/support/blob.ts'
import { message, openTestMailbox, type TestMailbox } from '#test/support/mailbox.ts'
import { skippingClock } from '#test/support/skipping-clock.ts'

const accounts = ['acc1', 'acc2', 'acc3'] as AccountId[]
const id = 'B1'

describe('reserved references', () => {
  let test: TestMailbox
  let reservations: Reservations

  beforeEach(async () => {
    test = await openTestMailbox()
    reservations = createReservations({ table: test.store.tables.mail, clock: systemClock })
  })
  afterEach(() => test[Symbol.asyncDispose]())

  const item = () => test.store.tables.mail.get(blobKey(id as BlobId), { consistent: true })
  const refs = async () => (await item())?.refs
  const reserve = (...recipients: string[]) => reservations.reserve(blob(id), recipients)
  const settle = (reserved: number, unused: number) =>
    reservations.settle(id as BlobId, reserved, unused)

  async function deliver(account: number, recipient: string, reserved: boolean): Promise<Appended> {
    const inbox = await test.mailbox.inbox(accounts[account] as AccountId)
    return test.mailbox.append(inbox, { ...message(id), once: true, recipient, reserved })
  }

  it('are reserved once for the same recipients, whatever their order', async () => {
    expect(await reserve('a', 'b')).toBe(2)
    expect(await reserve('b', 'a')).toBe(2)
    expect(await Promise.all([reserve('a', 'b'), reserve('a', 'b')])).toEqual([2, 2])
    expect(await refs()).toBe(2)
  })

  it('are not given back once a second worker came to reserve: it may use what the first one did not', async () => {
    await reserve('a', 'b')
    await reserve('a', 'b')
    await settle(2, 1)
    expect(await refs()).toBe(2)
    expect(await reservations.isOpen(id as BlobId)).toBe(true)
  })

  it('are reserved in full for other recipients, and then none is given back', async () => {
    await reserve('a', 'b')
    expect(await reserve('a', 'c')).toBe(4)
    expect(await reserve('a', 'c')).toBe(4)
    await settle(2, 1)
    await settle(4, 1)
    expect(await refs()).toBe(4)
  })

  it('are no further ones where the object of the blob is being collected', async () => {
    await reserve('a', 'b')
    const { mail } = test.store.tables
    await mail.write({ update: blobKey(id as BlobId), changes: { set: { collected: true } } })
    const before = await item()
    const { clock } = skippingClock()
    const late = createReservations({ table: mail, clock })
    await expect(late.reserve(blob(id), ['a', 'c'])).rejects.toThrow(Contended)
    expect(await item()).toEqual(before)
  })

  it('are used without a write to the blob', async () => {
    await reserve('a', 'b')
    const before = await item()
    expect(await deliver(0, 'a', true)).toMatchObject({ kind: 'appended' })
    expect(await deliver(1, 'b', true)).toMatchObject({ kind: 'appended' })
    expect(await item()).toEqual(before)
  })

  it('a repeated delivery says whose the first one was', async () => {
    await reserve('a', 'a+x')
    await deliver(0, 'a', true)
    expect(await deliver(0, 'a', true)).toEqual({ kind: 'duplicate', recipient: 'a' })
    expect(await deliver(0, 'a+x', true)).toEqual({ kind: 'duplicate', recipient: 'a' })
  })

  it('are given back once', async () => {
    await reserve('a', 'b', 'c')
    await deliver(0, 'a', true)
    await settle(3, 2)
    await settle(3, 2)
    expect(await refs()).toBe(1)
    expect(await reservations.isOpen(id as BlobId)).toBe(false)
    expect(await item()).not.toHaveProperty('deadPk')
  })

  it('a blob nobody used is dead when they are given back', async () => {
    await reserve('a', 'b')
    await settle(2, 2)
    expect(await item()).toMatchObject({ refs: 0, deadPk: 'DEAD' })
  })

  it('a delivery after that refers by itself, and still only once', async () => {
    await reserve('a', 'b')
    await deliver(0, 'a', true)
    await settle(2, 1)
    expect(await reserve('a', 'b')).toBeUndefined()
    expect(await deliver(0, 'a', false)).toEqual({ kind: 'duplicate', recipient: 'a' })
    expect(await deliver(1, 'b', false)).toMatchObject({ kind: 'appended' })
    expect(await deliver(1, 'b', false)).toEqual({ kind: 'duplicate', recipient: 'b' })
    expect(await refs()).toBe(2)
    expect(await item()).not.toHaveProperty('deadPk')
  })

  it('a worker that knows one recipient and one that knows several do not deliver twice', async () => {
    await deliver(0, 'a', false)
    // The blob is in a folder already: everybody refers by himself.
    expect(await reserve('a', 'b')).toBeUndefined()
    expect(await deliver(0, 'a', false)).toMatchObject({ kind: 'duplicate' })
    expect(await deliver(1, 'b', false)).toMatchObject({ kind: 'appended' })
    expect(await refs()).toBe(2)
  })

  it('what was stored before there were reservations is delivered as it was', async () => {
    const inbox = await test.mailbox.inbox(accounts[0] as AccountId)
    await test.store.tables.mail.write({
      put: {
        ...blobKey(id as BlobId),
        key: `mail/${id}`,
        offset: 0,
        length: 100,
        prepend: '',
        index: new Uint8Array([1]),
        header: 100,
        refs: 1,
        into: new Set([inbox.id]),
      },
    })
    expect(await reserve('a', 'b')).toBeUndefined()
    expect(await deliver(0, 'a', false)).toMatchObject({ kind: 'duplicate' })
    expect(await deliver(1, 'b', false)).toMatchObject({ kind: 'appended' })
    expect(await refs()).toBe(2)
  })

  it('many that refer by themselves to settled blobs share transactions that hold them', async () => {
    const ids = Array.from({ length: 60 }, (_, i) => `many${i}`)
    for (const each of ids) {
      await reservations.reserve(blob(each), ['a', 'b'])
      await reservations.settle(each as BlobId, 2, 2)
    }
    const inbox = await test.mailbox.inbox(accounts[0] as AccountId)
    const results = await Promise.all(
      ids.map((each) =>
        test.mailbox.append(inbox, { ...message(each), once: true, recipient: 'a' }),
      ),
    )
    expect(results.every(({ kind }) => kind === 'appended')).toBe(true)
    expect((await test.mailbox.inbox(accounts[0] as AccountId)).exists).toBe(ids.length)
  })
})
