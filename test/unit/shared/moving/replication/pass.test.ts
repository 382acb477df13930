// A move between two embedded stores, killed and failed at any call: what is left is finished by the same command, given again.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createAuditLog } from '#shared/administration/audit/reading.ts'
import { dayPk } from '#shared/administration/audit/records.ts'
import { createAuditSeals } from '#shared/administration/audit/seals.ts'
import { type MoveParts, passOnce, switchOver, undo } from '#shared/moving/replication/move.ts'
import { compareMail, isEqual, verify } from '#shared/moving/replication/verify.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { moveMarkKey, readMoveMark, refuseWhileMoved } from '#shared/storage/move-mark.ts'
import type { Store } from '#shared/storage/ports.ts'
import { noFaults, randomFaults } from '#test/support/faults/plan.ts'
import { type FaultOptions, withFaults } from '#test/support/faults/with-faults.ts'
import { embeddedSide, hurriedClock, moveParts } from '#test/support/moving.ts'
import { createPipeline } from '#test/support/pipeline.ts'
import { seededRandom } from '#test/support/seed.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const clock = hurriedClock()
const DAY_MS = 86_400_000

describe('a move', () => {
  let from: OpenedEmbedded
  let to: OpenedEmbedded
  let pipeline: ReturnType<typeof createPipeline>

  beforeEach(async () => {
    from = await openEmbedded()
    to = await openEmbedded()
    pipeline = createPipeline(from.store, clock)
    await pipeline.addAccount('ann@example.test')
    await deliver('first', 'x'.repeat(100_000))
    await pipeline.accept('Subject: queued\r\n\r\n', ['bob@remote.test'])
  })
  afterEach(async () => {
    await from.close()
    await to.close()
  })

  async function deliver(subject: string, body = ''): Promise<void> {
    await pipeline.accept(`Subject: ${subject}\r\n\r\n${body}\r\n`, ['ann@example.test'])
    await pipeline.settle()
  }

  const parts = (faults: { source?: FaultOptions; target?: FaultOptions } = {}) => {
    const through = (store: Store, options: FaultOptions | undefined) =>
      options === undefined ? store : withFaults(store, options)
    return moveParts(
      embeddedSide(from.store, { name: 'old', through: through(from.store, faults.source) }),
      embeddedSide(to.store, { name: 'new', through: through(to.store, faults.target) }),
      { clock },
    )
  }

  async function run<T>(
    work: (given: MoveParts) => Promise<T>,
    faults: Parameters<typeof parts>[0] = {},
  ): Promise<T> {
    await using given = await parts(faults)
    return await work(given)
  }

  const start = (given: MoveParts) => passOnce(given, { begin: true })
  const pass = (given: MoveParts) => passOnce(given, { begin: false })
  const compared = () => run((given) => verify(given, { bytes: true }))
  const isProven = async () => isEqual(await compared())

  it('copies items and objects, and then only what is new', async () => {
    const first = await run(start)
    if (first.kind !== 'passed') throw new Error(first.kind)
    expect(first.report.objects).toMatchObject({ copied: 2, removed: 0, missing: { count: 0 } })
    expect(first.report.objects.bytes).toBeGreaterThan(100_000)
    expect(await isProven()).toBe(true)
    await deliver('second')
    expect(await isProven()).toBe(false)
    const [folder] = (await compared()).folders.different
    expect(folder?.account).toBeDefined()
    const second = await run(pass)
    if (second.kind !== 'passed') throw new Error(second.kind)
    expect(second.report.objects.copied).toBe(1)
    expect(second.report.tables.mail.written).toBeLessThan(first.report.tables.mail.items)
    expect(await isProven()).toBe(true)
    const third = await run(pass)
    if (third.kind !== 'passed') throw new Error(third.kind)
    expect(third.report.tables.mail).toMatchObject({ written: 0, removed: 0 })
  })

  it('is in the record of both ends, whose seals hold on', async () => {
    const record = (store: Store) => {
      const parts = { table: store.tables.directory, retentionMs: () => 400 * DAY_MS, clock }
      return { log: createAuditLog(parts), seals: createAuditSeals({ ...parts, log: silentLog }) }
    }
    const acts = async (store: Store) => {
      const page = record(store).log.page({ limit: 100, extent: { kind: 'all' } })
      const all = await Array.fromAsync((await page).items)
      return all
        .filter(({ operation }) => operation.startsWith('move '))
        .map(({ operation, actor, result }) => `${operation} ${actor.name} ${result}`)
        .toSorted()
    }
    await run(start)
    expect(await acts(from.store)).toEqual(['move start mover ok'])
    // An hour after the day it is sealed.
    await clock.sleep(25 * 3_600_000)
    expect(await record(from.store).seals.seal()).toBeGreaterThan(0)
    const sealed = await record(from.store).seals.verify()
    expect(sealed.days.map(({ state }) => state)).not.toContain('differs')
    await run(switchOver)
    const both = ['move open mover ok', 'move start mover ok', 'move switch mover ok']
    expect(await acts(from.store)).toEqual(both)
    expect(await acts(to.store)).toEqual(both)
    expect(await record(to.store).seals.verify()).toEqual(sealed)
    // Opening is noted at both, or this would not be so.
    expect(await isProven()).toBe(true)
    await run((given) => undo(given, { force: false, compare: () => compareMail(given) }))
    for (const { store } of [from, to]) {
      expect(await acts(store)).toEqual([...both, 'move undo mover ok'])
    }
    const { pk, sk } =
      (await from.store.tables.directory.query({ pk: dayPk(sealed.days[0]?.date ?? '') }))
        .items[0] ?? {}
    if (pk === undefined || sk === undefined) throw new Error('nothing was sealed')
    await from.store.tables.directory.write({
      update: { pk, sk },
      changes: { set: { result: 'forged' } },
    })
    await run(pass)
    expect((await record(to.store).seals.verify()).days[0]).toMatchObject({ state: 'differs' })
  })

  it('takes away what went, with its object', async () => {
    await run(start)
    const [account] = await Array.fromAsync(pipeline.backend.directory.accounts.list())
    if (account === undefined) throw new Error('no account')
    const { mailbox } = pipeline.backend
    const inbox = await mailbox.inbox(account.id)
    const { messages } = await mailbox.snapshot(inbox)
    await mailbox.expunge(
      inbox,
      messages.map(({ uid }) => uid),
    )
    await from.store.tables.mail.batchWrite(
      messages.map(({ blobId }) => ({ delete: { pk: `B#${blobId}`, sk: 'META' } })),
    )
    const passed = await run(pass)
    if (passed.kind !== 'passed') throw new Error(passed.kind)
    expect(passed.report.objects.removed).toBe(1)
    expect((await to.store.objects.list('mail/')).items).toHaveLength(1)
    expect(await isProven()).toBe(true)
  })

  it('finds a byte that is another one', async () => {
    await run(start)
    const [object] = (await to.store.objects.list('mail/')).items
    const bytes = object && (await to.store.objects.read(object.key))
    if (object === undefined || bytes === undefined) throw new Error('no object')
    const changed = Buffer.from(bytes)
    changed[0] = (changed[0] ?? 0) ^ 1
    await to.store.objects.put(object.key, changed)
    expect((await compared()).objects.differentBytes).toEqual([object.key])
  })

  it('finds a flag that is another one, and names the folder', async () => {
    await run(start)
    const [message] = (await Array.fromAsync(to.store.view().items('mail'))).filter(({ sk }) =>
      sk.startsWith('M#'),
    )
    if (message === undefined) throw new Error('no message')
    await to.store.tables.mail.write({ put: { ...message, flags: 77 } })
    const { folders } = await compared()
    expect(folders.different.map(({ folder }) => `F#${folder}`)).toEqual([message.pk])
    expect(folders.digest.source).not.toBe(folders.digest.target)
  })

  it('lets nobody in at two ends at a time, and one at the end', async () => {
    const refusal = async ({ store }: OpenedEmbedded) =>
      await refuseWhileMoved(store.tables.directory).then(
        () => 'open',
        (error: Error) => error.message,
      )
    await run(start)
    expect(await refusal(from)).toBe('open')
    expect(await refusal(to)).toMatch(/being filled from old/)
    await deliver('last')
    const switched = await run(switchOver)
    expect(switched).toMatchObject({ kind: 'switched' })
    expect(await refusal(from)).toMatch(/was moved to new/)
    expect(await refusal(to)).toBe('open')
    expect(await isProven()).toBe(true)
    expect(await run(pass)).toEqual({ kind: 'already-open' })
    expect(await run(switchOver)).toEqual({ kind: 'already-open' })
    // The way back, as long as nothing came.
    const back = (force: boolean) =>
      run((given) => undo(given, { force, compare: () => compareMail(given) }))
    expect(await back(false)).toEqual({ kind: 'undone', differences: 0 })
    expect(await refusal(from)).toBe('open')
    expect(await refusal(to)).toMatch(/being filled/)
    expect(await back(false)).toEqual({ kind: 'nothing-to-undo' })
    expect(await run(switchOver)).toMatchObject({ kind: 'switched' })
    const there = createPipeline(to.store, clock)
    await there.accept('Subject: came\r\n\r\n', ['ann@example.test'])
    await there.settle()
    expect(await back(false)).toMatchObject({ kind: 'target-was-used' })
    expect(await refusal(from)).toMatch(/was moved/)
    expect(await refusal(to)).toBe('open')
    expect(await back(true)).toMatchObject({ kind: 'undone' })
    expect(await refusal(from)).toBe('open')
  })

  it('refuses a target that is in use, of another move, or that nobody began', async () => {
    expect(await run(pass)).toEqual({ kind: 'not-begun' })
    expect(await run(switchOver)).toEqual({ kind: 'not-begun' })
    const there = createPipeline(to.store, clock)
    await there.addAccount('other@example.test')
    expect(await run(start)).toMatchObject({ kind: 'target-not-empty', table: 'directory' })
    expect(await readMoveMark(to.store.tables.directory)).toBeUndefined()
  })

  it('refuses a target of another source, and a source that is a target itself', async () => {
    await run(start)
    const third = await openEmbedded()
    await using _ = { [Symbol.asyncDispose]: () => third.close() }
    const elsewhere = { name: 'third' }
    await using other = await moveParts(
      embeddedSide(third.store, elsewhere),
      embeddedSide(to.store, { name: 'new' }),
      { clock },
    )
    expect(await start(other)).toMatchObject({ kind: 'another-move', end: 'target' })
    await using onward = await moveParts(
      embeddedSide(to.store, { name: 'new' }),
      embeddedSide(third.store, elsewhere),
      { clock },
    )
    expect(await start(onward)).toMatchObject({ kind: 'another-move', end: 'source' })
  })

  it('does not switch over what waits outside of the store', async () => {
    await run(start)
    await using given = await parts()
    const source = { ...given.source, waiting: async () => '1 file' }
    expect(await switchOver({ ...given, source })).toEqual({ kind: 'source-waits', what: '1 file' })
    await refuseWhileMoved(from.store.tables.directory)
  })

  it('waits for leases where nobody holds the source alone', async () => {
    await run(start)
    const told: string[] = []
    await using given = await parts()
    const source = { ...given.source, alone: undefined }
    const leaseUntilMs = clock.now() + 300_000
    const group = { pk: 'Q#nobody', sk: 'G#0' }
    await from.store.tables.queue.write({ put: { ...group, leaseUntilMs } })
    const switched = await switchOver({ ...given, source, tell: (what) => told.push(what) })
    expect(switched).toMatchObject({ kind: 'switched' })
    expect(told).toContain('a worker of the source still has mail in hand')
    expect(clock.now()).toBeGreaterThan(leaseUntilMs)
  })

  it('does not wait for what expires all the time', async () => {
    // Some go with each pass.
    const ttl = Math.ceil(clock.now() / 1_000)
    await from.store.tables.counters.batchWrite(
      Array.from({ length: 80 }, (_, n) => ({
        put: { pk: `GREY#${n}`, sk: 'triplet', ttl: ttl + 5 + 4 * n },
      })),
    )
    await run(start)
    const told: string[] = []
    await using given = await parts()
    const source = { ...given.source, alone: undefined }
    const switched = await switchOver({ ...given, source, tell: (what) => told.push(what) })
    expect(switched).toMatchObject({ kind: 'switched' })
    expect(told.length).toBeLessThan(15)
    expect(clock.now() / 1_000).toBeLessThan(ttl + 200)
  })

  it('keeps another command away while one is at work, and takes over from one that died', async () => {
    await run(start)
    const mark = await readMoveMark(to.store.tables.directory)
    if (mark?.role !== 'target') throw new Error('no mark')
    const moverUntilMs = clock.now() + 20_000
    const put = { ...moveMarkKey, ...mark, mover: 'another', moverUntilMs }
    await to.store.tables.directory.write({ put })
    const told: string[] = []
    await using given = await parts()
    expect(await pass({ ...given, tell: (what) => told.push(what) })).toMatchObject({
      kind: 'passed',
    })
    expect(told[0]).toMatch(/another command of this move/)
    expect(clock.now()).toBeGreaterThanOrEqual(moverUntilMs)
    // Who was taken over from writes nothing more.
    await using slow = await parts()
    const taken = pass({
      ...slow,
      watch(phase) {
        if (phase !== 'directory') return () => {}
        // Meanwhile it is somebody else's, for long.
        const late = { ...put, moverUntilMs: clock.now() + 3_600_000 }
        void to.store.tables.directory.write({ put: late })
        void clock.sleep(15_000)
        return () => {}
      },
    })
    await deliver('meanwhile')
    await expect(taken).rejects.toThrow(/taken over/)
  })

  for (const end of ['source', 'target'] as const) {
    it.each(['none', 'done'] as const)(
      `is finished by the next command after a crash at any call of the ${end} (effect %s)`,
      async (effect) => {
        for (let call = 1; ; call++) {
          const faults = { [end]: { crashPoint: { call, effect } } }
          let crashed = false
          await run(async (given) => {
            await start(given)
            // What changes is no more each time, so that there is a last call.
            await from.store.tables.counters.write({ put: { pk: 'SENT#1', sk: 'day', call } })
            await switchOver(given)
          }, faults).catch((error: Error) => {
            if (error.name !== 'Crashed') throw error
            crashed = true
          })
          const marks = {
            source: await readMoveMark(from.store.tables.directory),
            target: await readMoveMark(to.store.tables.directory),
          }
          // At no moment both.
          const isOpen = [marks.source === undefined, marks.target?.state === 'open']
          expect(isOpen).not.toEqual([true, true])
          await run(start)
          const switched = await run(switchOver)
          expect(['switched', 'already-open']).toContain(switched.kind)
          expect(await isProven()).toBe(true)
          expect(await readMoveMark(from.store.tables.directory)).toMatchObject({ state: 'moved' })
          expect(await readMoveMark(to.store.tables.directory)).toMatchObject({ state: 'open' })
          if (!crashed) return
          // Begin again.
          for (const { store } of [from, to]) {
            await store.tables.directory.write({ delete: moveMarkKey })
          }
          await to.close()
          to = await openEmbedded()
        }
      },
      120_000,
    )
  }

  it('bears failures of either end', async () => {
    const random = seededRandom('faults of a move')
    const plan = randomFaults(random, { throttled: 0.04, unanswered: 0.04, broken: 0.02 })
    for (let round = 0; round < 5; round++) {
      const faults = { source: { plan, random }, target: { plan, random } }
      await run(start, faults).catch(onlyInjected)
      await deliver(`round ${round}`, 'y'.repeat(300_000))
      await run(pass, faults).catch(onlyInjected)
    }
    const calm = { source: { plan: noFaults } }
    expect(await run(switchOver, calm)).toMatchObject({ kind: 'switched' })
    expect(await isProven()).toBe(true)
  }, 60_000)
})

/** So often in a row that it gave up. */
function onlyInjected(error: Error): void {
  if (!error.message.includes('injected')) throw error
}
