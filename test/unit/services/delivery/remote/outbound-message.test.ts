import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openOutboundMessage } from '#services/delivery/remote/outbound-message.ts'
import type { ObjectStore } from '#shared/storage/ports.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const asIs = { smtpUtf8: true, eightBit: true }

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
      lineBytesMax = 0,
      generic = undefined as ((address: string) => Promise<string>) | undefined,
    } = {},
  ) {
    const { backend, accept } = createPipeline(opened.store, clock)
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
    const [message] = await backend.queue.load([queueId])
    if (message === undefined) throw new Error('not queued')
    const options = { hostname: 'us', lineBytesMax, generic }
    const content = await openOutboundMessage(message, { objects }, options)
    const read = async (host = asIs) =>
      Buffer.concat(await Array.fromAsync((await content.formFor(host)).read())).toString('latin1')
    return { content, read }
  }

  const body = 'Subject: x\r\n\r\n\xc3\xa4\r\n'
  const header = 'Subject: \xc3\xa4\r\n\r\nx\r\n'

  describe('with generic addresses', () => {
    const generic = async (address: string) => address.replace('@in.test', '@a-longer-name.test')

    it('has others in its header, those that are added too, and nowhere else', async () => {
      const text = 'To:  A <a@in.test>\r\nSubject: a@in.test\r\nCc: b@far.test\r\n\r\na@in.test\r\n'
      const login = 'me@in.test'
      const { content, read } = await queued(text, { generic, login, sender: login })
      const sent = await read()
      expect(sent).toContain('\r\nFrom: <me@a-longer-name.test>\r\n')
      expect(sent).toContain(
        '\r\nTo: A <a@a-longer-name.test>\r\nSubject: a@in.test\r\nCc: b@far.test\r\n\r\na@in.test\r\n',
      )
      // RFC 1870 §6.1: what is said may be more, never less.
      const { declaredBytes } = await content.formFor(asIs)
      expect(declaredBytes).toBeGreaterThanOrEqual(sent.length)
    })

    it('goes to 7-bit hosts as any other', async () => {
      const text =
        'To: a@in.test\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\xc3\xa4\r\n'
      const { read } = await queued(text, { generic })
      const sent = await read({ smtpUtf8: false, eightBit: false })
      expect(sent).toContain('To: a@a-longer-name.test\r\n')
      expect(sent).toContain('=C3=A4')
    })

    it('is the very same where none of them is in it', async () => {
      const text = 'To:  a@far.test\r\n\r\nx\r\n'
      expect((await (await queued(text, { generic })).read()).endsWith(text)).toBe(true)
    })
  })

  it.each([
    // [declared SMTPUTF8, needs it, is 8-bit]
    ['ASCII', 'Subject: x\r\n\r\nx\r\n', true, false, false],
    ['an 8-bit body', body, true, false, true],
    ['8-bit header fields', header, true, true, true],
    ['8-bit header fields of somebody who did not say SMTPUTF8', header, false, false, true],
  ])('%s needs what it needs, whatever was declared', async (_, text, smtpUtf8, needs, eight) => {
    const { content, read } = await queued(text, { smtpUtf8 })
    expect(content.needs.smtpUtf8).toBe(needs)
    expect(content.needs.eightBit).toBe(eight)
    const all = `Received: by us\r\n${text}`
    expect(await read()).toBe(all)
    expect(content.bytes).toBe(all.length)
  })

  it('has trace fields of its size without 8-bit bytes where they may have none', async () => {
    const received = 'Received: by us for <jos\xc3\xa9@here.test>\r\n'
    const { content, read } = await queued('Subject: x\r\n\r\nx\r\n', { received })
    expect(content.needs.smtpUtf8).toBe(false)
    expect(content.needs.eightBit).toBe(false)
    expect(await read()).toContain('<jos\xc3\xa9@here.test>')
    const plain = await read({ smtpUtf8: false, eightBit: true })
    expect(plain).toContain('<jos??@here.test>')
    expect(plain).toHaveLength(content.bytes)
  })

  it('needs SMTPUTF8 for a From that was missing', async () => {
    const text = 'Subject: x\r\n\r\nx\r\n'
    const login = 'jos\u00e9@here.test'
    const { content, read } = await queued(text, { login, sender: '', smtpUtf8: false })
    expect(content.needs.smtpUtf8).toBe(true)
    expect(content.needs.eightBit).toBe(true)
    expect(await read()).toContain('From: <jos\xc3\xa9@here.test>')
    const withSender = await queued(text, { login })
    expect(withSender.content.needs.smtpUtf8).toBe(false)
  })

  it('has bodies in quoted-printable where they may have no 8-bit bytes', async () => {
    const { read } = await queued(body)
    expect(await read({ smtpUtf8: false, eightBit: false })).toBe(
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
      const { content, read } = await queued(text, { lineBytesMax: limit })
      const all = `Received: by us\r\n${text}`
      const { declaredBytes } = await content.formFor(asIs)
      if (at === undefined) {
        expect(await read()).toBe(all)
        expect(declaredBytes).toBe(all.length)
      } else {
        expect(await read()).toBe(all.replace(long, `${long.slice(0, at)}\r\n ${long.slice(at)}`))
        expect(declaredBytes).toBeGreaterThanOrEqual(all.length + '\r\n '.length)
      }
      expect(content.bytes).toBe(all.length)
    })

    it('where a field that was added is too long', async () => {
      const received = `Received: ${long}\r\n`
      const text = 'Subject: x\r\n\r\nx\r\n'
      const length = received.length - 2
      const fits = await queued(text, { received, lineBytesMax: length })
      expect(await fits.read()).toBe(received + text)
      const folded = await queued(text, { received, lineBytesMax: length - 1 })
      expect(await folded.read()).toBe(`${received.slice(0, length - 1)}\r\n y\r\n${text}`)
    })

    it('after it became quoted-printable, whose lines are short', async () => {
      const text = `Subject: x\r\n\r\n\xc3\xa4${long}\r\n`
      const { read } = await queued(text, { lineBytesMax: 80 })
      const form = await read({ smtpUtf8: false, eightBit: false })
      expect(form).toContain(`\r\n\r\n=C3=A4${long.slice(0, 69)}=\r\n${long.slice(69)}\r\n`)
    })
  })

  it('is read to its end or not at all, in any form', async () => {
    const { objects } = opened.store
    let isCut = false
    const torn: ObjectStore = {
      put: (...given) => objects.put(...given),
      stage: (...given) => objects.stage(...given),
      size: (...given) => objects.size(...given),
      stream: (...given) => objects.stream(...given),
      delete: (...given) => objects.delete(...given),
      list: (...given) => objects.list(...given),
      read: async (...given) => (await objects.read(...given))?.subarray(0, isCut ? -1 : undefined),
    }
    const { read } = await queued(body, { objects: torn })
    isCut = true
    for (const eightBit of [true, false]) {
      await expect(read({ smtpUtf8: true, eightBit })).rejects.toThrow('missing or cut')
    }
  })
})
