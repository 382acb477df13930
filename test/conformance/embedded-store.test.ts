// What the embedded driver promises beyond the ports: folders, reopening, closing, purging and sweeping.

import { randomBytes } from 'node:crypto'
import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '#shared/runtime/clock.ts'
import { turns } from '#shared/runtime/turns.ts'
import { INLINE_BYTES_MAX, STAGED_BYTES_MAX } from '#shared/storage/embedded/objects.ts'
import { type EmbeddedStore, openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { StorageMisuse } from '#shared/storage/ports.ts'
import { chunksOf, eventually, unique } from '#test/support/storage.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const DAY_MS = 24 * 3_600_000

describe('the embedded store', () => {
  let opened: OpenedEmbedded
  let store: EmbeddedStore
  let nowMs: number
  beforeEach(async () => {
    nowMs = Date.now()
    opened = await openEmbedded({ clock: { ...systemClock, now: () => nowMs } })
    store = opened.store
  })
  afterEach(async () => await opened.close())

  it('lets others have their turn between the pages of a query', async () => {
    const pk = unique()
    const bytes = new Uint8Array(100_000)
    for (let i = 0; i < 25; i++) await store.tables.mail.write({ put: { pk, sk: `s${i}`, bytes } })
    using step = vi.spyOn(turns, 'step')
    const first = await store.tables.mail.query({ pk })
    expect(step).not.toHaveBeenCalled()
    let pages = 1
    for (let { next: after } = first; after !== undefined; pages++) {
      after = (await store.tables.mail.query({ pk, after })).next
    }
    expect(pages).toBeGreaterThan(2)
    expect(step).toHaveBeenCalledTimes(pages - 1)
  })

  it('keeps items, objects and messages over closing and opening', async () => {
    const item = { pk: unique(), sk: 's', set: new Set(['a']), bytes: new Uint8Array([1, 2, 3]) }
    const [small, large] = [randomBytes(10), randomBytes(100_000)]
    await store.tables.mail.write({ put: item })
    await store.objects.put('small', small)
    await store.objects.put('large', large)
    await store.queues.incoming.send(['kept'])
    store = await opened.reopen()
    expect(await store.tables.mail.get(item)).toEqual(item)
    expect(Buffer.from((await store.objects.read('small')) ?? []).equals(small)).toBe(true)
    expect(Buffer.from((await store.objects.read('large')) ?? []).equals(large)).toBe(true)
    const received = await store.queues.incoming.receive({
      max: 1,
      visibilitySeconds: 1,
      waitSeconds: 0,
    })
    expect(received.map((message) => message.body)).toEqual(['kept'])
  })

  it.each([100, 60_000, 200_000])(
    'keeps %i bytes that came one by one, none of their pieces',
    async (bytes) => {
      // Always the same piece: whoever kept it, which costs far more than its byte, would store its last value.
      const piece = Buffer.alloc(1)
      async function* source() {
        for (let n = 0; n < bytes; n++) {
          piece[0] = n % 251
          yield piece
        }
      }
      await store.objects.put('o', source())
      const expected = Buffer.alloc(bytes).map((_, n) => n % 251)
      expect(Buffer.compare((await store.objects.read('o')) ?? piece, expected)).toBe(0)
    },
  )

  it('stages small objects in memory up to a limit, then in files, and keeps all of them', async () => {
    const bytes = randomBytes(INLINE_BYTES_MAX)
    const fitting = STAGED_BYTES_MAX / bytes.length
    const staged = []
    for (let n = 0; n < fitting + 3; n++) {
      staged.push(await store.objects.stage(`o${n}`, chunksOf(bytes, bytes.length)))
    }
    expect(await filesIn(join(opened.directory, 'objects'))).toHaveLength(3)
    await Promise.all(staged.map((each, n) => (n % 2 === 0 ? each.commit() : each.discard())))
    for (let n = 0; n < staged.length; n += 2) {
      expect(Buffer.compare((await store.objects.read(`o${n}`)) ?? Buffer.alloc(0), bytes)).toBe(0)
    }
    // What was given back can be had again.
    await (await store.objects.stage('again', chunksOf(bytes, bytes.length))).discard()
    expect(await filesIn(join(opened.directory, 'objects'))).toHaveLength(2)
  })

  it('makes its folder for its owner alone', async () => {
    const directory = join(opened.directory, 'inner', 'store')
    const inner = await openEmbeddedStore({ directory })
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    await inner[Symbol.asyncDispose]()
  })

  it('refuses to be opened twice in one process, and opens again after closing', async () => {
    await expect(openEmbeddedStore({ directory: opened.directory })).rejects.toThrow(StorageMisuse)
    await expect(openEmbeddedStore({ directory: `${opened.directory}/.` })).rejects.toThrow(
      /already open/,
    )
    store = await opened.reopen()
    expect(await store.objects.size('none')).toBeUndefined()
  })

  it('finishes writes under way when it is closed', async () => {
    const pk = unique()
    const writes = Array.from({ length: 50 }, (_, n) =>
      store.tables.mail.write({ put: { pk, sk: `k${n}` } }),
    )
    const object = store.objects.put('under-way', randomBytes(300_000))
    await store[Symbol.asyncDispose]()
    await Promise.all(writes)
    expect(await object).toEqual({ stored: true, bytes: 300_000 })
    store = await opened.reopen()
    expect((await store.tables.mail.query({ pk, consistent: true })).items).toHaveLength(50)
    expect(await store.objects.size('under-way')).toBe(300_000)
  })

  it('refuses every call after closing and ends waiting receivers', async () => {
    const waiting = store.queues.active.receive({ max: 1, visibilitySeconds: 1, waitSeconds: 20 })
    await store[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    expect(await waiting).toEqual([])
    const key = { pk: 'p', sk: 's' }
    const { mail } = store.tables
    const calls: readonly (() => Promise<unknown>)[] = [
      () => mail.get(key),
      () => mail.batchGet([key]),
      () => mail.transactGet([key]),
      () => mail.query({ pk: 'p' }),
      () => mail.queryIndex('dead', { pk: 'p' }),
      () => mail.write({ put: key }),
      () => mail.transact([{ put: key }]),
      () => mail.batchWrite([{ put: key }]),
      () => store.objects.put('o', new Uint8Array(1)),
      () => store.objects.read('o'),
      () => store.objects.stream('o'),
      () => store.objects.size('o'),
      () => store.objects.delete('o'),
      () => store.objects.list(''),
      () => store.queues.incoming.send(['m']),
      () => store.queues.incoming.receive({ max: 1, visibilitySeconds: 1, waitSeconds: 0 }),
      () => store.queues.incoming.acknowledge(['r.1']),
      () => store.queues.incoming.extend(['r.1'], 1),
      () => store.purgeExpired(10),
    ]
    for (const call of calls) await expect(call()).rejects.toThrow(/closed/)
  })

  it('writes nothing of a transaction whose result breaks a limit', async () => {
    const pk = unique()
    const item = { pk, sk: 'b', ttl: 5, deadSk: 's'.repeat(1_000) }
    await store.tables.mail.write({ put: item })
    for (const changes of [
      { add: { ttl: -6 } },
      { set: { deadPk: 'p'.repeat(1_000) } },
      { set: { large: 'x'.repeat(399_500) } },
    ]) {
      await expect(
        store.tables.mail.transact([{ put: { pk, sk: 'a' } }, { update: item, changes }]),
      ).rejects.toThrow(StorageMisuse)
    }
    nowMs = 0
    expect((await store.tables.mail.query({ pk, consistent: true })).items).toEqual([item])
  })

  it('purges expired items with their index entries, no others, and not more than asked', async () => {
    const pk = unique()
    const nowSeconds = Math.floor(nowMs / 1000)
    const items = Array.from({ length: 10 }, (_, n) => ({
      pk,
      sk: `k${n}`,
      ttl: nowSeconds + (n < 7 ? 10 : 1_000),
      deadPk: pk,
      deadSk: `${n}`,
    }))
    await store.tables.mail.batchWrite(items.map((put) => ({ put })))
    // One lives longer, one for ever, one is deleted meanwhile.
    const [first, second, third] = items
    await store.tables.mail.transact([
      { update: { pk, sk: 'k0' }, changes: { set: { ttl: nowSeconds + 2_000 } } },
      { update: { pk, sk: 'k1' }, changes: { remove: ['ttl'] } },
      { delete: { pk, sk: 'k2' } },
    ])
    expect([first?.sk, second?.sk, third?.sk]).toEqual(['k0', 'k1', 'k2'])
    expect(await store.purgeExpired(100)).toBe(0)
    nowMs += 60_000
    expect(await store.purgeExpired(3)).toBe(3)
    expect(await store.purgeExpired(100)).toBe(1)
    expect(await store.purgeExpired(100)).toBe(0)
    const left = ['k0', 'k1', 'k7', 'k8', 'k9']
    const { items: entries } = await store.tables.mail.queryIndex('dead', { pk })
    expect(entries.map((entry) => entry.sk)).toEqual(left)
    nowMs = 0
    const { items: stored } = await store.tables.mail.query({ pk, consistent: true })
    expect(stored.map((item) => item.sk)).toEqual(left)
  })

  it('sweeps old files that no record owns and leaves the others', async () => {
    const bytes = randomBytes(100_000)
    await store.objects.put('kept', bytes)
    await store.objects.put('deleted', bytes)
    await store.objects.delete('deleted')
    const folder = join(opened.directory, 'objects', 'a', 'b')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'ab-old-orphan'), 'x')
    await writeFile(join(folder, 'ab-new-orphan'), 'x')
    const longAgo = new Date(nowMs - 2 * DAY_MS)
    await utimes(join(folder, 'ab-old-orphan'), longAgo, longAgo)
    expect(await store.sweepOrphans()).toBe(1)
    expect(await readdir(folder)).toContain('ab-new-orphan')
    nowMs += 2 * DAY_MS
    expect(await store.sweepOrphans()).toBe(1)
    expect(Buffer.from((await store.objects.read('kept')) ?? []).equals(bytes)).toBe(true)
  })

  it('leaves no file behind of a source that throws or loses a race', async () => {
    async function* broken() {
      yield randomBytes(100_000)
      throw new Error('connection reset')
    }
    await expect(store.objects.put('broken', broken())).rejects.toThrow('connection reset')
    await store.objects.put('won', randomBytes(50_000))
    await store.objects.put('won', randomBytes(60_000), { ifAbsent: true })
    await store.objects.put('won', randomBytes(70_000))
    expect(await filesIn(join(opened.directory, 'objects'))).toHaveLength(1)
  })

  it('delivers in the order in which messages became visible', async () => {
    await store.queues.incoming.send(['1', '2'])
    nowMs += 1
    await store.queues.incoming.send(['delayed'], { delaySeconds: 5 })
    await store.queues.incoming.send(['3'])
    nowMs += 10_000
    await store.queues.incoming.send(['4'])
    const received = await store.queues.incoming.receive({
      max: 10,
      visibilitySeconds: 60,
      waitSeconds: 0,
    })
    expect(received.map((message) => message.body)).toEqual(['1', '2', '3', 'delayed', '4'])
  })

  it('ignores a stale receipt', async () => {
    const queue = store.queues.incoming
    const options = { max: 1, visibilitySeconds: 10, waitSeconds: 0 }
    await queue.send(['m'])
    const [first] = await queue.receive(options)
    nowMs += 11_000
    const [second] = await queue.receive(options)
    await queue.acknowledge([first?.receipt ?? ''])
    await queue.extend([first?.receipt ?? ''], 900)
    nowMs += 11_000
    const [third] = await queue.receive(options)
    expect([first, second, third].map((message) => message?.receives)).toEqual([1, 2, 3])
  })

  it('removes the inboxes of dead processes', async () => {
    const signals = join(opened.directory, 'signals')
    // Above the largest process id of Linux.
    await writeFile(join(signals, '99999999-dead.inbox'), '')
    const inboxes = await eventually(
      async () => {
        store.signals.publish('topic', 'hint')
        return await readdir(signals)
      },
      (names) => names.length === 0,
    )
    expect(inboxes).toEqual([])
  })
})

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
}
