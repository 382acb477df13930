import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FolderId, FolderRef } from '#shared/contracts/mailbox.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { CONTENDED_AFTER_MS } from '#shared/mailbox/retry.ts'
import { createWriters, WRITERS_WAITING_MAX } from '#shared/mailbox/writers.ts'
import { Conflict } from '#shared/storage/ports.ts'
import { Contended } from '#shared/storage/retry-on-conflict.ts'
import type { StorageCall } from '#test/support/faults/plan.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import {
  account,
  contents,
  mailboxOn,
  makeFolder,
  message,
  openTestMailbox,
  type TestMailbox,
  uids,
} from '#test/support/mailbox.ts'
import { skippingClock } from '#test/support/skipping-clock.ts'

const folder = (id: string): FolderRef => ({ accountId: account, id: id as FolderId })

describe('writers', () => {
  const { clock } = skippingClock()
  const writers = () => createWriters({ clock })

  it('of a folder take turns, first come, first served', async () => {
    const { change } = writers()
    const log: string[] = []
    const write = (name: string) =>
      change([folder('f')], async () => {
        log.push(`${name} begins`)
        await Promise.resolve()
        log.push(`${name} ends`)
      })
    await Promise.all(['a', 'b', 'c'].map(write))
    expect(log).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]))
  })

  it('of many transactions let others in between', async () => {
    const { change } = writers()
    const log: string[] = []
    const write = async (name: string) => {
      for (let n = 0; n < 3; n++) await change([folder('f')], async () => void log.push(name))
    }
    await Promise.all([write('a'), write('b')])
    expect(log.join('')).toBe('ababab')
  })

  it('of different folders do not wait for each other', async () => {
    const { change } = writers()
    const { promise, resolve } = Promise.withResolvers<void>()
    const slow = change([folder('f')], () => promise)
    await change([folder('g')], async () => undefined)
    resolve()
    await slow
  })

  it('of two folders wait for both, in whatever order they are named', async () => {
    const { change } = writers()
    let running = 0
    const step = async () => {
      expect(++running).toBe(1)
      await Promise.resolve()
      running--
    }
    const [f, g] = [folder('f'), folder('g')]
    await Promise.all([[f, g], [g, f], [f], [g, g]].map((folders) => change(folders, step)))
  })

  it('go on when one fails', async () => {
    const { change } = writers()
    const failed = change([folder('f')], async () => {
      throw new Error('a bug')
    })
    const after = change([folder('f')], async () => 'done')
    await expect(failed).rejects.toThrow('a bug')
    expect(await after).toBe('done')
  })

  it('beyond the limit are refused at once, and taken again when there is room', async () => {
    const { change } = writers()
    const { promise, resolve } = Promise.withResolvers<void>()
    const taken = Array.from({ length: WRITERS_WAITING_MAX }, () =>
      change([folder('f')], () => promise),
    )
    await expect(change([folder('f')], async () => undefined)).rejects.toThrow(Contended)
    resolve()
    await Promise.all(taken)
    expect(await change([folder('f')], async () => 'done')).toBe('done')
  })

  it('hold others up for no longer than they may try', async () => {
    const manual = skippingClock()
    const { change } = createWriters(manual)
    const startMs = manual.clock.now()
    const contended = change([folder('f')], async () => {
      throw new Conflict('another process')
    })
    const after = change([folder('f')], async () => manual.clock.now() - startMs)
    await expect(contended).rejects.toThrow(Contended)
    expect(await after).toBeGreaterThanOrEqual(CONTENDED_AFTER_MS)
    expect(await after).toBeLessThan(CONTENDED_AFTER_MS + 1_000)
  })
})

describe('ten writers of one folder', () => {
  let test: TestMailbox
  let inbox: FolderRecord
  let transactions: number

  beforeEach(async () => {
    const { clock } = skippingClock()
    test = await openTestMailbox(clock)
    transactions = 0
    inbox = await test.mailbox.inbox(account)
  })
  afterEach(() => test[Symbol.asyncDispose]())

  /** Counts transactions; those that `fails` names meet a writer of another process. */
  function mailbox(fails: (transaction: number) => boolean = () => false) {
    const plan = ({ name, operation }: StorageCall) =>
      name === 'mail' && operation === 'transact' && fails(++transactions) ? 'conflict' : undefined
    return mailboxOn(withFaults(test.store, { plan }), skippingClock().clock)
  }

  it('each get through at the first attempt', async () => {
    const ours = mailbox()
    const other = await makeFolder(test.mailbox, 'other')
    for (let n = 0; n < 10; n++) await test.mailbox.append(inbox, message(`old${n}`))
    const before = transactions
    await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        const id = uids(n + 1)
        await ours.appendTogether(inbox, [message(`a${n}`), message(`b${n}`)])
        await ours.storeFlags(inbox, id, { mode: 'add', flags: ['\\Seen'] })
        await ours.copy(inbox, id, other)
        await ours.move(inbox, id, other)
      }),
    )
    // Nothing was written in vain.
    expect(transactions - before).toBe(40)
    expect(await contents(test.mailbox, inbox)).toHaveLength(20)
    expect(await contents(test.mailbox, other)).toHaveLength(20)
  })

  it('that append one message each share transactions and stay in the order they came', async () => {
    const ours = mailbox()
    const names = Array.from({ length: 10 }, (_, n) => `m${n}`)
    await Promise.all(names.map((name) => ours.append(inbox, message(name))))
    expect(transactions).toBe(1)
    expect(await contents(test.mailbox, inbox)).toEqual(names.map((name, n) => `${n + 1} ${name}`))
  })

  it('get through beside a process that wins nineteen times of twenty', async () => {
    const ours = mailbox((n) => n % 20 !== 0)
    const names = Array.from({ length: 10 }, (_, n) => `m${n}`)
    await Promise.all(names.map((name) => ours.appendTogether(inbox, [message(name)])))
    expect(transactions).toBe(200)
    expect(await contents(test.mailbox, inbox)).toEqual(names.map((name, n) => `${n + 1} ${name}`))
  })
})
