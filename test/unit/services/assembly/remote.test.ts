import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openRemoteDelivery } from '#services/assembly/remote.ts'
import type { ObjectStore, Store } from '#shared/storage/ports.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

describe('a delivery whose message cannot be read', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded

  beforeAll(async () => {
    opened = await openEmbedded({ clock })
  })
  afterAll(() => opened.close())

  it('is under way, and ends when it is cut off', async () => {
    const { core, accept } = createPipeline(opened.store, clock)
    const queueId = await accept('Subject: \xc3\xa4\r\n\r\nx\r\n', ['x@remote.test'], {
      envelope: { smtpUtf8: true },
    })
    const [message] = await core.queue.load([queueId])
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
    const remote = openRemoteDelivery({ ...core, store }, { relayhostAuth: null, tlsCa: undefined })
    expect(remote.isIdle()).toBe(true)
    const address = 'x@remote.test'
    const facts = { notify: [], originalRecipient: null, accountId: null, extension: null }
    const recipients = [{ address, original: address, ...facts }]
    const results = remote.deliver(message, '[192.0.2.1]', recipients, () => {})
    await vi.waitFor(() => expect(read).toHaveBeenCalled())
    expect(remote.isIdle()).toBe(false)
    remote.cutOff()
    expect(await results).toMatchObject([{ kind: 'deferred', status: '4.3.2' }])
    expect(remote.isIdle()).toBe(true)
  })
})
