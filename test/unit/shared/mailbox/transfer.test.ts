import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Folder, Uid } from '#shared/contracts/mailbox.ts'
import { decodeIndex } from '#shared/mail/index-codec.ts'
import { APPEND_TOGETHER_MAX } from '#shared/mailbox/append-together.ts'
import { KEYWORDS_PER_FOLDER_MAX } from '#shared/mailbox/flags.ts'
import { blobKey } from '#shared/mailbox/keys.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { createMessageOpener } from '#shared/message/message-opener.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { FaultPlan } from '#test/support/faults/plan.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import {
  account,
  blobIds,
  contents,
  fill,
  mailboxOn,
  makeFolder,
  message,
  openTestMailbox,
  type TestMailbox,
  uids,
  withFlags,
} from '#test/support/mailbox.ts'
import { checkAccount } from '#test/support/mailbox-truth.ts'

describe('messages between folders', () => {
  let test: TestMailbox
  let mailbox: Mailbox
  let inbox: Folder
  let work: FolderRecord

  beforeEach(async () => {
    test = await openTestMailbox()
    mailbox = test.mailbox
    inbox = await mailbox.inbox(account)
    work = await makeFolder(mailbox, 'Work')
  })
  afterEach(() => test[Symbol.asyncDispose]())

  const folder = async ({ id }: { readonly id: Folder['id'] }) => {
    const found = await mailbox.folders.get(account, id)
    if (found === undefined) throw new Error('no folder')
    return found
  }
  const refs = async (id: string) => {
    const [blobId] = blobIds(id)
    if (blobId === undefined) throw new Error('no id')
    const item = await test.store.tables.mail.get(blobKey(blobId), { consistent: true })
    return { refs: item?.refs, dead: item?.deadPk === 'DEAD' }
  }
  /** The n-th transaction from now on fails. */
  const failingTransaction = (n: number): Mailbox => {
    let transactions = 0
    const plan: FaultPlan = ({ operation }) =>
      operation === 'transact' && ++transactions === n ? 'throttled' : undefined
    return mailboxOn(withFaults(test.store, { plan }))
  }
  const many = (n: number) => Array.from({ length: n }, (_, i) => `m${i}`)
  const first = (n: number) => uids(...Array.from({ length: n }, (_, i) => i + 1))

  describe('copy', () => {
    it('gives new uids in order, keeps flags and dates, and refers to the same blobs', async () => {
      await mailbox.append(inbox, withFlags('a', '\\Seen', 'Later'))
      await fill(mailbox, inbox, 'b', 'c')
      await fill(mailbox, work, 'z')
      const copied = await mailbox.copy(inbox, uids(1, 3, 9), work)
      expect(copied).toEqual({
        kind: 'copied',
        uidValidity: work.uidValidity,
        from: [1, 3],
        to: [2, 3],
      })
      const { messages } = await mailbox.snapshot(work)
      expect(messages[1]).toMatchObject({
        uid: 2,
        blobId: 'a',
        flags: ['\\Seen', 'Later'],
        internalDateMs: 1_000,
      })
      expect(await refs('a')).toEqual({ refs: 2, dead: false })
      expect(await folder(work)).toMatchObject({ exists: 3, unseen: 2, keywords: ['Later'] })
      expect(await folder(inbox)).toMatchObject({ exists: 3 })
    })

    it('copies more than fit into one transaction, into its own folder too', async () => {
      await fill(mailbox, inbox, ...many(70))
      const copied = await mailbox.copy(inbox, first(70), inbox)
      expect(copied).toMatchObject({ kind: 'copied', from: first(70) })
      expect(await folder(inbox)).toMatchObject({ exists: 140, uidNext: 141 })
      expect(await refs('m69')).toEqual({ refs: 2, dead: false })
    })

    it('leaves nothing behind when a later transaction fails', async () => {
      await fill(mailbox, inbox, ...many(120))
      await expect(failingTransaction(3).copy(inbox, first(120), work)).rejects.toThrow(
        TemporaryFailure,
      )
      expect(await folder(work)).toMatchObject({ exists: 0, bytes: 0 })
      expect(await refs('m0')).toEqual({ refs: 1, dead: false })
    })

    it.each([[uids()], [uids(1)]])('names what is missing: %j', async (some) => {
      await mailbox.folders.remove(work)
      expect(await mailbox.copy(inbox, some, work)).toEqual({ kind: 'no-such-target' })
      expect(await mailbox.move(work, some, inbox)).toEqual({ kind: 'no-such-source' })
    })

    it('leaves nothing behind when its source goes meanwhile', async () => {
      const source = await makeFolder(mailbox, 'Source')
      const ids = many(APPEND_TOGETHER_MAX)
      await mailbox.appendTogether(
        source,
        ids.map((id) => message(id)),
      )
      await mailbox.append(source, message('last'))
      let transactions = 0
      const plan: FaultPlan = ({ operation }) =>
        operation === 'transact' && ++transactions === 2 ? 'conflict' : undefined
      const clock = {
        now: () => Date.now(),
        // Somebody removes it before the second transaction is tried again.
        sleep: async () => void (await mailbox.folders.remove(source)),
      }
      const second = mailboxOn(withFaults(test.store, { plan }), clock)
      const copied = await second.copy(source, first(ids.length + 1), work)
      expect(copied).toEqual({ kind: 'no-such-source' })
      expect(await contents(mailbox, work)).toEqual([])
      const known = { folderIds: [source.id], blobIds: blobIds('last', ...ids) }
      await checkAccount(test.store.tables.mail, account, known)
    })

    it('refers to a blob as often as it is among the messages', async () => {
      await fill(mailbox, inbox, 'a')
      await mailbox.copy(inbox, uids(1), inbox)
      await mailbox.copy(inbox, uids(1, 2), work)
      expect(await refs('a')).toEqual({ refs: 4, dead: false })
    })

    it('leaves out keywords that the target has no room for', async () => {
      const names = Array.from({ length: KEYWORDS_PER_FOLDER_MAX }, (_, i) => `k${i}`)
      for (let i = 0; i < names.length; i += 64) {
        await mailbox.append(work, withFlags(`w${i}`, ...names.slice(i, i + 64)))
      }
      await mailbox.append(inbox, withFlags('a', 'k5', 'another', '\\Flagged'))
      const copied = await mailbox.copy(inbox, uids(1), work)
      expect(copied.kind).toBe('copied')
      const { messages } = await mailbox.snapshot(work)
      expect(messages.at(-1)?.flags).toEqual(['\\Flagged', 'k5'])
    })
  })

  describe('move', () => {
    it('leaves blobs alone and writes both logs in one transaction', async () => {
      await fill(mailbox, inbox, 'a', 'b', 'c')
      const from = await mailbox.openFolder(inbox)
      const to = await mailbox.openFolder(work)
      expect(await mailbox.move(inbox, uids(1, 3), work)).toMatchObject({
        kind: 'moved',
        from: [1, 3],
        to: [1, 2],
      })
      expect(await from?.advance()).toEqual({
        kind: 'advanced',
        expunged: [1, 3],
        changed: [],
        appeared: [],
      })
      expect(await to?.advance()).toMatchObject({ appeared: [1, 2] })
      expect([await refs('a'), await refs('b')]).toEqual(Array(2).fill({ refs: 1, dead: false }))
      expect(await contents(mailbox, work)).toEqual(['1 a', '2 c'])
    })

    it('into the same folder gives new uids', async () => {
      await fill(mailbox, inbox, 'a', 'b')
      const opened = await mailbox.openFolder(inbox)
      expect(await mailbox.move(inbox, uids(1), inbox)).toMatchObject({ from: [1], to: [3] })
      expect(await opened?.advance()).toMatchObject({ expunged: [1], appeared: [3] })
      expect(await contents(mailbox, inbox)).toEqual(['2 b', '3 a'])
    })

    it('says what was moved when it is interrupted', async () => {
      await fill(mailbox, inbox, ...many(100))
      const moved = await failingTransaction(2).move(inbox, first(100), work)
      if (moved.kind !== 'interrupted') throw new Error(moved.kind)
      const there = await folder(work)
      expect(moved.to).toHaveLength(there.exists)
      expect((await folder(inbox)).exists).toBe(100 - there.exists)
      const again = await mailbox.move(inbox, first(100), work)
      expect(again).toMatchObject({ kind: 'moved' })
      expect((await folder(work)).exists).toBe(100)
    })

    it('of one message by two at the same time moves it once', async () => {
      await fill(mailbox, inbox, 'a')
      const archive = await makeFolder(mailbox, 'Old')
      const moves = await Promise.all([
        mailbox.move(inbox, uids(1), work),
        mailboxOn(test.store).move(inbox, uids(1), archive),
      ])
      expect(moves.flatMap((moved) => ('to' in moved ? moved.to : []))).toEqual([1])
      expect((await folder(work)).exists + (await folder(archive)).exists).toBe(1)
      expect(await refs('a')).toEqual({ refs: 1, dead: false })
    })
  })

  describe('several appended together', () => {
    it('are there with one modseq', async () => {
      const given = [withFlags('a', '\\Seen'), message('b'), message('a')]
      const appended = await mailbox.appendTogether(work, given)
      expect(appended).toEqual({
        kind: 'appended',
        uids: [1, 2, 3],
        modSeq: work.modSeq + 1,
        uidValidity: work.uidValidity,
      })
      expect(await refs('a')).toEqual({ refs: 2, dead: false })
      expect(await folder(work)).toMatchObject({ exists: 3, unseen: 2, bytes: 300 })
    })

    it('are all there or none', async () => {
      const given = many(APPEND_TOGETHER_MAX).map((id) => message(id))
      await expect(failingTransaction(1).appendTogether(work, given)).rejects.toThrow()
      expect((await folder(work)).exists).toBe(0)
      expect((await mailbox.appendTogether(work, given)).kind).toBe('appended')
      expect(await mailbox.appendTogether(work, [...given, message('x')])).toEqual({
        kind: 'too-many',
      })
      await mailbox.folders.remove(work)
      expect(await mailbox.appendTogether(work, given)).toEqual({ kind: 'no-such-folder' })
    })
  })

  describe('replace', () => {
    it('puts the new message in the place of the old in one step', async () => {
      await fill(mailbox, inbox, 'a', 'b')
      const opened = await mailbox.openFolder(inbox)
      const replaced = await mailbox.replace(inbox, 1 as Uid, inbox, withFlags('c', '\\Draft'))
      expect(replaced).toMatchObject({ kind: 'replaced', uid: 3 })
      expect(await opened?.advance()).toMatchObject({ expunged: [1], appeared: [3] })
      expect(await contents(mailbox, inbox)).toEqual(['2 b', '3 c'])
      expect(await refs('a')).toEqual({ refs: 0, dead: true })
    })

    it('works across folders, and only while the old message is there', async () => {
      await fill(mailbox, inbox, 'a')
      expect(await mailbox.replace(inbox, 1 as Uid, work, message('b'))).toMatchObject({
        kind: 'replaced',
        uid: 1,
        uidValidity: work.uidValidity,
      })
      expect(await mailbox.replace(inbox, 1 as Uid, work, message('c'))).toEqual({
        kind: 'no-such-message',
      })
      expect(await contents(mailbox, work)).toEqual(['1 b'])
      expect((await folder(inbox)).exists).toBe(0)
    })
  })

  describe('received by append', () => {
    const text = 'Subject: hello\r\n\r\nbody\r\n'
    const source = async function* () {
      yield Buffer.from(text.slice(0, 5))
      yield Buffer.from(text.slice(5))
    }

    it('becomes a message whose bytes are those that came', async () => {
      const received = await mailbox.receive(source())
      expect(decodeIndex(received.blob.index).envelope.subject).toBe('hello')
      await received.commit()
      await mailbox.append(work, { ...message('-'), blob: received.blob })
      const { messages } = await mailbox.snapshot(work)
      const opener = createMessageOpener({ blob: mailbox.blob, objects: test.store.objects })
      const open = messages[0] && (await opener.open(messages[0]))
      const chunks = open === undefined ? [] : await Array.fromAsync(open.stream())
      expect(Buffer.concat(chunks).toString()).toBe(text)
      expect(messages[0]?.size).toBe(text.length)
    })

    it('can be forgotten', async () => {
      const received = await mailbox.receive(source())
      await received.discard()
      expect(await test.store.objects.size(received.blob.object.key)).toBeUndefined()
    })
  })
})
