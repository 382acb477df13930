// The fault wrappers: without faults they keep the port promises; with them they do what each fault says and nothing worse.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { ConditionFailed, Conflict, type Item, type Store } from '#shared/storage/ports.ts'
import { Crashed, type CrashPoint } from '#test/support/faults/gate.ts'
import {
  type Fault,
  type FaultPlan,
  type FaultRates,
  randomFaults,
  seededRandom,
} from '#test/support/faults/plan.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import { collect, unique } from '#test/support/storage.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'
import { describeObjectStore } from './object-store.ts'
import { describeSignals } from './signals.ts'
import { describeTable } from './table.ts'

const behindFaults = (rates: FaultRates) => async () => {
  const opened = await openEmbedded()
  const random = seededRandom(7)
  const store = withFaults(opened.store, { plan: randomFaults(random, rates), random })
  return { store, close: opened.close }
}

describeTable('embedded behind no faults', behindFaults({}))
describeTable('embedded behind torn reads', behindFaults({ torn: 1 }))
describeObjectStore('embedded behind no faults', behindFaults({}))
describeSignals('embedded behind lost signals', behindFaults({ lost: 0.5 }))

/** The fault at the call of this name, every time. */
function at(operation: string, fault: Fault): FaultPlan {
  return (call) => (call.operation === operation ? fault : undefined)
}

describe('a faulty store', () => {
  let inner: Store
  let close: () => Promise<void>
  beforeEach(async () => {
    const opened = await openEmbedded()
    inner = opened.store
    close = opened.close
  })
  afterEach(async () => await close())

  const key = { pk: 'p', sk: 's' }

  it('throttles before the effect', async () => {
    const store = withFaults(inner, { plan: at('write', 'throttled') })
    await expect(store.tables.mail.write({ put: key })).rejects.toThrow(TemporaryFailure)
    expect(await inner.tables.mail.get(key, { consistent: true })).toBeUndefined()
  })

  it('leaves a call unanswered after its effect, even a refused one', async () => {
    const store = withFaults(inner, { plan: at('transact', 'unanswered') })
    const write = { put: key, if: { absent: 'pk' } } as const
    await expect(store.tables.mail.transact([write])).rejects.toThrow(TemporaryFailure)
    expect(await inner.tables.mail.get(key, { consistent: true })).toEqual(key)
    await expect(store.tables.mail.transact([write])).rejects.toThrow(TemporaryFailure)
    await expect(inner.tables.mail.transact([write])).rejects.toThrow(ConditionFailed)
  })

  it('lets transactions conflict without effect', async () => {
    const store = withFaults(inner, { plan: at('transact', 'conflict') })
    await expect(store.tables.mail.transact([{ put: key }])).rejects.toThrow(Conflict)
    expect(await inner.tables.mail.get(key, { consistent: true })).toBeUndefined()
  })

  it('aims at one call by number', async () => {
    const store = withFaults(inner, {
      plan: ({ number }) => (number === 2 ? 'throttled' : undefined),
    })
    await store.tables.mail.write({ put: key })
    await expect(store.objects.size('o')).rejects.toThrow(TemporaryFailure)
    expect(await store.objects.size('o')).toBeUndefined()
    expect(store.calls).toBe(3)
  })

  it('repeats a run exactly from its seed', () => {
    const draw = (seed: number) => {
      const plan = randomFaults(seededRandom(seed), { throttled: 0.3, unanswered: 0.3 })
      return Array.from({ length: 50 }, (_, number) =>
        plan({ port: 'table', name: 'mail', operation: 'write', number }),
      )
    }
    expect(draw(1)).toEqual(draw(1))
    expect(draw(1)).not.toEqual(draw(2))
    expect(new Set(draw(1))).toEqual(new Set(['throttled', 'unanswered', undefined]))
  })

  it('breaks a stream after its first chunk', async () => {
    await inner.objects.put('o', new Uint8Array(300_000))
    const store = withFaults(inner, { plan: at('stream', 'broken') })
    const stream = await store.objects.stream('o')
    await expect(collect(stream ?? [])).rejects.toThrow(TemporaryFailure)
  })

  it('delivers a message again that was acknowledged', async () => {
    const store = withFaults(inner, { plan: at('receive', 'duplicated'), random: () => 0 })
    const options = { max: 10, visibilitySeconds: 60, waitSeconds: 0 }
    await store.queues.incoming.send(['twice'])
    const first = await store.queues.incoming.receive(options)
    await store.queues.incoming.acknowledge(first.map((message) => message.receipt))
    const second = await store.queues.incoming.receive(options)
    expect(second).toEqual(first)
    await store.queues.incoming.acknowledge(second.map((message) => message.receipt))
    expect(await inner.queues.incoming.receive(options)).toEqual([])
  })

  it('delivers late and out of order but loses nothing', async () => {
    const bodies = Array.from({ length: 40 }, (_, n) => `m${String(n).padStart(2, '0')}`)
    const random = seededRandom(3)
    const store = withFaults(inner, { plan: randomFaults(random, { delayed: 0.7 }), random })
    await store.queues.incoming.send(bodies)
    const received: string[] = []
    while (received.length < bodies.length) {
      const messages = await store.queues.incoming.receive({
        max: 10,
        visibilitySeconds: 600,
        waitSeconds: 0,
      })
      received.push(...messages.map((message) => message.body))
      await store.queues.incoming.acknowledge(messages.map((message) => message.receipt))
    }
    expect(received).not.toEqual(bodies)
    expect(received.sort()).toEqual(bodies)
  })

  it('loses a hint', async () => {
    const store = withFaults(inner, {
      plan: ({ operation, number }) =>
        operation === 'publish' && number === 2 ? 'lost' : undefined,
    })
    const heard = new Set<string>()
    const { promise, resolve } = Promise.withResolvers<void>()
    await store.signals.subscribe('topic', (hint) => {
      heard.add(hint)
      resolve()
    })
    store.signals.publish('topic', 'lost')
    store.signals.publish('topic', 'heard')
    await promise
    expect(heard).toEqual(new Set(['heard']))
  })

  describe('with torn reads', () => {
    const keys = ['a', 'b', 'c', 'd'].map((sk) => ({ pk: 'torn', sk }))

    it('shows transactions half applied, but only while they are under way', async () => {
      const random = seededRandom(11)
      const store = withFaults(inner, { plan: randomFaults(random, { torn: 1 }), random })
      const { mail } = store.tables
      await mail.transact(keys.map((key) => ({ put: { ...key, n: 0 } })))
      let [torn, whole] = [0, 0]
      for (let n = 1; n <= 40; n += 1) {
        let writing = true
        const written = mail.transact(keys.map((key) => ({ put: { ...key, n } }))).finally(() => {
          writing = false
        })
        while (writing) {
          const { items } = await mail.query({ pk: 'torn', consistent: true })
          if (distinct(items).size > 1) torn += 1
          else whole += 1
          expect(distinct(await mail.transactGet(keys)).size).toBe(1)
          await new Promise((resolve) => setImmediate(resolve))
        }
        await written
        const after = await mail.query({ pk: 'torn', consistent: true })
        expect(distinct(after.items)).toEqual(new Set([n]))
        expect(distinct(await mail.batchGet(keys, { consistent: true }))).toEqual(new Set([n]))
      }
      expect(torn).toBeGreaterThan(0)
      expect(whole).toBeGreaterThan(0)
    })

    it('never shows an old item again once a consistent read showed the new one', async () => {
      const random = seededRandom(5)
      const store = withFaults(inner, { plan: randomFaults(random, { torn: 1 }), random })
      const { mail } = store.tables
      const seen = new Map<string, number>()
      let writing = true
      const write = async () => {
        for (let n = 1; n <= 40; n += 1) {
          await mail.transact(keys.map((key) => ({ put: { ...key, n } })))
        }
        writing = false
      }
      const written = write()
      while (writing) {
        const { items } = await mail.query({ pk: 'torn', consistent: true })
        for (const item of items) {
          expect(Number(item.n)).toBeGreaterThanOrEqual(seen.get(item.sk) ?? 0)
          seen.set(item.sk, Number(item.n))
        }
        await new Promise((resolve) => setImmediate(resolve))
      }
      await written
    })

    it('shows items of the past to reads that are not consistent', async () => {
      const random = seededRandom(9)
      const store = withFaults(inner, { plan: randomFaults(random, { torn: 1 }), random })
      const { mail } = store.tables
      for (let n = 1; n <= 10; n += 1) {
        await mail.transact(keys.map((key) => ({ put: { ...key, n } })))
      }
      const { items } = await mail.query({ pk: 'torn' })
      expect(distinct(items)).not.toEqual(new Set([10]))
    })
  })

  describe('with a crash point', () => {
    const steps = async (store: Store) => {
      await store.tables.mail.write({ put: { pk: 'crash', sk: 'first' } })
      await store.objects.put('crash', new Uint8Array(10))
      await store.tables.mail.write({ put: { pk: 'crash', sk: 'second' } })
    }
    const done = async () => [
      (await inner.tables.mail.get({ pk: 'crash', sk: 'first' }, { consistent: true })) !==
        undefined,
      (await inner.objects.size('crash')) !== undefined,
      (await inner.tables.mail.get({ pk: 'crash', sk: 'second' }, { consistent: true })) !==
        undefined,
    ]
    const cases: readonly (readonly [CrashPoint, readonly boolean[]])[] = [
      [{ call: 1, effect: 'none' }, [false, false, false]],
      [{ call: 1, effect: 'done' }, [true, false, false]],
      [{ call: 2, effect: 'none' }, [true, false, false]],
      [{ call: 2, effect: 'done' }, [true, true, false]],
      [{ call: 3, effect: 'done' }, [true, true, true]],
    ]
    it.each(cases)('stops at %j', async (crashPoint, expected) => {
      const store = withFaults(inner, { crashPoint })
      await expect(steps(store)).rejects.toThrow(Crashed)
      expect(store.crashed).toBe(true)
      await expect(store.tables.mail.get({ pk: 'p', sk: 's' })).rejects.toThrow(Crashed)
      expect(await done()).toEqual(expected)
    })

    it('does not crash before it is reached, and counts the calls to try', async () => {
      const store = withFaults(inner, { crashPoint: { call: 4, effect: 'none' } })
      await steps(store)
      expect(store.calls).toBe(3)
      expect(store.crashed).toBe(false)
    })

    it('ends what waits and keeps the answers of calls under way', async () => {
      const store = withFaults(inner, { crashPoint: { call: 3, effect: 'none' } })
      const waiting = store.queues.active.receive({ max: 1, visibilitySeconds: 1, waitSeconds: 20 })
      const underWay = store.tables.mail.write({ put: { pk: 'crash', sk: 'under way' } })
      const outcomes = Promise.allSettled([waiting, underWay, store.objects.size('o')])
      for (const outcome of await outcomes) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(Crashed) })
      }
    })

    it('says nothing to subscribers any more', async () => {
      const topic = unique()
      const heard: string[] = []
      const store = withFaults(inner, { crashPoint: { call: 2, effect: 'none' } })
      await store.signals.subscribe(topic, (hint) => heard.push(hint))
      store.signals.publish(topic, 'the crash')
      const { promise, resolve } = Promise.withResolvers<void>()
      await inner.signals.subscribe(topic, () => resolve())
      inner.signals.publish(topic, 'from another process')
      await promise
      expect(heard).toEqual([])
    })
  })
})

function distinct(items: readonly (Item | undefined)[]): Set<unknown> {
  return new Set(items.map((item) => item?.n))
}
