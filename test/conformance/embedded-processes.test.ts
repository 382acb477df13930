// Two processes on one data folder (the server and the command line), and SIGKILL at any instant.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import type { Store } from '#shared/storage/ports.ts'
import { Child, runChild } from '#test/support/start-child.ts'
import { allPages, eventually, unique } from '#test/support/storage.ts'
import { type Report, stepName } from '#test/support/storage-child.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const KILL_ROUNDS = 3
const WRITERS = 16

describe('two processes on one data folder', () => {
  let opened: OpenedEmbedded
  let store: Store
  beforeEach(async () => {
    opened = await openEmbedded()
    store = opened.store
  })
  afterEach(async () => await opened.close())

  const start = (task: ConstructorParameters<typeof Child>[1]) => new Child(opened.directory, task)

  it('keep every acknowledged write and no torn transaction when one is killed', async () => {
    for (let round = 0; round < KILL_ROUNDS; round += 1) {
      const prefix = `round${round}-`
      await using child = start({ kind: 'load', prefix, writers: WRITERS })
      await child.reported('acknowledged', 500 + round * 137)
      await child.kill()
      // The survivor goes on although the other process may have died inside a transaction.
      await store.tables.mail.write({ put: { pk: unique(), sk: 's' } })
      for (let writer = 0; writer < WRITERS; writer += 1) {
        await expectWhole(store, `${prefix}${writer}`, lastStep(child.reports, writer))
      }
    }
  })

  it('keep everything over a kill when nobody else has the folder open', async () => {
    await opened.store[Symbol.asyncDispose]()
    await using child = start({ kind: 'load', prefix: 'alone-', writers: WRITERS })
    await child.reported('acknowledged', 500)
    await child.kill()
    store = await opened.reopen()
    for (let writer = 0; writer < WRITERS; writer += 1) {
      await expectWhole(store, `alone-${writer}`, lastStep(child.reports, writer))
    }
  })

  it('keep every acknowledged object whole when one is killed', async () => {
    await using child = start({ kind: 'objects', prefix: 'killed' })
    await child.reported('acknowledged', 60)
    await child.kill()
    const listed = await allPages((after) => store.objects.list('killed/', after))
    expect(listed.length).toBeGreaterThanOrEqual(lastStep(child.reports, 0))
    for (const [position, { key, bytes }] of listed.entries()) {
      const step = position + 1
      expect(key).toBe(`killed/${stepName(step)}`)
      expect(bytes).toBe(step % 2 === 0 ? 1_000 : 80_000)
      const read = await store.objects.read(key)
      expect(read?.length).toBe(bytes)
      expect(read?.every((byte) => byte === step % 256)).toBe(true)
    }
  })

  it('increment a counter under conditions without losing one', async () => {
    const pk = unique()
    const times = 150
    const children = [1, 2].map(() => start({ kind: 'increment', pk, times }))
    expect(await Promise.all(children.map((child) => child.exitCode()))).toEqual([0, 0])
    expect(await store.tables.mail.get({ pk, sk: 'counter' }, { consistent: true })).toMatchObject({
      n: times * 2,
    })
    const steps = await allPages((after) =>
      store.tables.mail.query({
        pk,
        sk: { prefix: '0' },
        consistent: true,
        ...(after && { after }),
      }),
    )
    expect(steps.map((item) => item.sk)).toEqual(
      Array.from({ length: times * 2 }, (_, step) => stepName(step + 1)),
    )
    expect(new Set(steps.map((item) => item.by)).size).toBe(2)
  })

  it('wake each other through a queue', async () => {
    await using receiver = start({ kind: 'receive', waitSeconds: 20 })
    await receiver.reported('ready')
    await store.queues.incoming.send(['from the parent'])
    await receiver.reported('done')
    expect(receiver.reports).toContainEqual({ kind: 'heard', text: 'from the parent' })

    const receiving = store.queues.incoming.receive({
      max: 1,
      visibilitySeconds: 60,
      waitSeconds: 20,
    })
    await using sender = start({ kind: 'send', bodies: ['from the child'] })
    expect((await receiving).map((message) => message.body)).toEqual(['from the child'])
    expect(await sender.exitCode()).toBe(0)
  })

  it('hear each other through signals', async () => {
    const topic = unique('folder')
    await using subscriber = start({ kind: 'subscribe', topic })
    await subscriber.reported('ready')
    const arrived = () => subscriber.reports.some((report) => report.kind === 'heard')
    await eventually(() => {
      store.signals.publish(topic, 'grüße\n"1"')
      return arrived()
    }, Boolean)
    expect(subscriber.reports).toContainEqual({ kind: 'heard', text: 'grüße\n"1"' })

    const heard = new Set<string>()
    await store.signals.subscribe(topic, (hint) => heard.add(hint))
    await eventually(async () => {
      await using publisher = start({ kind: 'publish', topic, hint: 'from the child' })
      await publisher.exitCode()
      return heard.size > 0
    }, Boolean)
    expect(heard).toEqual(new Set(['from the child']))
  })

  it('publish to an inbox whose process was killed without harm, and remove it', async () => {
    const topic = unique('folder')
    await using subscriber = start({ kind: 'subscribe', topic })
    await subscriber.reported('ready')
    await subscriber.kill()
    const heard = new Set<string>()
    await store.signals.subscribe(topic, (hint) => heard.add(hint))
    store.signals.publish(topic, 'still here')
    expect(await eventually(() => heard.has('still here'), Boolean)).toBe(true)
  })

  it('see each other at once in consistent reads', async () => {
    const pk = unique()
    await store.tables.mail.get({ pk, sk: 'counter' })
    // The child starts, writes and ends within this turn of the event loop: an old read snapshot is still at hand.
    runChild(opened.directory, { kind: 'increment', pk, times: 3 })
    expect(await store.tables.mail.get({ pk, sk: 'counter' }, { consistent: true })).toMatchObject({
      n: 3,
    })
    runChild(opened.directory, { kind: 'increment', pk, times: 2 })
    expect((await store.tables.mail.query({ pk, consistent: true })).items).toHaveLength(6)
    runChild(opened.directory, { kind: 'increment', pk, times: 1 })
    expect(await store.tables.mail.transactGet([{ pk, sk: 'counter' }])).toMatchObject([{ n: 6 }])
  })

  it('open a new folder at the same time', async () => {
    const directory = `${opened.directory}/new`
    const pk = unique()
    const children = [1, 2, 3].map(() => new Child(directory, { kind: 'increment', pk, times: 5 }))
    expect(await Promise.all(children.map((child) => child.exitCode()))).toEqual([0, 0, 0])
    await using both = await openEmbeddedStore({ directory })
    expect(await both.tables.mail.get({ pk, sk: 'counter' })).toMatchObject({ n: 15 })
  })
})

function lastStep(reports: readonly Report[], writer: number): number {
  return reports.reduce(
    (last, report) =>
      report.kind === 'acknowledged' && report.writer === writer ? report.step : last,
    0,
  )
}

/** The writer's steps without a gap, each with both of its items, at least up to the last acknowledged one. */
async function expectWhole(store: Store, pk: string, acknowledged: number): Promise<void> {
  const read = (prefix: string) =>
    allPages((after) =>
      store.tables.mail.query({ pk, sk: { prefix }, consistent: true, ...(after && { after }) }),
    )
  const [first, second] = [await read('a'), await read('b')]
  const counter = await store.tables.mail.get({ pk, sk: 'counter' }, { consistent: true })
  const steps = Array.from({ length: Number(counter?.n ?? 0) }, (_, step) => step + 1)
  expect(steps.length).toBeGreaterThanOrEqual(acknowledged)
  expect(first.map((item) => item.step)).toEqual(steps)
  expect(second.map((item) => item.step)).toEqual(steps)
}
