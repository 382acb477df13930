import { describe, expect, it } from 'vitest'
import { threadMessages } from '#shared/search/thread-messages.ts'
import { MessageStore, plentyOfMemory, quietPace } from './message-store.ts'

const threaded = (store: MessageStore, references = true) =>
  threadMessages(store.searched, store.reading(), { references, numberOf: (uid) => uid })

describe('threadMessages', () => {
  it('takes ids, subject and date from index and header', async () => {
    const store = new MessageStore()
    store.add({
      bytes: Buffer.from(
        'Message-ID: <C@x>\r\nSubject: Re: grün\r\nReferences: <a@x>\r\n <b@x>\r\nDate: 1 Nov 2026 01:00:00 +0100\r\n\r\nReferences: <no@x>\r\n',
        'latin1',
      ),
    })
    expect(await threaded(store)).toEqual([
      {
        number: 1,
        sentMs: Date.UTC(2026, 10, 1),
        subject: 'GRU\u0308N',
        isReplyOrForward: true,
        messageId: 'C@x',
        references: ['a@x', 'b@x'],
      },
    ])
  })

  it('takes the id that was added to a message without one, in its spelling', async () => {
    const store = new MessageStore()
    store.add({ bytes: Buffer.from('\r\n'), added: 'Message-ID: <Abc@x>\r\n' })
    expect((await threaded(store))[0]?.messageId).toBe('Abc@x')
  })

  it('reads no header where References do not matter', async () => {
    const store = new MessageStore()
    store.add({ bytes: Buffer.from('Subject: a\r\nReferences: <a@x>\r\n\r\n') })
    expect((await threaded(store, false))[0]?.references).toEqual([])
    expect(store.bytesRead).toBe(0)
  })

  it('keeps the order of the messages, however they are read', async () => {
    const store = new MessageStore()
    for (let i = 0; i < 300; i++) store.add({ bytes: Buffer.from(`Subject: ${i}\r\n\r\n`) })
    const numbers = (await threaded(store)).map(({ number }) => number)
    expect(numbers).toEqual(store.stored.map(({ record }) => record.uid))
  })

  it('holds each id once, and not the headers they came from', async () => {
    const store = new MessageStore()
    const header = (at: number) =>
      `References: <root@x> <m${at}@x>\r\nX-A: ${'a'.repeat(50_000)}\r\n\r\n`
    for (let at = 0; at < 50; at++) store.add({ bytes: Buffer.from(header(at)) })
    const memory = plentyOfMemory()
    const references = { references: true, numberOf: (uid: number) => uid }
    const found = await threadMessages(
      store.searched,
      store.reading(quietPace(), memory),
      references,
    )
    expect(new Set(found.map(({ references: [root] }) => root))).toEqual(new Set(['root@x']))
    expect(memory.held).toBeLessThan(50 * 1_000)
  })
})
