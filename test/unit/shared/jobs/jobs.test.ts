import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { JobFailure } from '#shared/jobs/failure.ts'
import type { JobFacts, JobId } from '#shared/jobs/job.ts'
import { createJobs, type Jobs, type NewJob } from '#shared/jobs/jobs.ts'
import type { JobKind, Slice } from '#shared/jobs/kind.ts'
import { createJobRunner, JOB_LEASE_MS, STARTS_MAX } from '#shared/jobs/runner.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import type { Store, Table } from '#shared/storage/ports.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import { manualClock } from '#test/support/pipeline.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'
import { tableLike } from '#test/support/table-like.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const owner = { accountId: null, name: 'root' }
const never = new AbortController().signal

/** Counts to ten in slices of two; `effects` are what the world has seen, repeated slices too. */
function counting(effects: number[] = []): JobKind {
  return {
    name: 'count',
    async *run({ cursor }) {
      for (let n = Number(cursor); n < 10; n += 2) {
        effects.push(n, n + 1)
        const isLast = n === 8
        const slice: Slice = { cursor: String(n + 2), done: 2, total: 10 }
        const failed = { failed: 1, done: 1, errors: [{ line: 9, key: 'nine', refusal: {} }] }
        yield { ...slice, ...(isLast && failed), counts: { even: 1 }, output: Buffer.from([n]) }
      }
    },
  }
}

const kindsOf = (...all: readonly JobKind[]) => new Map(all.map((kind) => [kind.name, kind]))

describe('a job', () => {
  const clock = manualClock()
  let store: Store
  let close: () => Promise<void>
  let jobs: Jobs
  let told: JobFacts[]
  let table: Table

  beforeEach(async () => {
    const opened = await openEmbedded({ clock })
    store = opened.store
    close = opened.close
    table = store.tables.counters
    told = []
    jobs = createJobs({ table, clock, wake: () => {} })
  })
  afterEach(() => close())

  const runnerOf = (...kinds: readonly JobKind[]) =>
    createJobRunner({
      table,
      kinds: kindsOf(...kinds),
      clock,
      log: silentLog,
      onChange: (job) => void told.push(job),
    })
  const begin = (job: Partial<NewJob> = {}) =>
    jobs.begin({ kind: 'count', input: {}, owner, ...job })

  it('tells how far it is, and what became of it', async () => {
    const { id } = await begin({ about: { of: 'numbers' } })
    clock.advance(1_000)
    await runnerOf(counting()).run({ signal: never })
    expect(told.map(({ done }) => done)).toEqual([0, 2, 4, 6, 8, 9, 9])
    expect(await jobs.get(id)).toMatchObject({
      ...{ kind: 'count', about: { of: 'numbers' }, owner, state: 'done', done: 9, failed: 1 },
      ...{ total: 10, counts: { even: 5 }, outputParts: 5, reason: null },
    })
    expect((await jobs.errors(id)).items).toEqual([{ line: 9, key: 'nine', refusal: {} }])
    const output = await Array.fromAsync(jobs.output(id), (part) => part[0])
    expect(output).toEqual([0, 2, 4, 6, 8])
  })

  it('ends between two slices when it is cancelled, and one that is over stays as it is', async () => {
    const { id } = await begin()
    const effects: number[] = []
    const kind = counting(effects)
    const run = async function* (work: Parameters<JobKind['run']>[0]) {
      for await (const slice of kind.run(work)) {
        if (slice.cursor === '4') await jobs.cancel(id)
        yield slice
      }
    }
    await runnerOf({ ...kind, run }).run({ signal: never })
    expect(await jobs.get(id)).toMatchObject({ state: 'cancelled', done: 4 })
    expect(effects).toEqual([0, 1, 2, 3])
    expect(await jobs.cancel(id)).toMatchObject({ state: 'cancelled', isCancelling: true })
    const waiting = await begin()
    await jobs.cancel(waiting.id)
    await runnerOf(counting(effects)).run({ signal: never })
    expect(await jobs.get(waiting.id)).toMatchObject({ state: 'cancelled', done: 0 })
    expect(effects).toHaveLength(4)
  })

  it('goes on elsewhere when the process ends', async () => {
    const { id } = await begin()
    const stopping = new AbortController()
    const effects: number[] = []
    const kind = counting(effects)
    const run = async function* (work: Parameters<JobKind['run']>[0]) {
      for await (const slice of kind.run(work)) {
        if (slice.cursor === '6') stopping.abort()
        yield slice
      }
    }
    await runnerOf({ ...kind, run }).run({ signal: stopping.signal })
    expect(await jobs.get(id)).toMatchObject({ state: 'running', done: 6 })
    await runnerOf(kind).run({ signal: never })
    expect(await jobs.get(id)).toMatchObject({ state: 'done', done: 9 })
    expect(effects).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('is worked on by one at a time; whoever is late keeps nothing', async () => {
    const { id } = await begin()
    let isStuck = true
    const slow: JobKind = {
      name: 'count',
      async *run(work) {
        for await (const slice of counting().run(work)) {
          if (isStuck && slice.cursor === '4') {
            isStuck = false
            // Meanwhile another finds nothing to do, and after the lease takes it over.
            await runnerOf(counting()).run({ signal: never })
            expect(await jobs.get(id)).toMatchObject({ state: 'running', done: 2 })
            clock.advance(JOB_LEASE_MS)
            await runnerOf(counting()).run({ signal: never })
          }
          yield slice
        }
      },
    }
    await runnerOf(slow).run({ signal: never })
    expect(await jobs.get(id)).toMatchObject({ state: 'done', done: 9, failed: 1 })
    expect((await jobs.errors(id)).items).toHaveLength(1)
  })

  it('stays with its worker for as long as that has slices to show', async () => {
    await begin()
    let others = 0
    const other: JobKind = {
      name: 'count',
      async *run(work) {
        others++
        yield* counting().run(work)
      },
    }
    const slow: JobKind = {
      name: 'count',
      async *run(work) {
        for await (const slice of counting().run(work)) {
          // Each slice within a lease, all of them longer than that.
          clock.advance(JOB_LEASE_MS - 1)
          await runnerOf(other).run({ signal: never })
          yield slice
        }
      },
    }
    await runnerOf(slow).run({ signal: never })
    expect(others).toBe(0)
  })

  it('that takes hours leaves a place for others, also for those that come later', async () => {
    const ended: string[] = []
    const held = Promise.withResolvers<void>()
    const kind = (name: string, isLong: boolean): JobKind => ({
      name,
      ...(isLong && { isLong }),
      async *run({ input }) {
        if (input === 'wait') await held.promise
        ended.push(`${name} ${input}`)
        yield { cursor: '1', done: 1 }
      },
    })
    let come = () => {}
    const newcomer = async () => await new Promise<void>((resolve) => (come = resolve))
    await jobs.begin({ kind: 'long', input: 'wait', owner })
    clock.advance(1)
    await jobs.begin({ kind: 'long', input: 'next', owner })
    const running = runnerOf(kind('long', true), kind('short', false)).run({
      signal: never,
      newcomer,
    })
    const { id } = await jobs.begin({ kind: 'short', input: 'late', owner })
    while ((await jobs.get(id))?.state !== 'done') {
      come()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(ended).toEqual(['short late'])
    held.resolve()
    await running
    expect(ended).toEqual(['short late', 'long wait', 'long next'])
  })

  it('is not lost where only half of what began it is to be seen yet', async () => {
    const { id } = await begin()
    let isTorn = true
    const torn: Table = tableLike(table, {
      async batchGet(keys, options) {
        if (!isTorn) return await table.batchGet(keys, options)
        isTorn = false
        return keys.map(() => undefined)
      },
    })
    const kinds = kindsOf(counting())
    const runner = createJobRunner({ table: torn, kinds, clock, log: silentLog })
    await runner.run({ signal: never })
    await runner.run({ signal: never })
    expect(await jobs.get(id)).toMatchObject({ state: 'done' })
  })

  it('does not wait for a time that a wrong clock has set', async () => {
    const { id } = await begin()
    clock.advance(7 * 86_400_000)
    const fails: JobKind = {
      name: 'count',
      async *run() {
        yield await Promise.reject(new TemporaryFailure('no'))
      },
    }
    await runnerOf(fails).run({ signal: never })
    const right = { kinds: kindsOf(counting()), clock: manualClock(), log: silentLog }
    await createJobRunner({ table, ...right }).run({ signal: never })
    expect(await jobs.get(id)).toMatchObject({ state: 'done' })
  })

  it('is tried again when the world fails, and given up when it never gets further', async () => {
    const { id } = await begin()
    let failures = 0
    const failing: JobKind = {
      name: 'count',
      // biome-ignore lint/correctness/useYield: it never gets so far
      async *run() {
        failures++
        throw new TemporaryFailure('no disk')
      },
    }
    for (let round = 0; round < 20; round++) {
      await runnerOf(failing).run({ signal: never })
      clock.advance(11 * 60_000)
    }
    expect(failures).toBe(STARTS_MAX)
    expect(await jobs.get(id)).toMatchObject({
      state: 'failed',
      reason: `given up after ${STARTS_MAX} attempts`,
      failure: { kind: 'given-up', attempts: STARTS_MAX },
    })
  })

  it('fails at once where trying again is of no use, and keeps what was done', async () => {
    const { id } = await begin()
    const failing: JobKind = {
      name: 'count',
      async *run() {
        yield { cursor: '1', done: 1 }
        throw new JobFailure({ kind: 'wrong-rows', count: 3 })
      },
    }
    await runnerOf(failing).run({ signal: never })
    expect(await jobs.get(id)).toMatchObject({
      ...{ state: 'failed', done: 1, failure: { kind: 'wrong-rows', count: 3 } },
      reason: 'rows that are wrong: 3; nothing was changed',
    })
    const unknown = await begin({ kind: 'unknown' })
    await runnerOf().run({ signal: never })
    expect(await jobs.get(unknown.id)).toMatchObject({ state: 'failed' })
  })

  it('has its text sealed in the store, and no key to it when it is over', async () => {
    const text = Buffer.from('ann@example.test,secret-password\n'.repeat(20_000))
    const read: Uint8Array[] = []
    const { id } = await begin({ text })
    const stored = async () => {
      const { items } = await table.query({ pk: `JOB#${id}`, consistent: true })
      return { count: items.length, text: JSON.stringify(items, bytesAsText) }
    }
    const before = await stored()
    expect(before.count).toBe(4)
    expect(before.text).not.toContain('secret-password')
    const reading: JobKind = {
      name: 'count',
      async *run(work) {
        read.push(await work.text())
        yield { cursor: '1', done: 1 }
      },
    }
    await runnerOf(reading).run({ signal: never })
    expect(Buffer.concat(read).equals(text)).toBe(true)
    expect((await stored()).count).toBe(1)
    expect((await table.get({ pk: `JOB#${id}`, sk: 'JOB' }))?.textKey).toBe(null)
  })

  it('is listed, the newest first, page by page, and for who began it', async () => {
    const ann = { accountId: 'a1' as never, name: 'ann@example.test' }
    const ids: JobId[] = []
    for (let n = 0; n < 5; n++) {
      clock.advance(1)
      ids.unshift((await begin(n % 2 === 0 ? {} : { owner: ann })).id)
    }
    const listed: JobId[] = []
    let after: JobId | undefined
    do {
      const page = await jobs.page({ limit: 2, ...(after && { after }) })
      listed.push(...page.items.map(({ id }) => id))
      after = page.next
    } while (after)
    expect(listed).toEqual(ids)
    const own = await jobs.page({ limit: 10, account: ann.accountId })
    expect(own.items.map(({ id }) => id)).toEqual([ids[1], ids[3]])
  })
})

const bytesAsText = (_: string, value: unknown) =>
  value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value

describe('a job whose process dies at any storage call', () => {
  for (const effect of ['none', 'done'] as const) {
    it(`${effect === 'none' ? 'before' : 'after'} its effect`, async () => {
      await using folder = await temporaryFolder()
      const clock = manualClock()
      let crashes = 0
      for (let call = 1; ; call++) {
        const effects: number[] = []
        const inner = await openEmbeddedStore({ directory: folder.path, clock })
        const faulty = withFaults(inner, { crashPoint: { call, effect } })
        const table = faulty.tables.counters
        const runner = (of: Table) =>
          createJobRunner({ table: of, kinds: kindsOf(counting(effects)), clock, log: silentLog })
        let id: JobId | undefined
        try {
          const jobs = createJobs({ table, clock, wake: () => {} })
          const text = Buffer.from('text')
          id = (await jobs.begin({ kind: 'count', input: {}, owner, text })).id
          await runner(table).run({ signal: never })
        } catch {
          // Dead.
        }
        const { crashed } = faulty
        await faulty[Symbol.asyncDispose]()
        await using store = await openEmbeddedStore({ directory: folder.path, clock })
        clock.advance(JOB_LEASE_MS)
        await runner(store.tables.counters).run({ signal: never })
        const jobs = createJobs({ table: store.tables.counters, clock, wake: () => {} })
        if (id !== undefined) {
          const { state, done, failed, total, counts, outputParts } = { ...(await jobs.get(id)) }
          expect({ call, state, done, failed, total, counts, outputParts }).toEqual({
            ...{ call, state: 'done', done: 9, failed: 1, total: 10, counts: { even: 5 } },
            outputParts: 5,
          })
          expect(new Set(effects).size).toBe(10)
          // At most the slice that was under way is done twice.
          expect(effects.length).toBeLessThanOrEqual(12)
        }
        const open = await store.tables.counters.query({ pk: 'JOBS-OPEN', consistent: true })
        expect({ call, open: open.items }).toEqual({ call, open: [] })
        if (!crashed) break
        crashes++
      }
      expect(crashes).toBeGreaterThan(10)
    }, 60_000)
  }
})
