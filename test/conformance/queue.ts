// The promises of the Queue port (shared/storage/ports.ts), for any driver. Each case has queues of its own.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  QUEUE_BODY_BYTES_MAX,
  type Queue,
  type QueueMessage,
  queueLayouts,
  StorageMisuse,
  type Store,
} from '#shared/storage/ports.ts'
import { type Open, type SuiteOptions, unique } from '#test/support/storage.ts'

const ATTEMPTS_MAX = 200

export function describeQueue(name: string, open: Open, options: SuiteOptions = {}): void {
  describe(`${name}: Queue`, () => {
    let store: Store
    let close: () => Promise<void>
    let queue: Queue
    beforeEach(async () => {
      ;({ store, close } = await open())
      queue = store.queues.incoming
    })
    afterEach(async () => await close())

    const receiveOne = async (visibilitySeconds = 30, waitSeconds = 5) => {
      const [message] = await queue.receive({ max: 1, visibilitySeconds, waitSeconds })
      if (message === undefined) throw new Error('no message was received')
      return message
    }

    it('delivers what was sent', async () => {
      const body = `ünïcode 😀\n"json": ${unique()}`
      await queue.send([body])
      const message = await receiveOne()
      expect(message).toMatchObject({ body, receives: 1 })
      expect(message.id).not.toBe('')
      await queue.acknowledge([message.receipt])
    })

    it('takes more than ten messages at once and delivers each', async () => {
      const bodies = Array.from({ length: 25 }, (_, n) => `message ${n}`)
      await queue.send(bodies)
      const received = await receiveAll(queue, bodies.length)
      expect(received.map((message) => message.body).sort()).toEqual([...bodies].sort())
      expect(new Set(received.map((message) => message.id)).size).toBe(bodies.length)
    })

    it('sends nothing for an empty list', async () => {
      await queue.send([])
      expect(await queue.receive({ max: 10, visibilitySeconds: 5, waitSeconds: 0 })).toEqual([])
    })

    it('delivers at most `max` messages', async () => {
      await queue.send(['a', 'b', 'c', 'd', 'e'])
      const received = await queue.receive({ max: 2, visibilitySeconds: 30, waitSeconds: 5 })
      expect(received.length).toBeGreaterThan(0)
      expect(received.length).toBeLessThanOrEqual(2)
    })

    it('keeps queues apart', async () => {
      await queue.send(['for incoming'])
      expect(
        await store.queues.active.receive({ max: 10, visibilitySeconds: 5, waitSeconds: 0 }),
      ).toEqual([])
    })

    it('hides a received message from others and forgets an acknowledged one', async () => {
      await queue.send(['once'])
      const message = await receiveOne(2)
      expect(await queue.receive({ max: 10, visibilitySeconds: 2, waitSeconds: 0 })).toEqual([])
      await queue.acknowledge([message.receipt])
      expect(await queue.receive({ max: 10, visibilitySeconds: 2, waitSeconds: 3 })).toEqual([])
    })

    it('delivers again what was not acknowledged, and counts', async () => {
      await queue.send(['again'])
      const first = await receiveOne(1)
      const second = await receiveOne(30, 10)
      expect(second).toMatchObject({ id: first.id, body: 'again', receives: 2 })
      expect(second.receipt).not.toBe(first.receipt)
    })

    it('makes a message visible at once by extending it by 0', async () => {
      await queue.send(['now'])
      const first = await receiveOne(30)
      await queue.extend([first.receipt], 0)
      expect(await receiveOne(30)).toMatchObject({ id: first.id, receives: 2 })
    })

    it('hides a message for longer by extending it, and still takes its receipt', async () => {
      await queue.send(['longer'])
      const first = await receiveOne(1)
      await queue.extend([first.receipt], 30)
      expect(await queue.receive({ max: 1, visibilitySeconds: 1, waitSeconds: 2 })).toEqual([])
      await queue.extend([first.receipt], 1)
      await queue.acknowledge([first.receipt])
      expect(await queue.receive({ max: 1, visibilitySeconds: 1, waitSeconds: 2 })).toEqual([])
    })

    it('takes a stale receipt without an error', async () => {
      await queue.send(['stale'])
      const first = await receiveOne(30)
      await queue.extend([first.receipt], 0)
      const second = await receiveOne(30)
      await queue.acknowledge([second.receipt])
      await queue.acknowledge([first.receipt, second.receipt])
      await queue.extend([first.receipt, second.receipt], 0)
      expect(await queue.receive({ max: 1, visibilitySeconds: 1, waitSeconds: 0 })).toEqual([])
    })

    it('acknowledges and extends more than ten receipts', async () => {
      await queue.send(Array.from({ length: 23 }, (_, n) => `m${n}`))
      const received = await receiveAll(queue, 23)
      const receipts = received.map((message) => message.receipt)
      await queue.extend(receipts, 60)
      await queue.extend(receipts.slice(0, 12), 0)
      expect(await receiveAll(queue, 12)).toHaveLength(12)
      await queue.acknowledge(receipts.slice(12))
      await queue.acknowledge([])
      await queue.extend([], 5)
    })

    it('does not deliver before the delay is over', async () => {
      await queue.send(['late'], { delaySeconds: 2 })
      expect(await queue.receive({ max: 1, visibilitySeconds: 5, waitSeconds: 0 })).toEqual([])
      expect(await receiveOne(30, 10)).toMatchObject({ body: 'late', receives: 1 })
    })

    it('wakes a waiting receiver when a message is sent', async () => {
      const waiting = queue.receive({ max: 10, visibilitySeconds: 30, waitSeconds: 20 })
      await queue.send(['wake up'])
      expect((await waiting).map((message) => message.body)).toEqual(['wake up'])
    })

    it('gives each message to one of several waiting receivers', async () => {
      const receivers = Array.from({ length: 4 }, () =>
        queue.receive({ max: 1, visibilitySeconds: 60, waitSeconds: 10 }),
      )
      await queue.send(['1', '2', '3', '4'])
      const received = (await Promise.all(receivers)).flat()
      expect(received.map((message) => message.body).sort()).toEqual(['1', '2', '3', '4'])
    })

    it('ends a wait with nothing when nothing comes', async () => {
      expect(await queue.receive({ max: 1, visibilitySeconds: 5, waitSeconds: 1 })).toEqual([])
    })

    it('ends a wait with nothing when it is aborted', async () => {
      const stop = new AbortController()
      const waiting = queue.receive({
        max: 1,
        visibilitySeconds: 30,
        waitSeconds: 20,
        signal: stop.signal,
      })
      stop.abort()
      expect(await waiting).toEqual([])
      expect(
        await queue.receive({
          max: 1,
          visibilitySeconds: 30,
          waitSeconds: 20,
          signal: AbortSignal.abort(),
        }),
      ).toEqual([])
      await queue.send(['still here'])
      expect(await receiveOne(30, 10)).toMatchObject({ body: 'still here' })
    })

    it('moves a message to the dead-letter queue after its last delivery', async () => {
      await queue.send(['poison', 'poison too'])
      for (let delivery = 1; delivery <= queueLayouts.incoming.receivesMax; delivery += 1) {
        const received = await receiveAll(queue, 2)
        expect(received.map((message) => message.receives)).toEqual([delivery, delivery])
        await queue.extend(
          received.map((message) => message.receipt),
          0,
        )
      }
      expect(await queue.receive({ max: 10, visibilitySeconds: 1, waitSeconds: 1 })).toEqual([])
      const dead = await receiveAll(store.queues['incoming-dead'], 2)
      expect(dead.map((message) => message.body).sort()).toEqual(['poison', 'poison too'])
    })

    it('loses and repeats nothing among concurrent receivers', async () => {
      const bodies = Array.from({ length: options.slow ? 40 : 200 }, (_, n) => `m${n}`)
      const seen: string[] = []
      const work = async () => {
        while (seen.length < bodies.length) {
          const received = await queue.receive({ max: 7, visibilitySeconds: 120, waitSeconds: 1 })
          seen.push(...received.map((message) => message.body))
          await queue.acknowledge(received.map((message) => message.receipt))
        }
      }
      const workers = [work(), work(), work()]
      for (let first = 0; first < bodies.length; first += 20) {
        await queue.send(bodies.slice(first, first + 20))
      }
      await Promise.all(workers)
      expect(seen.sort()).toEqual([...bodies].sort())
    })

    it('takes the largest body and refuses a larger one', async () => {
      const body = 'ü'.repeat(QUEUE_BODY_BYTES_MAX / 2)
      await queue.send([body])
      expect((await receiveOne()).body === body).toBe(true)
      await expect(queue.send([`${body}x`])).rejects.toThrow(StorageMisuse)
      await expect(queue.send([''])).rejects.toThrow(StorageMisuse)
    })

    it('takes the longest delay and visibility and refuses longer ones', async () => {
      await queue.send(['a'], { delaySeconds: 900 })
      await expect(queue.send(['a'], { delaySeconds: 901 })).rejects.toThrow(StorageMisuse)
      await expect(queue.send(['a'], { delaySeconds: -1 })).rejects.toThrow(StorageMisuse)
      await queue.send(['b'])
      const message = await receiveOne(43_200)
      await queue.extend([message.receipt], 43_200)
      await expect(queue.extend([message.receipt], 43_201)).rejects.toThrow(StorageMisuse)
      await expect(
        queue.receive({ max: 1, visibilitySeconds: 43_201, waitSeconds: 0 }),
      ).rejects.toThrow(StorageMisuse)
      await expect(queue.receive({ max: 0, visibilitySeconds: 1, waitSeconds: 0 })).rejects.toThrow(
        StorageMisuse,
      )
    })
  })
}

/** Receives until so many messages came; drivers may return fewer than asked for. */
async function receiveAll(queue: Queue, count: number): Promise<readonly QueueMessage[]> {
  const received: QueueMessage[] = []
  for (let attempt = 0; received.length < count && attempt < ATTEMPTS_MAX; attempt += 1) {
    const max = Math.min(10, count - received.length)
    received.push(...(await queue.receive({ max, visibilitySeconds: 60, waitSeconds: 1 })))
  }
  return received
}
