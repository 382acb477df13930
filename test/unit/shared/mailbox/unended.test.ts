import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { messageItem, messageRecord } from '#shared/mailbox/records.ts'
import {
  account,
  makeFolder,
  message,
  openTestMailbox,
  type TestMailbox,
  uids,
} from '#test/support/mailbox.ts'
import { storedMessage } from '#test/support/stored-message.ts'

describe('that a message ends no line', () => {
  let resources: TestMailbox
  beforeEach(async () => {
    resources = await openTestMailbox()
  })
  afterEach(() => resources[Symbol.asyncDispose]())

  it('is known of it wherever it goes, and when its flags change', async () => {
    const { mailbox } = resources
    const inbox = await mailbox.inbox(account)
    const other = await makeFolder(mailbox, 'other')
    await mailbox.append(inbox, message('a', { unended: true }))
    await mailbox.append(inbox, message('b'))
    await mailbox.appendTogether(inbox, [message('c', { unended: true }), message('d')])
    await mailbox.storeFlags(inbox, uids(1, 2), { mode: 'add', flags: ['\\Seen'] })
    await mailbox.copy(inbox, uids(1, 2), other)
    await mailbox.move(inbox, uids(3), other)
    const ended = async (folder: typeof inbox) =>
      (await mailbox.snapshot(folder)).messages.map(({ unended }) => unended)
    expect(await ended(inbox)).toEqual([true, false, false])
    expect(await ended(other)).toEqual([true, false, true])
  })

  it('costs the items of others nothing, and is not known of those of older versions', () => {
    const { record } = storedMessage('Subject: x\r\n\r\ntext\r\n')
    const folderId = 'f' as Parameters<typeof messageItem>[0]
    const item = messageItem(folderId, record)
    expect(Object.keys(item).sort()).toEqual(['b', 'd', 'f', 'm', 'pk', 's', 'sk', 'v'])
    expect(messageRecord(item)).toEqual(record)
    const unended = { ...record, unended: true }
    expect(messageItem(folderId, unended)).toEqual({ ...item, u: true })
    expect(messageRecord({ ...item, u: true })).toEqual(unended)
  })
})
