import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { outgoing } from '#services/delivery/remote/outbound-message.ts'
import { addedFields } from '#shared/queue/added-fields.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const asIs = { smtpUtf8: true, sevenBit: false }

describe('a message that leaves', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded

  beforeAll(async () => {
    opened = await openEmbedded({ clock })
  })
  afterAll(() => opened.close())

  /** What leaves of a message that came so; texts are byte strings. */
  async function queued(
    text: string,
    {
      smtpUtf8 = true,
      received = 'Received: by us\r\n',
      login = null as string | null,
      sender = 'sender@remote.test',
      objects = opened.store.objects as ObjectStore,
    } = {},
  ) {
    const { core, accept } = createPipeline(opened.store, clock)
    const queueId = await accept(text, ['x@remote.test'], {
      envelope: { sender, smtpUtf8, body: '8BITMIME' },
      prepend: received,
      origin: {
        listener: 'smtp',
        remoteAddress: '192.0.2.1',
        remotePort: 1,
        helo: 'x',
        tls: null,
        account: login === null ? null : { id: 'i', login },
      },
    })
    const [message] = await core.queue.load([queueId])
    if (message === undefined) throw new Error('not queued')
    const content = outgoing(message, addedFields(message, 'us'), objects)
    const read = async (form = asIs) => {
      const chunks: Uint8Array[] = []
      for await (const chunk of content.read(form)) chunks.push(chunk)
      return Buffer.concat(chunks).toString('latin1')
    }
    return { content, read }
  }

  const body = 'Subject: x\r\n\r\n\xc3\xa4\r\n'
  const header = 'Subject: \xc3\xa4\r\n\r\nx\r\n'

  it.each([
    // [declared SMTPUTF8, needs it, is 8-bit]
    ['ASCII', 'Subject: x\r\n\r\nx\r\n', true, false, false],
    ['an 8-bit body', body, true, false, true],
    ['8-bit header fields', header, true, true, true],
    ['8-bit header fields of somebody who did not say SMTPUTF8', header, false, false, true],
  ])('%s needs what it needs, whatever was declared', async (_, text, smtpUtf8, needs, eight) => {
    const { content, read } = await queued(text, { smtpUtf8 })
    expect(await content.needsSmtpUtf8()).toBe(needs)
    expect(content.isEightBit).toBe(eight)
    const all = `Received: by us\r\n${text}`
    expect(await read()).toBe(all)
    expect(content.bytes).toBe(all.length)
  })

  it('has trace fields of its size without 8-bit bytes where they may have none', async () => {
    const received = 'Received: by us for <jos\xc3\xa9@here.test>\r\n'
    const { content, read } = await queued('Subject: x\r\n\r\nx\r\n', { received })
    expect(await content.needsSmtpUtf8()).toBe(false)
    expect(content.isEightBit).toBe(false)
    expect(await read()).toContain('<jos\xc3\xa9@here.test>')
    const plain = await read({ smtpUtf8: false, sevenBit: false })
    expect(plain).toContain('<jos??@here.test>')
    expect(plain).toHaveLength(content.bytes)
  })

  it('needs SMTPUTF8 for a From that was missing', async () => {
    const text = 'Subject: x\r\n\r\nx\r\n'
    const login = 'jos\u00e9@here.test'
    const { content, read } = await queued(text, { login, sender: '', smtpUtf8: false })
    expect(await content.needsSmtpUtf8()).toBe(true)
    expect(content.isEightBit).toBe(true)
    expect(await read()).toContain('From: <jos\xc3\xa9@here.test>')
    const withSender = await queued(text, { login })
    expect(await withSender.content.needsSmtpUtf8()).toBe(false)
  })

  it('has bodies in quoted-printable where they may have no 8-bit bytes', async () => {
    const { read } = await queued(body)
    expect(await read({ smtpUtf8: false, sevenBit: true })).toBe(
      'Received: by us\r\nSubject: x\r\nContent-Transfer-Encoding: quoted-printable\r\nMIME-Version: 1.0\r\n\r\n=C3=A4\r\n',
    )
  })

  describe('is folded', () => {
    const long = 'y'.repeat(100)

    it.each([
      ['where a line is longer than may be', 99, `Subject: x\r\n\r\n${long}\r\n`, 99],
      ['not where none is', 100, `Subject: x\r\n\r\n${long}\r\n`, undefined],
      ['not where there is no limit', 0, `Subject: x\r\n\r\n${long}\r\n`, undefined],
      [
        'not where its signature would break (DKIM)',
        60,
        `Subject: x\r\ndkim-signature: v=1\r\n\r\n${long}\r\n`,
        undefined,
      ],
      [
        'not where its signature would break (RFC 1847)',
        60,
        `Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n${long}\r\n--b--\r\n`,
        undefined,
      ],
    ])('%s', async (_, limit, text, at) => {
      const { content } = await queued(text)
      expect(await content.foldAt(limit)).toBe(at)
    })

    it('where a field that was added is too long', async () => {
      const received = `Received: ${long}\r\n`
      const { content } = await queued('Subject: x\r\n\r\nx\r\n', { received })
      expect(await content.foldAt(received.length - 2)).toBeUndefined()
      expect(await content.foldAt(received.length - 3)).toBe(received.length - 3)
    })
  })

  it('is read to its end or not at all, in any form', async () => {
    const { objects } = opened.store
    const torn: ObjectStore = {
      put: (...given) => objects.put(...given),
      stage: (...given) => objects.stage(...given),
      size: (...given) => objects.size(...given),
      stream: (...given) => objects.stream(...given),
      delete: (...given) => objects.delete(...given),
      list: (...given) => objects.list(...given),
      read: async (...given) => (await objects.read(...given))?.subarray(0, -1),
    }
    const { read } = await queued(body, { objects: torn })
    for (const sevenBit of [false, true]) {
      await expect(read({ smtpUtf8: true, sevenBit })).rejects.toThrow('bytes instead of')
    }
  })
})
