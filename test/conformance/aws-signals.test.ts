// The Signals port on AWS, and what its watch registry, leases and queues look like from outside.

import { GetQueueUrlCommand, QueueDoesNotExist } from '@aws-sdk/client-sqs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Clock } from '#shared/runtime/clock.ts'
import { type Log, silentLog } from '#shared/runtime/log.ts'
import { removeDeadWatchQueues } from '#shared/storage/aws/watch-janitor.ts'
import type { Store } from '#shared/storage/ports.ts'
import { openInterceptedStore } from '#test/support/emulators/intercepted-store.ts'
import {
  createTestAws,
  hasDynamoDb,
  openAws,
  type TestAws,
  testFauxqs,
} from '#test/support/emulators/open-test-aws-store.ts'
import { eventually } from '#test/support/storage.ts'
import { describeSignals } from './signals.ts'

describe.skipIf(!(await hasDynamoDb()))('DynamoDB Local', () => {
  describeSignals('aws', () => openAws({ registerAfterMs: 0 }))

  describe('the watch registry', () => {
    let aws: TestAws
    let clock: TurnableClock
    let publisher: Store
    let watcher: Store

    beforeEach(async () => {
      const created = await createTestAws()
      if (created === undefined) throw new Error('no Java')
      aws = created
      clock = new TurnableClock()
      publisher = await aws.open({ taskId: 'publisher', registerAfterMs: 0, clock })
      watcher = await aws.open({ taskId: 'watcher', registerAfterMs: 0, clock })
    })
    afterEach(async () => {
      await publisher[Symbol.asyncDispose]()
      await watcher[Symbol.asyncDispose]()
    })

    const watch = { pk: 'W#folder', sk: 'T#watcher' }
    const lease = { pk: 'T#watcher', sk: 'LEASE' }
    const stored = (key: { readonly pk: string; readonly sk: string }) =>
      publisher.tables.mail.get(key, { consistent: true })

    it('brings hints from one task to another and back', async () => {
      const heard: string[] = []
      await watcher.signals.subscribe('folder', (hint) => heard.push(`watcher ${hint}`))
      await publisher.signals.subscribe('folder', (hint) => heard.push(`publisher ${hint}`))
      publisher.signals.publish('folder', '1')
      watcher.signals.publish('folder', '2')
      await eventually(
        () => heard.length,
        (count) => count === 4,
      )
      expect(heard.toSorted()).toEqual(['publisher 1', 'publisher 2', 'watcher 1', 'watcher 2'])
    })

    it('has one watch for a task, from the first subscription to the last', async () => {
      const first = await watcher.signals.subscribe('folder', () => undefined)
      expect(await stored(watch)).toEqual(watch)
      const second = await watcher.signals.subscribe('folder', () => undefined)
      await first.close()
      expect(await stored(watch)).toEqual(watch)
      await second.close()
      expect(await stored(watch)).toBeUndefined()
    })

    it('keeps the watch when leaving and coming cross each other', async () => {
      const first = await watcher.signals.subscribe('folder', () => undefined)
      const [, second] = await Promise.all([
        first.close(),
        watcher.signals.subscribe('folder', () => undefined),
      ])
      expect(await stored(watch)).toEqual(watch)
      await Promise.all([
        second.close(),
        watcher.signals.subscribe('folder', () => undefined).then((third) => third.close()),
      ])
      expect(await stored(watch)).toBeUndefined()
    })

    describe('of a task that registers after a second', () => {
      let patient: Store
      const patientWatch = { pk: 'W#folder', sk: 'T#patient' }

      beforeEach(async () => {
        patient = await aws.open({ taskId: 'patient', registerAfterMs: 1_000, clock })
      })
      afterEach(() => patient[Symbol.asyncDispose]())

      it('has nothing of who only looks in', async () => {
        const first = await patient.signals.subscribe('folder', () => undefined)
        clock.turn(500)
        await first.close()
        clock.turn(600)
        const second = await patient.signals.subscribe('folder', () => undefined)
        await second.close()
        clock.turn(2_000)
        await expect(watchQueueUrl('patient')).rejects.toThrow(QueueDoesNotExist)
        expect(await stored(patientWatch)).toBeUndefined()
      })

      it('tells who stays to look, for what it cannot have heard, and brings hints from then on', async () => {
        const heard: string[] = []
        await patient.signals.subscribe('folder', (hint) => heard.push(hint))
        publisher.signals.publish('folder', 'too early')
        patient.signals.publish('folder', 'from here')
        expect(heard).toEqual(['from here'])
        clock.turn(1_000)
        await eventually(
          () => heard.length,
          (count) => count === 2,
        )
        expect(heard).toEqual(['from here', ''])
        expect(await stored(patientWatch)).toEqual(patientWatch)
        publisher.signals.publish('folder', 'later')
        await eventually(
          () => heard.length,
          (count) => count === 3,
        )
        expect(heard[2]).toBe('later')
      })

      it('does not take a second look for a topic that is registered', async () => {
        const heard: string[] = []
        await patient.signals.subscribe('folder', (hint) => heard.push(`first ${hint}`))
        clock.turn(1_000)
        await eventually(
          () => heard.length,
          (count) => count === 1,
        )
        const second = await patient.signals.subscribe('folder', (hint) =>
          heard.push(`second ${hint}`),
        )
        clock.turn(1_000)
        await second.close()
        expect(await stored(patientWatch)).toEqual(patientWatch)
        expect(heard).toEqual(['first '])
      })
    })

    it('makes nothing for a task that only publishes', async () => {
      publisher.signals.publish('folder', '1')
      await expect(watchQueueUrl('publisher')).rejects.toThrow(QueueDoesNotExist)
    })

    it('has a lease and a queue while the task lives, and nothing after', async () => {
      await watcher.signals.subscribe('folder', () => undefined)
      expect(await stored(lease)).toMatchObject({ queueUrl: await watchQueueUrl('watcher') })
      await watcher[Symbol.asyncDispose]()
      expect(await stored(lease)).toBeUndefined()
      expect(await stored(watch)).toBeUndefined()
      await expect(watchQueueUrl('watcher')).rejects.toThrow(QueueDoesNotExist)
    })

    it('renews the lease every 30 seconds', async () => {
      await watcher.signals.subscribe('folder', () => undefined)
      const before = Number((await stored(lease))?.untilMs)
      clock.turn(30_000)
      const after = await eventually(
        async () => Number((await stored(lease))?.untilMs),
        (untilMs) => untilMs > before,
      )
      expect(after).toBe(before + 30_000)
    })

    it.each([
      ['writes to a task whose lease runs', 1, 1],
      ['does not write to a task whose lease has ended', -1, 0],
    ])('%s', async (_, leftMs, messages) => {
      const queueUrl = aws.options.queueUrls.incoming
      const untilMs = clock.now() + leftMs
      await publisher.tables.mail.batchWrite([
        { put: { pk: 'W#folder', sk: 'T#other' } },
        { put: { pk: 'T#other', sk: 'LEASE', queueUrl, untilMs } },
      ])
      publisher.signals.publish('folder', '1')
      await publisher[Symbol.asyncDispose]()
      const { sqs } = await testFauxqs()
      expect(sqs.getQueue(queueUrl)?.messages).toHaveLength(messages)
    })

    it('forgets the watches of a task that has no lease any more', async () => {
      const orphan = { pk: 'W#folder', sk: 'T#gone' }
      await watcher.tables.mail.write({ put: orphan })
      publisher.signals.publish('folder', '1')
      await publisher[Symbol.asyncDispose]()
      expect(await watcher.tables.mail.get(orphan, { consistent: true })).toBeUndefined()
    })

    it('loses the queues of dead tasks to the janitor, and no others', async () => {
      const { watchQueuePrefix = '' } = aws.options
      await watcher.signals.subscribe('folder', () => undefined)
      const killed = await aws.open({ taskId: 'killed', registerAfterMs: 0, clock })
      await killed.signals.subscribe('folder', () => undefined)
      const janitor = () =>
        removeDeadWatchQueues({
          sqs: aws.clients.sqs,
          table: publisher.tables.mail,
          watchQueuePrefix,
          clock,
          log: silentLog,
        })
      await killed.tables.mail.write({ delete: { pk: 'T#killed', sk: 'LEASE' } })
      expect(await janitor()).toBe(0) // so young that its task may be about to write the lease
      clock.turn(11 * 60_000)
      await eventually(
        async () => Number((await stored(lease))?.untilMs),
        (untilMs) => untilMs > clock.now(),
      )
      await killed.tables.mail.write({ delete: { pk: 'T#killed', sk: 'LEASE' } })
      expect(await janitor()).toBe(1)
      await expect(watchQueueUrl('killed')).rejects.toThrow(QueueDoesNotExist)
      expect(await watchQueueUrl('watcher')).toBeDefined()
      await killed[Symbol.asyncDispose]()
    })

    async function watchQueueUrl(taskId: string): Promise<string | undefined> {
      const QueueName = `${aws.options.watchQueuePrefix}${taskId}`
      return (await aws.clients.sqs.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl
    }
  })
})

describe('publishing', () => {
  it('only logs when the registry cannot be read', async () => {
    const warnings: string[] = []
    const log: Log = { ...silentLog, warn: (_, message) => warnings.push(message) }
    const store = await openInterceptedStore({ log, attemptsMax: 1 }, () =>
      Promise.reject(new Error('down')),
    )
    store.signals.publish('folder', '1')
    await store[Symbol.asyncDispose]()
    expect(warnings).toEqual(['cannot look up who watches'])
  })

  it('looks up a topic once or twice for a burst, and sends its hints together', async () => {
    const commands: string[] = []
    const store = await openInterceptedStore({}, async ({ command }) => {
      commands.push(command)
      const untilMs = { N: String(Date.now() + 60_000) }
      const lease = {
        pk: { S: 'T#t' },
        sk: { S: 'LEASE' },
        queueUrl: { S: 'http://q/1/t' },
        untilMs,
      }
      if (command === 'QueryCommand') return { Items: [{ pk: { S: 'W#f' }, sk: { S: 'T#t' } }] }
      return command === 'BatchGetItemCommand' ? { Responses: { mail: [lease] } } : {}
    })
    for (let modSeq = 1; modSeq <= 9; modSeq++) store.signals.publish('f', String(modSeq))
    await store[Symbol.asyncDispose]()
    expect(commands).toEqual([
      'QueryCommand',
      'BatchGetItemCommand',
      'SendMessageBatchCommand',
      'QueryCommand',
      'SendMessageBatchCommand',
    ])
  })
})

/** Time passes only when a test turns the hands. */
class TurnableClock implements Clock {
  #nowMs = Date.now()
  readonly #sleepers = new Set<{ readonly untilMs: number; wake(): void }>()

  now(): number {
    return this.#nowMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const sleeper = { untilMs: this.#nowMs + ms, wake: resolve }
    this.#sleepers.add(sleeper)
    signal?.addEventListener('abort', () => resolve())
    if (signal?.aborted === true) resolve()
    return promise
  }

  turn(ms: number): void {
    this.#nowMs += ms
    for (const sleeper of this.#sleepers) {
      if (sleeper.untilMs > this.#nowMs) continue
      this.#sleepers.delete(sleeper)
      sleeper.wake()
    }
  }
}
