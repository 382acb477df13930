import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AccountId, Uid } from '#shared/contracts/mailbox.ts'
import { deadSk } from '#shared/mailbox/blob-references.ts'
import { flagSet, noFlags } from '#shared/mailbox/flags.ts'
import { blobKey } from '#shared/mailbox/keys.ts'
import { createMailbox } from '#shared/mailbox/mailbox.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import type { Store } from '#shared/storage/ports.ts'
import { blob } from '#test/support/blob.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const account = 'acc1' as AccountId

describe('mailbox', () => {
  let resources: AsyncDisposableStack
  let store: Store
  let mailbox: Mailbox

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    const folder = resources.use(await temporaryFolder())
    store = resources.use(await openEmbeddedStore({ directory: folder.path }))
    const { objects, signals } = store
    mailbox = createMailbox({ table: store.tables.mail, objects, signals, clock: systemClock })
  })
  afterEach(() => resources.disposeAsync())

  const message = (id: string, length = 100) => ({
    blob: blob(id, length),
    flags: noFlags,
    internalDateMs: 1_000,
    prepend: '',
    once: true,
  })

  it('puts messages that come together into as many transactions as their indexes need', async () => {
    const folder = await mailbox.inbox(account)
    const large = (n: number) => ({ ...blob(`b${n}`), index: new Uint8Array(150_000) })
    const appended = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        mailbox.append(folder, { ...message(''), blob: large(n), once: n % 2 === 0 }),
      ),
    )
    expect(appended.map(({ kind }) => kind)).toEqual(appended.map(() => 'appended'))
    const { messages } = await mailbox.snapshot(folder)
    expect(messages.map(({ blobId }) => blobId)).toEqual(appended.map((_, n) => `b${n}`))
  })

  it('makes the default folders at the first use, once, with rising UIDVALIDITY', async () => {
    const [first, second] = await Promise.all([
      mailbox.folders.list(account),
      mailbox.folders.list(account),
    ])
    expect(first.map((folder) => folder.name).sort()).toEqual([
      'Archive',
      'Drafts',
      'INBOX',
      'Junk',
      'Sent',
      'Trash',
    ])
    expect(second).toEqual(first)
    expect(new Set(first.map((folder) => folder.uidValidity)).size).toBe(6)
  })

  it('gives contiguous uids and counts what it holds', async () => {
    const inbox = await mailbox.inbox(account)
    const results = await Promise.all(
      Array.from({ length: 120 }, (_, i) => mailbox.append(inbox, message(`b${i}`, 10 + i))),
    )
    const uids = results.map((result) => (result.kind === 'appended' ? result.uid : 0))
    expect(uids.sort((a, b) => a - b)).toEqual(Array.from({ length: 120 }, (_, i) => i + 1))
    const after = await mailbox.inbox(account)
    expect(after).toMatchObject({ exists: 120, unseen: 120, deleted: 0, uidNext: 121 })
    expect(after.bytes).toBe(results.reduce((sum, _, i) => sum + 10 + i, 0))
    const { messages } = await mailbox.snapshot(inbox)
    expect(messages.map((found) => found.uid)).toEqual(uids)
  })

  it('puts the same queued message into a folder once, however often it is asked', async () => {
    const inbox = await mailbox.inbox(account)
    const results = await Promise.all(
      Array.from({ length: 10 }, () => mailbox.append(inbox, message('same'))),
    )
    expect(results.filter((result) => result.kind === 'appended')).toHaveLength(1)
    expect(results.filter((result) => result.kind === 'duplicate')).toHaveLength(9)
    expect((await mailbox.append(inbox, message('same'))).kind).toBe('duplicate')
    expect((await mailbox.inbox(account)).exists).toBe(1)
  })

  it('changes flags and counters together', async () => {
    const inbox = await mailbox.inbox(account)
    await Promise.all(['a', 'b', 'c'].map((id) => mailbox.append(inbox, message(id))))
    const uids = [1, 2, 9] as Uid[]
    const stored = await mailbox.storeFlags(inbox, uids, {
      mode: 'add',
      flags: ['\\seen', '\\Deleted', 'Later'],
    })
    if (stored.kind !== 'stored') throw new Error(stored.kind)
    expect(stored.messages.map((record) => record.uid)).toEqual([1, 2])
    expect(stored.messages[0]?.flags).toEqual(flagSet(['\\Seen', '\\Deleted', 'Later']))
    expect(await mailbox.inbox(account)).toMatchObject({ exists: 3, unseen: 1, deleted: 2 })
    await mailbox.storeFlags(inbox, uids, { mode: 'remove', flags: ['\\Deleted', 'LATER'] })
    const { messages } = await mailbox.snapshot(inbox)
    expect(messages[0]?.flags).toEqual(['\\Seen'])
    expect(await mailbox.inbox(account)).toMatchObject({ unseen: 1, deleted: 0 })
  })

  it('marks a blob dead with the removal of its last message, and only then', async () => {
    const [inbox, archive] = (await mailbox.folders.list(account)).filter((folder) =>
      ['INBOX', 'Archive'].includes(folder.name),
    )
    if (!inbox || !archive) throw new Error('no folders')
    await mailbox.append(inbox, message('x'))
    await mailbox.append(archive, message('x'))
    expect(await mailbox.expunge(inbox, [1, 2] as Uid[])).toEqual([1])
    const key = blobKey(blob('x').id)
    expect(await store.tables.mail.get(key)).not.toHaveProperty('deadPk')
    await mailbox.expunge(archive, [1] as Uid[])
    const item = await store.tables.mail.get(key, { consistent: true })
    expect(item).toMatchObject({ refs: 0, deadPk: 'DEAD' })
    expect(String(item?.deadSk) > deadSk(1, blob('x').id)).toBe(true)
    expect((await mailbox.inbox(account)).exists).toBe(0)
  })

  it('gives a folder made again a larger UIDVALIDITY', async () => {
    const first = await mailbox.folders.create(account, 'Work')
    if (first.kind !== 'created') throw new Error(first.kind)
    expect((await mailbox.folders.create(account, 'Work')).kind).toBe('exists')
    expect(await mailbox.folders.remove(first.folder)).toEqual({ kind: 'removed' })
    const second = await mailbox.folders.create(account, 'Work')
    if (second.kind !== 'created') throw new Error(second.kind)
    expect(second.folder.uidValidity).toBeGreaterThan(first.folder.uidValidity)
  })

  it('empties an account: no message, no folder but INBOX, and every blob dead', async () => {
    const inbox = await mailbox.inbox(account)
    await Promise.all(Array.from({ length: 60 }, (_, i) => mailbox.append(inbox, message(`e${i}`))))
    expect(await mailbox.empty(account)).toBe(60)
    expect((await mailbox.folders.list(account)).map((folder) => folder.name)).toEqual(['INBOX'])
    const dead = await store.tables.mail.queryIndex('dead', { pk: 'DEAD', limit: 100 })
    expect(dead.items).toHaveLength(60)
  })
})
