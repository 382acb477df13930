import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { openRemoteDelivery } from '#services/assembly/remote.ts'
import type { ObjectStore, Store } from '#shared/storage/ports.ts'
import { routeTo } from '#test/support/next-hop.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { openSink } from '#test/support/sink-smtp.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const secrets = { relayhostAuth: null, tlsCa: undefined }
const facts = { notify: [], originalRecipient: null, accountId: null, extension: null }
const recipients = ['x@remote.test', 'y@other.test'].map((address) => ({
  address,
  original: address,
  ...facts,
}))

describe('delivery to other hosts', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded
  let hosts = new AsyncDisposableStack()

  beforeAll(async () => {
    opened = await openEmbedded({ clock })
  })
  afterEach(async () => {
    await hosts.disposeAsync()
    hosts = new AsyncDisposableStack()
  })
  afterAll(() => opened.close())

  async function queued(text: string, set: readonly string[]) {
    const { backend, accept } = createPipeline(opened.store, clock, { set })
    const queueId = await accept(text, ['x@remote.test'], {
      envelope: { dsnReturn: 'HDRS', dsnEnvelopeId: 'e1' },
    })
    const [message] = await backend.queue.load([queueId])
    if (message === undefined) throw new Error('not queued')
    return { remote: openRemoteDelivery(backend, secrets), message }
  }

  it('goes to the relay host', async () => {
    const relay = hosts.use(await openSink())
    const relayhost = `[127.0.0.1]:${relay.port}`
    const { remote, message } = await queued('Subject: x\r\n\r\nx\r\n', [
      `relayhost=${relayhost}`,
      'smtpTlsSecurityLevel=none',
    ])
    const reached: string[] = []
    const { results } = await remote.deliver(
      message,
      routeTo(relayhost),
      recipients,
      ({ relay: to }) => {
        reached.push(to)
      },
    )
    expect(results).toMatchObject([{ kind: 'delivered' }, { kind: 'delivered' }])
    expect(reached).toEqual([`127.0.0.1[127.0.0.1]:${relay.port}`])
    expect(relay.messages).toMatchObject([
      {
        helo: 'mx.example.test',
        envelope: {
          mailFrom: { address: 'sender@remote.test' },
          rcptTo: [{ address: 'x@remote.test' }, { address: 'y@other.test' }],
          dsn: { ret: 'HDRS', envid: 'e1' },
        },
      },
    ])
    expect(relay.messages[0]?.bytes.toString('latin1')).toBe(
      'Received: by mx.example.test\r\nSubject: x\r\n\r\nx\r\n',
    )
  })

  it('asks about an address where mail for it would go', async () => {
    const there = hosts.use(
      await openSink({
        rcpt: (address) => (address.startsWith('no') ? '550 5.1.1 no such user' : undefined),
      }),
    )
    const { remote } = await queued('Subject: x\r\n\r\nx\r\n', [
      `relayhost=[127.0.0.1]:${there.port}`,
      'smtpTlsSecurityLevel=none',
    ])
    expect(await remote.probe('x@remote.test')).toEqual({ kind: 'deliverable' })
    expect(await remote.probe('nobody@remote.test')).toMatchObject({ kind: 'undeliverable' })
    expect(there.messages).toEqual([])
  })

  it('goes to the next hop where there is no relay host', async () => {
    const there = hosts.use(await openSink())
    const { remote, message } = await queued('Subject: x\r\n\r\nx\r\n', [
      'smtpTlsSecurityLevel=none',
      'privateDestinationNetworks=127.0.0.0/8',
    ])
    await remote.deliver(message, routeTo(`[127.0.0.1]:${there.port}`), recipients, () => {})
    expect(there.messages).toHaveLength(1)
  })

  it.each([
    ['smtpLineLengthLimit=60', ['y'.repeat(60), ` ${'y'.repeat(40)}`]],
    ['smtpLineLengthLimit=0', ['y'.repeat(100)]],
  ])('folds lines by %s', async (setting, lines) => {
    const relay = hosts.use(await openSink())
    const { remote, message } = await queued(`Subject: x\r\n\r\n${'y'.repeat(100)}\r\n`, [
      `relayhost=[127.0.0.1]:${relay.port}`,
      'smtpTlsSecurityLevel=none',
      setting,
    ])
    await remote.deliver(message, routeTo(`[127.0.0.1]:${relay.port}`), recipients, () => {})
    expect(relay.messages[0]?.bytes.toString().split('\r\n').slice(3, -1)).toEqual(lines)
  })

  describe('cut off', () => {
    it('breaks a session that is under way, and opens no more', async () => {
      const asked = Promise.withResolvers<void>()
      // It hears MAIL, and then says nothing more.
      const host = hosts.use(await openSink({ options: { onMailFrom: () => asked.resolve() } }))
      const { remote, message } = await queued('Subject: x\r\n\r\nx\r\n', [
        `relayhost=[127.0.0.1]:${host.port}`,
        'smtpTlsSecurityLevel=none',
      ])
      expect(remote.isIdle()).toBe(true)
      const attempt = remote.deliver(
        message,
        routeTo(`[127.0.0.1]:${host.port}`),
        recipients,
        () => {},
      )
      await asked.promise
      expect(remote.isIdle()).toBe(false)
      remote.cutOff()
      expect((await attempt).results).toMatchObject([
        { kind: 'deferred', status: '4.4.2' },
        { kind: 'deferred', status: '4.4.2' },
      ])
      expect(remote.isIdle()).toBe(true)
      const more = await remote.deliver(
        message,
        routeTo(`[127.0.0.1]:${host.port}`),
        recipients,
        () => {},
      )
      expect(more.results).toMatchObject([{ kind: 'deferred' }, { kind: 'deferred' }])
    })
  })
})

describe('a delivery whose message cannot be read', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded

  beforeAll(async () => {
    opened = await openEmbedded({ clock })
  })
  afterAll(() => opened.close())

  it('is under way, and ends when it is cut off', async () => {
    const { backend, accept } = createPipeline(opened.store, clock)
    const queueId = await accept('Subject: \xc3\xa4\r\n\r\nx\r\n', ['x@remote.test'], {
      envelope: { smtpUtf8: true },
    })
    const [message] = await backend.queue.load([queueId])
    if (message === undefined) throw new Error('not queued')
    const read = vi.fn(() => new Promise<never>(() => {}))
    const { objects } = opened.store
    const silent: ObjectStore = {
      put: (...given) => objects.put(...given),
      stage: (...given) => objects.stage(...given),
      size: (...given) => objects.size(...given),
      stream: read,
      delete: (...given) => objects.delete(...given),
      list: (...given) => objects.list(...given),
      read,
    }
    const store: Store = { ...opened.store, objects: silent }
    const remote = openRemoteDelivery(
      { ...backend, store },
      { relayhostAuth: null, tlsCa: undefined },
    )
    expect(remote.isIdle()).toBe(true)
    const address = 'x@remote.test'
    const facts = { notify: [], originalRecipient: null, accountId: null, extension: null }
    const recipients = [{ address, original: address, ...facts }]
    const attempt = remote.deliver(message, routeTo('[192.0.2.1]'), recipients, () => {})
    await vi.waitFor(() => expect(read).toHaveBeenCalled())
    expect(remote.isIdle()).toBe(false)
    remote.cutOff()
    expect((await attempt).results).toMatchObject([{ kind: 'deferred', status: '4.3.2' }])
    expect(remote.isIdle()).toBe(true)
  })
})
