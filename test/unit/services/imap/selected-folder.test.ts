import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Extension } from '#services/imap/extension.ts'
import { SelectedFolder } from '#services/imap/selected-folder.ts'
import type { AccountId, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import { flagSet } from '#shared/mailbox/flags.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { allRights, noRights, parseRights, type Rights } from '#shared/mailbox/rights.ts'
import {
  account,
  fill,
  message,
  openTestMailbox,
  type TestMailbox,
  uids,
} from '#test/support/mailbox.ts'
import { WrittenWire } from '#test/support/written-wire.ts'

const set = (first: number, last = first) => ({ kind: 'set', ranges: [{ first, last }] }) as const

describe('a selected folder', () => {
  let test: TestMailbox
  let mailbox: Mailbox
  let inbox: FolderRecord
  let selected: SelectedFolder
  const wire = new WrittenWire()
  const end = new AbortController()

  async function select(
    given: {
      readonly enabled?: readonly Extension[]
      readonly readOnly?: boolean
      readonly access?: { readonly rights: Rights; readonly read: () => Promise<Rights> }
    } = {},
  ) {
    const { enabled = ['IMAP4REV2'], readOnly = false, ...access } = given
    const options = { readOnly, enabled: new Set(enabled), ...access }
    const opened = await SelectedFolder.open({ mailbox }, inbox, options)
    if (opened === undefined) throw new Error('no such folder')
    selected = opened
    wire.take()
  }

  beforeEach(async () => {
    test = await openTestMailbox()
    mailbox = test.mailbox
    inbox = await mailbox.inbox(account)
    await fill(mailbox, inbox, 'a', 'b', 'c', 'd')
    await select()
  })
  afterEach(async () => {
    await selected.close()
    await test[Symbol.asyncDispose]()
  })

  const news = (given: { expunges?: boolean; answer?: boolean; existsFirst?: boolean } = {}) =>
    selected.tellNews(wire, { expunges: true, look: true, ...given })
  const markSeen = (...which: number[]) =>
    mailbox.storeFlags(inbox, uids(...which), { mode: 'add', flags: ['\\Seen'] })

  it('cannot be what is no folder', async () => {
    await mailbox.folders.create(account, 'Gone')
    const gone = await mailbox.folders.find(account, 'Gone')
    if (gone === undefined) throw new Error('no folder')
    await mailbox.folders.remove(gone)
    const options = { readOnly: false, enabled: new Set<Extension>() }
    expect(await SelectedFolder.open({ mailbox }, gone, options)).toBeUndefined()
  })

  describe('counts', () => {
    it('messages from 1 by ascending uid', async () => {
      await mailbox.expunge(inbox, uids(2))
      await news()
      expect([1, 2, 3, 4].map((uid) => selected.numberOf(uid as Uid))).toEqual([1, 0, 2, 3])
      expect(selected.count).toBe(3)
    })

    it('those that are gone as long as the client has not been told', async () => {
      await mailbox.expunge(inbox, uids(1, 3))
      await news({ expunges: false })
      expect(selected.numberOf(4 as Uid)).toBe(4)
      expect(selected.select(set(1, 4), 'number')).toEqual([1, 2, 3, 4])
      expect(selected.exists(3 as Uid)).toBe(false)
      expect(selected.owesExpunges).toBe(true)
      await news()
      expect(selected.select(set(1, 2), 'number')).toEqual([2, 4])
      expect(selected.owesExpunges).toBe(false)
    })

    it('what came while expunges wait behind all others', async () => {
      await mailbox.expunge(inbox, uids(1))
      await fill(mailbox, inbox, 'e')
      await news({ expunges: false })
      expect(wire.take()).toEqual(['5 EXISTS'])
      expect(selected.numberOf(5 as Uid)).toBe(5)
      await news()
      expect(wire.take()).toEqual(['1 EXPUNGE'])
      expect(selected.numberOf(5 as Uid)).toBe(4)
    })

    it('no number beyond the last message, which is an error, and uids that are not there, which are none', async () => {
      expect(() => selected.select(set(5), 'number')).toThrow('no message has such a number')
      expect(selected.select(set(3, 9), 'uid')).toEqual([3, 4])
      await mailbox.expunge(inbox, uids(1, 2, 3, 4))
      await news()
      expect(() => selected.select(set(1), 'number')).toThrow('the mailbox is empty')
      expect(selected.select(set(1, 9), 'uid')).toEqual([])
    })

    it('a saved result without what the client was told to be gone', async () => {
      selected.saved = uids(1, 2, 4)
      await mailbox.expunge(inbox, uids(2))
      await news({ expunges: false })
      expect(selected.select({ kind: 'saved' }, 'uid')).toEqual([1, 2, 4])
      await news()
      expect(selected.select({ kind: 'saved' }, 'uid')).toEqual([1, 4])
      expect(selected.saved).toEqual([1, 4])
    })
  })

  describe('tells', () => {
    it('each expunge by the number that it has when those before it are told', async () => {
      await mailbox.expunge(inbox, uids(1, 3, 4))
      await news()
      expect(wire.take()).toEqual(['1 EXPUNGE', '2 EXPUNGE', '2 EXPUNGE'])
    })

    it('expunges as uids to who knows QRESYNC, and up to where it knows all of them', async () => {
      await selected.close()
      await select({ enabled: ['IMAP4REV2', 'CONDSTORE', 'QRESYNC'] })
      const { modSeq } = selected
      await mailbox.expunge(inbox, uids(1, 2, 4))
      await news({ expunges: false })
      expect(selected.modSeq).toBe(modSeq + 1)
      expect(selected.modSeqTold).toBe(modSeq)
      expect(wire.take()).toEqual([`OK [HIGHESTMODSEQ ${modSeq}] Expunges are still to be told`])
      await news()
      expect(wire.take()).toEqual(['VANISHED 1:2,4'])
      expect(selected.modSeqTold).toBe(modSeq + 1)
    })

    it('what came after what went, or before it where both are one', async () => {
      await mailbox.expunge(inbox, uids(2))
      await fill(mailbox, inbox, 'e', 'f')
      await news()
      expect(wire.take()).toEqual(['2 EXPUNGE', '5 EXISTS'])
      await mailbox.expunge(inbox, uids(1))
      await fill(mailbox, inbox, 'g', 'h')
      await news({ existsFirst: true })
      expect(wire.take()).toEqual(['7 EXISTS', '1 EXPUNGE'])
    })

    it('flags that others change, and not those that a command has told', async () => {
      const stored = await markSeen(1, 2)
      const [first] = stored.kind === 'stored' ? stored.messages : []
      selected.told(1 as Uid, (first?.modSeq ?? 0) as ModSeq)
      await news()
      expect(wire.take()).toEqual(['2 FETCH (UID 2 FLAGS (\\Seen))'])
      await news()
      expect(wire.take()).toEqual([])
    })

    it('no flags of what is gone', async () => {
      await markSeen(1, 2)
      await mailbox.expunge(inbox, uids(1))
      await news()
      expect(wire.take()).toEqual(['1 EXPUNGE', '1 FETCH (UID 2 FLAGS (\\Seen))'])
    })

    it('new keywords before the message that has one, and that they are kept', async () => {
      await mailbox.storeFlags(inbox, uids(1), { mode: 'add', flags: ['$Work'] })
      await news()
      const [flags, permanent, fetch] = wire.take()
      expect(flags).toMatch(/^FLAGS \(.*\\Draft \$Work\)$/)
      expect(permanent).toMatch(/^OK \[PERMANENTFLAGS \(.* \$Work \\\*\)\]/)
      expect(fetch).toBe('1 FETCH (UID 1 FLAGS ($Work))')
    })

    it('modseqs to who knows CONDSTORE, and no numbers to who wants none', async () => {
      await selected.close()
      await select({ enabled: ['IMAP4REV2', 'CONDSTORE', 'UIDONLY'] })
      const { modSeq } = selected
      await markSeen(2)
      await mailbox.expunge(inbox, uids(1))
      await news()
      expect(wire.take()).toEqual([
        'VANISHED 1',
        `2 UIDFETCH (FLAGS (\\Seen) MODSEQ (${modSeq + 1}))`,
      ])
    })

    it('who began with IMAP4rev1 which messages are recent to it', async () => {
      await selected.close()
      await select({ enabled: [] })
      expect(selected.isRecent(1 as Uid)).toBe(true)
      expect(selected.isRecent(5 as Uid)).toBe(false)
      await fill(mailbox, inbox, 'e')
      await news()
      expect(wire.take()).toEqual(['5 EXISTS', '5 RECENT'])
      expect(selected.isRecent(5 as Uid)).toBe(true)
      await mailbox.storeFlags(inbox, uids(5), { mode: 'add', flags: ['\\Seen'] })
      await news()
      expect(wire.take()).toEqual(['5 FETCH (UID 5 FLAGS (\\Seen \\Recent))'])
    })

    it('nothing without being hinted or made to look', async () => {
      await vi.waitFor(async () => {
        await selected.tellNews(wire, { expunges: true, look: false })
        expect(await selected.hinted(0, AbortSignal.abort())).toBe('none')
      })
      await selected.tellNews(wire, { expunges: true, look: false })
      expect(wire.take()).toEqual([])
      await fill(mailbox, inbox, 'e')
      expect(await selected.hinted(10_000, end.signal)).toBe('hint')
      await selected.tellNews(wire, { expunges: true, look: false })
      expect(wire.take()).toEqual(['5 EXISTS'])
    })

    it('who asked for no events nothing but the answers of its commands', async () => {
      selected.events = { kind: 'none' }
      await fill(mailbox, inbox, 'e')
      await news()
      expect(wire.take()).toEqual([])
      expect(selected.count).toBe(4)
      await markSeen(1)
      await news({ answer: true })
      expect(wire.take()).toEqual(['5 EXISTS'])
    })

    it('more of what is new to who asked for it, but not of what its own commands brought', async () => {
      const tellNew = vi.fn(async () => {})
      selected.events = { kind: 'delayed', flags: true, tellNew }
      const own = await mailbox.append(inbox, message('own'))
      if (own.kind === 'appended') selected.brought([own.uid])
      await fill(mailbox, inbox, 'other')
      await news()
      expect(wire.take()).toEqual(['6 EXISTS'])
      expect(tellNew.mock.calls).toEqual([[wire, [6]]])
    })

    it('a watcher of results what went before it is told to be gone, and what changed or came afterwards', async () => {
      const seen: string[] = []
      const note = (what: string) => seen.push(`${what}: ${wire.take().join(', ')}`)
      selected.watcher = {
        removed: (_, gone) => note(`removed ${gone}`),
        changed: async (_, changed) => void note(`changed ${changed}`),
      }
      await markSeen(4)
      await mailbox.expunge(inbox, uids(1, 2))
      await fill(mailbox, inbox, 'e')
      await news()
      expect(seen).toEqual([
        'removed 1,2: ',
        'changed 4,5: 1 EXPUNGE, 1 EXPUNGE, 3 EXISTS, 2 FETCH (UID 4 FLAGS (\\Seen))',
      ])
    })
  })

  it('knows what a client missed', async () => {
    const { modSeq } = selected
    await mailbox.expunge(inbox, uids(1, 2))
    await markSeen(4)
    await news()
    expect(await selected.missedSince(modSeq)).toEqual({
      changed: [4],
      vanished: [{ first: 1, last: 2 }],
    })
  })

  it('knows what is marked to be removed, and its flags as they are', async () => {
    await mailbox.storeFlags(inbox, uids(2, 3), { mode: 'add', flags: ['\\Deleted'] })
    await news()
    expect(selected.deletedUids()).toEqual([2, 3])
    expect(selected.currentFlags(3 as Uid)).toBe('3 FETCH (UID 3 FLAGS (\\Deleted))')
    expect(selected.currentFlags(9 as Uid)).toBeUndefined()
    expect(selected.flagsResponse(1 as Uid, flagSet(['$A']), 1 as ModSeq)).toBe(
      '1 FETCH (UID 1 FLAGS ($A))',
    )
  })

  it('is gone when its folder is, and tells nothing any more', async () => {
    const created = await mailbox.folders.create(account, 'Short')
    if (created.kind !== 'created') throw new Error(created.kind)
    await selected.close()
    inbox = created.folder
    await fill(mailbox, inbox, 'x')
    await select()
    await mailbox.folders.remove(inbox)
    await news()
    expect(selected.gone).toBe(true)
    expect(wire.take()).toEqual([])
  })

  describe('of somebody else', () => {
    let now: Rights
    const foreign = async (rights: Rights) => {
      now = rights
      await selected.close()
      await select({ access: { rights, read: async () => now } })
    }

    it('is changed as far as the rights of the moment go, and the client is told', async () => {
      await foreign(allRights)
      expect(selected.isForeign).toBe(true)
      expect(selected.permanentFlags).toMatch(/\\Answered .*\\Deleted \\Seen .*\\\*/)
      now = rightsOf('lrs')
      await selected.lookAtRights(wire)
      expect(selected.permanentFlags).toBe('\\Seen')
      expect(wire.take()).toEqual(['OK [PERMANENTFLAGS (\\Seen)] Flags that are kept'])
      expect(selected.may('w')).toBe(false)
      expect(selected.rights).toBe(now)
      await selected.lookAtRights(wire)
      expect(wire.take()).toEqual([])
    })

    it('is gone without the right to read', async () => {
      await foreign(allRights)
      expect(await selected.mayBeRead()).toBe(true)
      now = noRights
      expect(await selected.mayBeRead()).toBe(false)
      expect(selected.gone).toBe(false)
      await news()
      expect(selected.gone).toBe(true)
    })

    it('is its own where no access was given', async () => {
      expect(selected.isForeign).toBe(false)
      expect(await selected.mayBeRead()).toBe(true)
      expect(selected.rights).toBe(allRights)
      await mailbox.access.change(inbox, 'user=acc2' as `user=${AccountId}`, () => allRights)
      await news()
      expect(wire.take()).toEqual([])
    })

    it('that is examined keeps no flags', async () => {
      await selected.close()
      await select({ readOnly: true })
      expect(selected.permanentFlags).toBe('')
      await mailbox.storeFlags(inbox, uids(1), { mode: 'add', flags: ['$New'] })
      await news()
      expect(wire.take().map((line) => line.split(' ')[0])).toEqual(['FLAGS', '1'])
    })
  })

  describe('waits for a hint', () => {
    it('until the time is over, the signal aborts or the folder is closed', async () => {
      await news()
      expect(await selected.hinted(1, end.signal)).toBe('none')
      const leaving = new AbortController()
      const waiting = selected.hinted(60_000, leaving.signal)
      leaving.abort()
      expect(await waiting).toBe('none')
      const closing = selected.hinted(60_000, end.signal)
      await selected.close()
      expect(await closing).toBe('none')
    })

    it('that is there already, and that wakes who notifies', async () => {
      await news()
      const onHint = vi.fn()
      selected.onHint = onHint
      selected.hint()
      expect(onHint).toHaveBeenCalledOnce()
      expect(await selected.hinted(60_000, end.signal)).toBe('hint')
    })
  })
})

function rightsOf(letters: string): Rights {
  const rights = parseRights(letters)
  if (rights === undefined) throw new Error(letters)
  return rights
}
