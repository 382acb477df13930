import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { accountTopic } from '#shared/mailbox/keys.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import { allRights, userGrantee } from '#shared/mailbox/rights.ts'
import { createWatches } from '#shared/mailbox/watches.ts'
import {
  account,
  fill,
  makeFolder,
  openTestMailbox,
  type TestMailbox,
  uids,
} from '#test/support/mailbox.ts'

describe('who watches', () => {
  let test: TestMailbox
  let mailbox: Mailbox
  const told: string[] = []

  beforeEach(async () => {
    test = await openTestMailbox()
    mailbox = test.mailbox
    told.length = 0
  })
  afterEach(() => test[Symbol.asyncDispose]())

  const accountChanges = () => mailbox.watchAccount(account, (change) => told.push(change))

  it('an account is told of its folders, subscriptions and annotations', async () => {
    await mailbox.inbox(account)
    await accountChanges()
    const folder = await makeFolder(mailbox, 'A')
    await vi.waitFor(() => expect(new Set(told)).toEqual(new Set(['folders'])))
    await mailbox.subscriptions.subscribe(account, 'A')
    await vi.waitFor(() => expect(told).toContain('subscriptions'))
    await mailbox.annotations.set(folder, [{ entry: '/private/comment', value: Buffer.from('x') }])
    await vi.waitFor(() => expect(told).toContain('metadata'))
  })

  it('an account is told nothing of messages, nor of other accounts', async () => {
    const inbox = await mailbox.inbox(account)
    await mailbox.inbox('acc2' as AccountId)
    await accountChanges()
    await fill(mailbox, inbox, 'a')
    await mailbox.folders.create('acc2' as AccountId, 'B')
    // What is published later comes later.
    await mailbox.subscriptions.subscribe(account, 'A')
    await vi.waitFor(() => expect(told).toEqual(['subscriptions']))
  })

  it('looks at the folders where another version says what this one does not know', async () => {
    const { signals } = test.store
    await createWatches(signals).watchAccount(account, (change) => told.push(change))
    signals.publish(accountTopic(account), 'filters')
    signals.publish(accountTopic(account), '')
    await vi.waitFor(() => expect(told).toEqual(['folders', 'folders']))
  })

  it('a folder is told of each change of its messages, and of its rights', async () => {
    const inbox = await mailbox.inbox(account)
    let times = 0
    await mailbox.watchFolder(inbox, () => times++)
    await fill(mailbox, inbox, 'a')
    await vi.waitFor(() => expect(times).toBe(1))
    await mailbox.storeFlags(inbox, uids(1), { mode: 'add', flags: ['\\Seen'] })
    await vi.waitFor(() => expect(times).toBe(2))
    await mailbox.access.change(inbox, userGrantee('acc2' as AccountId), () => allRights)
    await vi.waitFor(() => expect(times).toBe(3))
  })

  it('nothing any more is told nothing', async () => {
    const inbox = await mailbox.inbox(account)
    let times = 0
    const watch = await mailbox.watchFolder(inbox, () => times++)
    await watch.close()
    const other = await mailbox.watchFolder(inbox, () => told.push('other'))
    await fill(mailbox, inbox, 'a')
    await vi.waitFor(() => expect(told).toEqual(['other']))
    await other.close()
    expect(times).toBe(0)
  })
})
