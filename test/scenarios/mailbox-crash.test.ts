// The process dies at every single storage call of the long mailbox operations, before the call's effect and after it. What is
// left agrees with itself, loses no message, and doing it again finishes it.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AccountId, FolderId, Uid } from '#shared/contracts/mailbox.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import { mailboxOn, message, openTestMailbox, type TestMailbox } from '#test/support/mailbox.ts'
import { checkAccount, type FolderTruth } from '#test/support/mailbox-truth.ts'

/** More than one transaction holds. */
const MESSAGES = 51

type Operation = (mailbox: Mailbox, accountId: AccountId) => Promise<unknown>

const find = async (mailbox: Mailbox, accountId: AccountId, path: string) => {
  const folder = (await mailbox.folders.tree(accountId)).find(path)
  if (folder === undefined) throw new Error(`no ${path}`)
  return folder
}
const all = Array.from({ length: MESSAGES }, (_, i) => (i + 1) as Uid)

const operations: readonly (readonly [name: string, run: Operation])[] = [
  [
    'removing a folder',
    async (mailbox, id) => mailbox.folders.remove(await find(mailbox, id, 'W/deep')),
  ],
  [
    'removing a folder with folders below it',
    async (mailbox, id) => mailbox.folders.remove(await find(mailbox, id, 'W')),
  ],
  [
    'renaming into new folders',
    async (mailbox, id) => mailbox.folders.rename(await find(mailbox, id, 'W'), 'x/y'),
  ],
  [
    'renaming INBOX',
    async (mailbox, id) => mailbox.folders.rename(await find(mailbox, id, 'INBOX'), 'old/mail'),
  ],
  [
    'moving many messages',
    async (mailbox, id) =>
      mailbox.move(await find(mailbox, id, 'INBOX'), all, await find(mailbox, id, 'W')),
  ],
  [
    'copying many messages',
    async (mailbox, id) =>
      mailbox.copy(await find(mailbox, id, 'INBOX'), all, await find(mailbox, id, 'W')),
  ],
  ['emptying the account', (mailbox, id) => mailbox.empty(id)],
]

describe('a crash at any storage call of the mailbox', () => {
  let test: TestMailbox
  let accounts = 0

  beforeEach(async () => {
    test = await openTestMailbox()
  })
  afterEach(() => test[Symbol.asyncDispose]())

  /** An account with messages in INBOX, W and W/deep. */
  async function fresh() {
    const accountId = `crash${++accounts}` as AccountId
    const { mailbox } = test
    await mailbox.folders.create(accountId, 'W/deep')
    const known = { folderIds: new Set<FolderId>(), blobIds: new Set<never>() }
    for (const path of ['INBOX', 'W', 'W/deep']) {
      const folder = await find(mailbox, accountId, path)
      known.folderIds.add(folder.id)
      const ids = all.map((n) => `${accountId}-${path}-${n}`)
      await Promise.all(ids.map((id) => mailbox.append(folder, message(id))))
    }
    return { accountId, known }
  }

  const count = (truths: readonly FolderTruth[]) =>
    truths.reduce((sum, { messages }) => sum + messages.length, 0)

  for (const effect of ['none', 'done'] as const) {
    it.each(operations)(
      `%s: dies ${effect === 'none' ? 'before' : 'after'} each call`,
      async (name, run) => {
        // Emptying has many calls that are alike.
        const stride = name.startsWith('emptying') ? 5 : 1
        for (let call = 1; ; call += stride) {
          const { accountId, known } = await fresh()
          const store = withFaults(test.store, { crashPoint: { call, effect } })
          await run(mailboxOn(store), accountId).catch((error) => {
            if (!store.crashed) throw error
          })
          const table = test.store.tables.mail
          const after = await checkAccount(table, accountId, known)
          const before = 3 * MESSAGES
          if (name.startsWith('renaming') || name.startsWith('moving')) {
            expect(count(after)).toBe(before)
          }
          if (name.startsWith('copying')) expect(count(after)).toBeGreaterThanOrEqual(before)
          // A new process finishes what was begun.
          const again = mailboxOn(test.store)
          await again.folders.finishRemovals(accountId)
          const finished = await checkAccount(table, accountId, known)
          expect(
            finished.every(({ folder, messages }) => folder.selectable || messages.length === 0),
          ).toBe(true)
          expect(finished.some(({ folder }) => folder.removed)).toBe(false)
          if (!store.crashed) return
        }
      },
      60_000,
    )
  }
})
