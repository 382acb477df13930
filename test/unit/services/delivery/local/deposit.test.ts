// Messages that were made for a recipient come into a folder once, although each attempt stores them anew.

import { afterEach, beforeEach, expect, it } from 'vitest'
import { createDeposit, oneChunk } from '#services/delivery/local/deposit.ts'
import type { Letter } from '#services/delivery/local/letter.ts'
import { blob } from '#test/support/blob.ts'
import { account, makeFolder, openTestMailbox, type TestMailbox } from '#test/support/mailbox.ts'
import { manualClock } from '#test/support/pipeline.ts'
import { aQueuedMessage } from '#test/support/queued-message.ts'

const letter = (id: string, bytes = 0): Letter => ({
  message: aQueuedMessage(),
  account,
  blob: blob(id),
  recipient: {
    address: 'ann@example.test',
    accountId: account,
    extension: null,
    original: 'ann@example.test',
    notify: [],
    originalRecipient: null,
  },
  reserved: true,
  quota: { bytes, messages: 0 },
})

const clock = manualClock()
let opened: TestMailbox
beforeEach(async () => {
  opened = await openTestMailbox(clock)
})
afterEach(() => opened[Symbol.asyncDispose]())

const put = async (of: Letter, name: string, path = 'INBOX') => {
  const { mailbox } = opened
  const folder = path === 'INBOX' ? await mailbox.inbox(account) : await makeFolder(mailbox, path)
  const source = oneChunk(Buffer.from('Subject: made\r\n\r\nx\r\n'))
  return await createDeposit({ mailbox, clock }).bytes(folder, of, { name, source })
}
const count = async () => {
  const folder = await opened.mailbox.inbox(account)
  return (await opened.mailbox.snapshot(folder)).messages.length
}

it('is there once by its name, and takes no reserved reference', async () => {
  expect(await put(letter('b1'), 'copy 0')).toMatchObject({
    actions: [{ reply: 'uid 1 in INBOX' }],
    usedReserved: false,
  })
  expect(await put(letter('b1'), 'copy 0')).toMatchObject({
    actions: [{ reply: 'already in INBOX' }],
    usedReserved: false,
  })
  expect(await count()).toBe(1)
})

it('is another one by another name, or of another message', async () => {
  await put(letter('b1'), 'copy 0')
  await put(letter('b1'), 'copy 1')
  await put(letter('b2'), 'copy 0')
  expect(await count()).toBe(3)
})

it('is there once where two come at the same time', async () => {
  await Promise.all([put(letter('b1'), 'copy 0'), put(letter('b1'), 'copy 0')])
  expect(await count()).toBe(1)
})

it('waits while the mailbox is full, and is no reason to wait when it is there', async () => {
  expect((await put(letter('b1', 5), 'copy 0')).actions).toMatchObject([{ status: '4.2.2' }])
  await put(letter('b1'), 'copy 0')
  expect((await put(letter('b1', 5), 'copy 0')).actions).toMatchObject([{ kind: 'delivered' }])
})
