// What becomes of a recipient here: where the message goes, once, and why it did not.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDeposit } from '#services/delivery/local/deposit.ts'
import type { Filtering } from '#services/delivery/local/filtering/filtering.ts'
import { createLocalDelivery } from '#services/delivery/local/local-delivery.ts'
import { createPlaces } from '#services/delivery/local/places.ts'
import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import type { Quota } from '#shared/mailbox/quota.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { Conflict } from '#shared/storage/ports.ts'
import { Contended } from '#shared/storage/retry-on-conflict.ts'
import { blob } from '#test/support/blob.ts'
import type { TestMailbox } from '#test/support/mailbox.ts'
import { account, contents, makeFolder, openTestMailbox } from '#test/support/mailbox.ts'
import { manualClock } from '#test/support/pipeline.ts'
import { aQueuedMessage } from '#test/support/queued-message.ts'

const ann: FinalRecipient = {
  address: 'ann@example.test',
  accountId: account,
  extension: null,
  original: 'ann@example.test',
  notify: [],
  originalRecipient: null,
}
const message = aQueuedMessage()
const b1 = blob('b1')
const notDelivered = { creates: [], usedReserved: false, contended: false, uncertain: false }

describe('local delivery', () => {
  const clock = manualClock()
  let opened: TestMailbox
  beforeEach(async () => {
    opened = await openTestMailbox(clock)
  })
  afterEach(() => opened[Symbol.asyncDispose]())

  function delivery({
    deliverToDetailFolder = true,
    quota = { bytes: 0, messages: 0 } as Quota,
    mailbox = {} as Partial<Mailbox>,
    isGone = false,
    script = null as AccountRecord['script'],
    filter = undefined as Filtering | undefined,
  } = {}) {
    const used = { ...opened.mailbox, ...mailbox }
    return createLocalDelivery({
      places: createPlaces({ mailbox: used, options: { deliverToDetailFolder } }),
      deposit: createDeposit({ mailbox: used, clock }),
      account: async () => (isGone ? undefined : { quota, script, displayName: '' }),
      isFiltered: (known) => known.script !== null,
      filter,
    })
  }
  const inbox = () => opened.mailbox.inbox(account)
  const inInbox = async () => contents(opened.mailbox, await inbox())

  /** The header fields before the one message of INBOX that are its recipient's. */
  async function prepended(recipient: FinalRecipient): Promise<string | undefined> {
    await delivery()(message, b1, recipient, false)
    const { messages } = await opened.mailbox.snapshot(await inbox())
    return messages[0]?.prepend
  }

  it('puts a message into INBOX and says where it is', async () => {
    expect(await delivery()(message, b1, ann, false)).toEqual({
      ...notDelivered,
      actions: [{ kind: 'delivered', folder: 'INBOX', reply: 'uid 1 in INBOX' }],
    })
    expect(await inInbox()).toEqual(['1 b1'])
  })

  it('puts it there once, however often it is asked', async () => {
    await delivery()(message, b1, ann, false)
    expect(await delivery()(message, b1, ann, false)).toEqual({
      ...notDelivered,
      actions: [{ kind: 'delivered', folder: 'INBOX', reply: 'already in INBOX' }],
    })
    expect(await inInbox()).toEqual(['1 b1'])
  })

  describe('of mail to user+detail', () => {
    const detail = (extension: string): FinalRecipient => ({ ...ann, extension })

    it.each([
      ['work', 'Work'],
      ['WORK', 'Work'],
      ['above/below', 'above/below'],
    ])('%j goes into a folder of that name as it may be spelled', async (extension, path) => {
      const folder = await makeFolder(opened.mailbox, path)
      await delivery()(message, b1, detail(extension), false)
      expect(await contents(opened.mailbox, folder)).toEqual(['1 b1'])
      expect(await inInbox()).toEqual([])
    })

    it('goes into INBOX where there is no such folder', async () => {
      await delivery()(message, b1, detail('work'), false)
      expect(await inInbox()).toEqual(['1 b1'])
    })

    it('goes into INBOX where the setting does not want it elsewhere', async () => {
      await makeFolder(opened.mailbox, 'work')
      const { actions } = await delivery({ deliverToDetailFolder: false })(
        message,
        b1,
        detail('work'),
        false,
      )
      expect(actions).toMatchObject([{ reply: 'uid 1 in INBOX' }])
    })

    it('goes into INBOX where the name is of a folder that holds no messages', async () => {
      const none = await makeFolder(opened.mailbox, 'work')
      const folders = {
        ...opened.mailbox.folders,
        findSpelled: async () => ({ ...none, selectable: false }),
      }
      await delivery({ mailbox: { folders } })(message, b1, detail('work'), false)
      expect(await inInbox()).toEqual(['1 b1'])
    })
  })

  describe('of unwanted mail', () => {
    const unwanted = aQueuedMessage({ junk: true })
    const junk = async () => {
      const folder = await opened.mailbox.folders.findUse(account, '\\Junk')
      return folder && (await contents(opened.mailbox, folder))
    }
    const remove = async (path: string) => {
      const folder = await opened.mailbox.folders.find(account, path)
      if (folder !== undefined) await opened.mailbox.folders.remove(folder)
    }

    it('goes into the folder for that, once, whatever folder its address names', async () => {
      await makeFolder(opened.mailbox, 'work')
      for (let times = 0; times < 2; times++) {
        await delivery()(unwanted, b1, { ...ann, extension: 'work' }, false)
      }
      expect([await junk(), await inInbox()]).toEqual([['1 b1'], []])
    })

    it('finds that folder by its use, whatever it is called', async () => {
      await remove('Junk')
      await opened.mailbox.folders.create(account, 'Pourriel', ['\\Junk'])
      const { actions } = await delivery()(unwanted, b1, ann, false)
      expect(actions).toMatchObject([{ folder: 'Pourriel' }])
      expect(await junk()).toEqual(['1 b1'])
    })

    it('makes it where there is none', async () => {
      await opened.mailbox.inbox(account)
      await remove('Junk')
      await delivery()(unwanted, b1, ann, false)
      expect(await junk()).toEqual(['1 b1'])
    })

    it('goes into INBOX where none can be made', async () => {
      await remove('Junk')
      const folders = {
        ...opened.mailbox.folders,
        create: async () => ({ kind: 'too-many' }) as const,
        find: async () => undefined,
        findUse: async () => undefined,
      }
      await delivery({ mailbox: { folders } })(unwanted, b1, ann, false)
      expect(await inInbox()).toEqual(['1 b1'])
    })
  })

  describe('writes in front', () => {
    it('the recipient', async () => {
      expect(await prepended(ann)).toBe('Delivered-To: ann@example.test\r\n')
    })

    it('and whom an alias was written to, in UTF-8', async () => {
      expect(await prepended({ ...ann, original: 'b\u00fcro@example.test' })).toBe(
        'X-Original-To: b\xc3\xbcro@example.test\r\nDelivered-To: ann@example.test\r\n',
      )
    })

    it('not the same address in other letters', async () => {
      expect(await prepended({ ...ann, original: 'Ann@EXAMPLE.test' })).toBe(
        'Delivered-To: ann@example.test\r\n',
      )
    })
  })

  describe('fails for good', () => {
    it('whose aliases lead to no account', async () => {
      expect(await delivery()(message, b1, { ...ann, accountId: null }, true)).toEqual({
        ...notDelivered,
        actions: [
          {
            kind: 'failed',
            status: '5.1.1',
            reply: '<ann@example.test>: leads to no account',
          },
        ],
      })
    })

    it('whom the message was delivered to before, in whatever letters (RFC 5321 §6.3)', async () => {
      const circling = aQueuedMessage({ deliveredTo: ['x@y.test', 'ANN@example.TEST'] })
      expect((await delivery()(circling, b1, ann, false)).actions).toEqual([
        {
          kind: 'failed',
          status: '5.4.6',
          reply: 'mail forwarding loop for ann@example.test',
        },
      ])
      expect(await inInbox()).toEqual([])
    })

    it('whose account has gone', async () => {
      expect((await delivery({ isGone: true })(message, b1, ann, false)).actions).toEqual([
        {
          kind: 'failed',
          status: '5.1.1',
          reply: 'ann@example.test: no such account',
        },
      ])
    })
  })

  describe('for an account with a script', () => {
    const script = { name: 'filter', version: 1 }

    it('is left to delivery by whoever may not read messages', async () => {
      expect(await delivery({ script })(message, b1, ann, true)).toMatchObject({
        isLeft: true,
        creates: [],
        actions: [{ kind: 'deferred' }],
      })
      expect(await inInbox()).toEqual([])
    })

    it('is as without one where no script decides after all', async () => {
      await delivery({ script, filter: async () => undefined })(message, b1, ann, false)
      expect(await inInbox()).toEqual(['1 b1'])
    })

    it('waits where the store fails the script', async () => {
      const filter = async () => {
        throw new TemporaryFailure('no table')
      }
      const { actions } = await delivery({ script, filter })(message, b1, ann, false)
      expect(actions).toMatchObject([{ kind: 'deferred', status: '4.3.0' }])
      expect(await inInbox()).toEqual([])
    })
  })

  describe('waits', () => {
    it('while the mailbox is full, and says how full', async () => {
      const { actions, usedReserved } = await delivery({ quota: { bytes: 10, messages: 0 } })(
        message,
        b1,
        ann,
        true,
      )
      expect(usedReserved).toBe(false)
      expect(actions).toEqual([
        {
          kind: 'deferred',
          status: '4.2.2',
          reply: 'mailbox full: 0 of 10 bytes, 0 messages',
        },
      ])
    })

    it('when the folder went at that moment', async () => {
      const append: Mailbox['append'] = async () => ({ kind: 'no-such-folder' })
      expect(await delivery({ mailbox: { append } })(message, b1, ann, true)).toEqual({
        ...notDelivered,
        actions: [{ kind: 'deferred', status: '4.2.1', reply: 'folder INBOX has just gone' }],
      })
    })

    it.each([
      ['too many deliver there: again in seconds', new Contended('many'), true, false],
      ['others write to it: again in seconds', new Conflict('many'), true, false],
      ['the store fails: nobody knows', new TemporaryFailure('many'), false, true],
    ])('when %s', async (_, error, contended, uncertain) => {
      const append: Mailbox['append'] = () => Promise.reject(error)
      expect(await delivery({ mailbox: { append } })(message, b1, ann, true)).toEqual({
        actions: [{ kind: 'deferred', status: '4.3.0', reply: 'storage failed: many' }],
        creates: [],
        usedReserved: false,
        contended,
        uncertain,
      })
    })
  })

  it('rejects for a bug', async () => {
    const append: Mailbox['append'] = () => Promise.reject(new TypeError('bug'))
    await expect(delivery({ mailbox: { append } })(message, b1, ann, false)).rejects.toThrow('bug')
  })

  describe('of a reserved reference', () => {
    const answering = (recipient?: string): Partial<Mailbox> => ({
      append: async () => ({ kind: 'duplicate', ...(recipient !== undefined && { recipient }) }),
    })

    it('says that a new message used it', async () => {
      const appended: boolean[] = []
      const append: Mailbox['append'] = async (folder, { reserved, ...appendix }) => {
        appended.push(reserved === true)
        return opened.mailbox.append(folder, appendix)
      }
      const { usedReserved } = await delivery({ mailbox: { append } })(message, b1, ann, true)
      expect({ appended, usedReserved }).toEqual({ appended: [true], usedReserved: true })
    })

    it.each([
      ['an attempt before, for the same recipient, used it', 'ann@example.test', true],
      ['another recipient brought it there: it is free', 'bob@example.test', false],
      ['nobody knows for whom it came: it is free', undefined, false],
    ])('where it is there already: %s', async (_, recipient, used) => {
      const deliver = delivery({ mailbox: answering(recipient) })
      expect((await deliver(message, b1, ann, true)).usedReserved).toBe(used)
      expect((await deliver(message, b1, ann, false)).usedReserved).toBe(false)
    })
  })
})
