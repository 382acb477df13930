// The queue manager on bells, a queue and a delivery that a test holds in its hands.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { GroupOutcome } from '#services/delivery/delivery.ts'
import { createLimits, type LimitSettings } from '#services/delivery/queue-manager/limits.ts'
import {
  type QueueManager,
  startQueueManager,
} from '#services/delivery/queue-manager/queue-manager.ts'
import { asFlush, formatBell, parseBell } from '#shared/queue/bells.ts'
import type { MailQueue } from '#shared/queue/mail-queue.ts'
import type { Group } from '#shared/queue/records.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { loadSettings } from '#shared/settings/load.ts'
import type { Store } from '#shared/storage/ports.ts'
import { eventually } from '#test/support/accounts.ts'
import { mailQueueOn, queuedMessage, recipient } from '#test/support/mail-queue.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const MINUTE_MS = 60_000
const reached: GroupOutcome = { destination: { kind: 'reached' } }
const refused: GroupOutcome = { destination: { kind: 'unreachable', reply: 'refused' } }
const later = { kind: 'deferred', status: '4.4.1', reply: 'refused' } as const

type UnderWay = {
  readonly bell: string
  readonly end: (outcome: GroupOutcome) => void
  readonly fail: (error: unknown) => void
}

describe('the queue manager', () => {
  let clock: ManualClock
  let opened: OpenedEmbedded
  let store: Store
  let queue: MailQueue
  let settings: LimitSettings
  let underWay: UnderWay[]
  let suspended: string[]
  let slots: Map<string, string>
  let manager: QueueManager | undefined
  /** Of this domain the way cannot be found. */
  let lost: string

  beforeEach(async () => {
    clock = new ManualClock(Date.UTC(2026, 10, 20))
    opened = await openEmbedded({ clock })
    store = opened.store
    queue = mailQueueOn(store, clock)
    underWay = []
    suspended = []
    slots = new Map()
    lost = ''
    set()
  })
  afterEach(async () => {
    const stopped = manager?.stop()
    for (const { end } of underWay) end(reached)
    await stopped
    manager = undefined
    await opened.close()
  })

  function set(...overrides: readonly string[]): void {
    const loaded = loadSettings({ environment: {}, overrides: ['hostname=mx.test', ...overrides] })
    if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
    settings = loaded.settings
  }

  function open(): QueueManager {
    manager = startQueueManager({
      bells: [store.queues.active, store.queues.deferred],
      queue,
      delivery: {
        deliver: (bell) =>
          new Promise((end, fail) => {
            underWay.push({ bell, end, fail })
          }),
        async suspend({ group }, reason) {
          suspended.push(`${formatBell(group)}: ${reason}`)
        },
      },
      routes: {
        slotOf: async ({ address }) => {
          const domain = address.slice(address.indexOf('@') + 1)
          if (domain === lost) throw new TemporaryFailure('no map now')
          return slots.get(domain) ?? domain
        },
      },
      limits: createLimits(() => settings),
      clock,
      log: silentLog,
    })
    return manager
  }

  /** A message for one recipient, whose bell has been rung. */
  async function send(to: string, sender = 'ann@here.test'): Promise<string> {
    const message = queuedMessage(clock.now(), { envelope: { sender } })
    await queue.add(message)
    const slot = to.slice(to.indexOf('@') + 1)
    const destination = { kind: 'remote', slot } as const
    const recipients = [recipient(to)]
    await queue.split(message, [{ destination, recipients, state: { kind: 'waiting' } }])
    return `${message.queueId} ${slot}/0`
  }

  const started = (count: number) =>
    eventually(`${count} deliveries`, async () => (underWay.length >= count ? underWay : undefined))
  const bells = () => underWay.map(({ bell }) => bell)
  const left = async (name: 'active' | 'deferred') => {
    const all = await store.queues[name].receive({ max: 99, visibilitySeconds: 60, waitSeconds: 0 })
    return all.map(({ body }) => body)
  }
  /** Whatever it does at once is done. */
  const quiet = async () => {
    for (let n = 0; n < 20; n++) await store.tables.counters.write({ put: { pk: 'x', sk: 'y' } })
  }

  it('delivers what bells ring for, and takes the bells', async () => {
    const bell = await send('x@a.test')
    open()
    await started(1)
    expect(bells()).toEqual([bell])
    await quiet()
    await clock.advance(3 * MINUTE_MS)
    expect(await left('active')).toEqual([])
  })

  it('looks again later for the way of one, and does not keep others waiting', async () => {
    lost = 'b.test'
    const [a, b, c] = [await send('x@a.test'), await send('x@b.test'), await send('x@c.test')]
    open()
    await started(2)
    expect(bells().sort()).toEqual([a, c].sort())
    await quiet()
    lost = ''
    await clock.advance(MINUTE_MS)
    await started(3)
    expect(bells()).toContain(b)
  })

  it('delivers once what is rung again and again', async () => {
    const bell = await send('x@a.test')
    open()
    await started(1)
    await store.queues.active.send([bell, bell])
    await store.queues.deferred.send([bell])
    await send('y@b.test')
    await started(2)
    await quiet()
    expect(bells().filter((one) => one === bell)).toHaveLength(1)
  })

  it('passes over bells of what is gone, held, taken, or due later', async () => {
    const [held, taken, due] = [
      await send('h@h.test'),
      await send('t@t.test'),
      await send('d@d.test'),
    ]
    const take = async (bell: string) => {
      const parsed = parseBell(bell)
      return parsed && (await queue.take(parsed.queueId, parsed.group))
    }
    const isHeld = await take(held)
    if (isHeld) await queue.holdTaken(isHeld.group)
    await take(taken)
    await putOff(due)
    await store.queues.active.send([`${held.slice(0, 18)} none/1`, 'nonsense'])
    open()
    const bell = await send('x@a.test')
    await started(1)
    await quiet()
    expect(bells()).toEqual([bell])
  })

  async function putOff(bell: string): Promise<Group> {
    const parsed = parseBell(bell)
    const [seen] = parsed ? await queue.peek([parsed]) : []
    if (seen === undefined) throw new Error('nothing there')
    await queue.putOff(seen.group, later, clock.now() + 10 * MINUTE_MS)
    return seen.group
  }

  it('a hung destination keeps nobody waiting but its own', async () => {
    for (let n = 0; n < 30; n++) await send('x@hung.test')
    open()
    await started(5)
    for (let n = 0; n < 10; n++) {
      const bell = await send(`x@fast${n % 3}.test`)
      await eventually('it is delivered', async () => bells().includes(bell) || undefined)
      underWay.find((one) => one.bell === bell)?.end(reached)
    }
    expect(bells().filter((bell) => bell.includes('hung'))).toHaveLength(5)
  })

  it('puts off what waits for a destination that does not answer, and what comes for it, until it may', async () => {
    set('initialDestinationConcurrency=1')
    const waiting = [await send('x@dead.test'), await send('x@dead.test')]
    open()
    const [first] = await started(1)
    first?.end(refused)
    const rest = waiting.filter((bell) => bell !== first?.bell)
    await eventually('it is put off', async () => suspended.length === 1 || undefined)
    expect(suspended).toEqual([`${rest[0]}: refused`])
    await send('x@dead.test')
    await eventually('it is put off', async () => suspended.length === 2 || undefined)
    await clock.advance(6 * MINUTE_MS)
    const again = await send('x@dead.test')
    await started(2)
    expect(bells().at(-1)).toBe(again)
  })

  it('tries what an operator flushes, dead or not due', async () => {
    set('initialDestinationConcurrency=1')
    await send('x@dead.test')
    open()
    const [first] = await started(1)
    const due = await send('y@dead.test')
    await quiet()
    first?.end(refused)
    await eventually('it is put off', async () => suspended.length === 1 || undefined)
    await putOff(due)
    await store.queues.active.send([asFlush(due)])
    await started(2)
    expect(bells().at(-1)).toBe(asFlush(due))
  })

  it('rings again for what the store failed on, and not for what is a bug', async () => {
    const bell = await send('x@a.test')
    const bug = await send('y@b.test')
    open()
    await started(2)
    for (const one of underWay) {
      one.fail(one.bell === bug ? new Error('a bug') : new TemporaryFailure('no store'))
    }
    await quiet()
    expect(underWay).toHaveLength(2)
    await clock.advance(20_000)
    await started(3)
    expect(bells().at(-1)).toBe(bell)
  })

  it('sends away what finds no room, to come again when there is some', async () => {
    set('qmgrMessageActiveLimit=10', 'initialDestinationConcurrency=1')
    for (let n = 0; n < 12; n++) await send('x@a.test')
    const running = open()
    await started(1)
    await quiet()
    expect(running.room).toBeGreaterThan(0)
    const other = await send('x@b.test')
    await started(2)
    expect(bells().at(-1)).toBe(other)
    for (let n = 1; n <= 13; n++) {
      await eventually(`delivery ${n}`, async () => {
        await clock.advance(5_000)
        underWay[n - 1]?.end(reached)
        return underWay.length >= Math.min(13, n + 1) || undefined
      })
    }
    expect(new Set(bells()).size).toBe(13)
  })

  it('asks again where waiting mail goes when ways may have changed', async () => {
    set('initialDestinationConcurrency=1')
    for (let n = 0; n < 3; n++) await send('x@a.test')
    const running = open()
    await started(1)
    slots.set('a.test', '[relay.test]')
    await running.reroute()
    // It has room of its own there.
    await started(2)
    underWay.at(-1)?.end(reached)
    await started(3)
  })

  it('ends what it has begun when it is stopped, and begins nothing more', async () => {
    set('initialDestinationConcurrency=1')
    for (let n = 0; n < 3; n++) await send('x@a.test')
    const running = open()
    const [first] = await started(1)
    await quiet()
    let isStopped = false
    const stopped = running.stop().then(() => {
      isStopped = true
    })
    await quiet()
    expect(isStopped).toBe(false)
    first?.end(reached)
    await stopped
    expect(underWay).toHaveLength(1)
  })
})
