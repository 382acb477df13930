import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectTcp } from '#services/delivery/remote/connect.ts'
import { createInterruption } from '#services/delivery/remote/interruption.ts'
import type { DeliveryResult, FinalRecipient } from '#shared/contracts/delivery.ts'
import { routeTo } from '#test/support/next-hop.ts'
import { aQueuedMessage } from '#test/support/queued-message.ts'

const delivered: DeliveryResult = { kind: 'delivered', reply: '250 ok' }
const recipients = ['x', 'y'].map(
  (name): FinalRecipient => ({
    address: `${name}@remote.test`,
    accountId: null,
    extension: null,
    original: `${name}@remote.test`,
    notify: [],
    originalRecipient: null,
  }),
)

describe('an interruption of remote delivery', () => {
  const server = createServer((socket) => socket.on('error', () => undefined))
  let port = 0
  beforeEach(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    port = typeof address === 'object' ? (address?.port ?? 0) : 0
  })
  afterEach(() => new Promise((resolve) => server.close(resolve)))

  const to = () => ({ address: '127.0.0.1', port, timeoutMs: 10_000 })
  const closed = async (socket: Socket) => socket.closed || (await once(socket, 'close'))

  it('breaks the connections there are, and those that come to be later', async () => {
    const interruption = createInterruption(connectTcp)
    const before = await interruption.connect(to())
    expect(before.destroyed).toBe(false)
    interruption.cutOff()
    expect(before.destroyed).toBe(true)
    const after = await interruption.connect(to())
    expect(after.destroyed).toBe(true)
    await Promise.all([closed(before), closed(after)])
  })

  it('leaves alone what comes to its end by itself', async () => {
    const { guard, isIdle } = createInterruption(connectTcp)
    const deliver = guard(async (_message, _route, all) => {
      expect(isIdle()).toBe(false)
      return { results: all.map(() => delivered), destination: { kind: 'reached' } }
    })
    const attempt = deliver(aQueuedMessage(), routeTo('a.test'), recipients, () => {})
    expect(isIdle()).toBe(false)
    expect((await attempt).results).toEqual([delivered, delivered])
    expect(isIdle()).toBe(true)
  })

  it('is idle again after a delivery that rejects', async () => {
    const { guard, isIdle } = createInterruption(connectTcp)
    const deliver = guard(() => Promise.reject(new Error('a bug')))
    await expect(
      deliver(aQueuedMessage(), routeTo('a.test'), recipients, () => {}),
    ).rejects.toThrow('a bug')
    expect(isIdle()).toBe(true)
  })

  it('defers everybody of a delivery that waits for something else than a connection', async () => {
    const { guard, isIdle, cutOff } = createInterruption(connectTcp)
    const deliver = guard(() => new Promise(() => {}))
    const attempt = deliver(aQueuedMessage(), routeTo('a.test'), recipients, () => {})
    cutOff()
    expect((await attempt).results).toMatchObject([
      { kind: 'deferred', status: '4.3.2' },
      { kind: 'deferred', status: '4.3.2' },
    ])
    expect(isIdle()).toBe(true)
  })
})
