import { describe, expect, it, onTestFinished } from 'vitest'
import { createGreylistRecords } from '#services/policy/greylist/records.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Store, Table } from '#shared/storage/ports.ts'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

const SECOND_MS = 1_000
const HOUR = 3_600
const DAY = 24 * HOUR
const times = { delaySeconds: 300, retryWindowSeconds: 2 * DAY, maxAgeSeconds: 35 * DAY }

type Opened = { readonly store: Store; readonly close: () => Promise<void> }

/** `clock`: what the store takes for the time; a slow one shows items whose time is over. */
function describeRecords(
  driver: string,
  openStore: (options: { readonly clock: Clock }) => Promise<Opened>,
  { isSlow }: { readonly isSlow: boolean },
) {
  async function open() {
    const clock = new ManualClock(Date.now())
    const { store, close } = await openStore({
      clock: isSlow ? new ManualClock(Date.now()) : clock,
    })
    onTestFinished(close)
    const { counters } = store.tables
    const records = createGreylistRecords(counters, times)
    const now = () => Math.floor(clock.now() / SECOND_MS)
    return {
      counters,
      now,
      after: (seconds: number) => clock.advance(seconds * SECOND_MS),
      triplet: (key = 'k') => records.triplet(key, now()),
      records,
      item: () => counters.get({ pk: 'GREY#k', sk: 'triplet' }, { consistent: true }),
    }
  }

  const early = (waitSeconds: number) => ({ kind: 'early', waitSeconds })
  const isNew = { kind: 'new', waitSeconds: 300 }
  const passed = (delayedSeconds: number) => ({ kind: 'passed', delayedSeconds })
  const known = { kind: 'known' }

  describe(`a triplet (${driver})`, () => {
    /** Seconds since the try before, and what becomes of it. */
    it.each<[string, readonly (readonly [number, object])[]]>([
      [
        'passes once its delay is over, to the second',
        [
          [0, isNew],
          [299, early(1)],
          [1, passed(300)],
        ],
      ],
      [
        'keeps its first time when it comes too early',
        [
          [0, isNew],
          [100, early(200)],
          [100, early(100)],
          [100, passed(300)],
        ],
      ],
      [
        'is known once it has passed',
        [
          [0, isNew],
          [300, passed(300)],
          [0, known],
          [1, known],
          [30 * DAY, known],
        ],
      ],
      [
        'passes at the end of its retry window',
        [
          [0, isNew],
          [2 * DAY, passed(2 * DAY)],
        ],
      ],
      [
        'begins again after that',
        [
          [0, isNew],
          [2 * DAY + 1, isNew],
          [299, early(1)],
          [1, passed(300)],
        ],
      ],
      [
        'begins again after that, whenever it came between',
        [
          [0, isNew],
          [200, early(100)],
          [2 * DAY - 199, isNew],
        ],
      ],
      [
        'that has passed does not begin again by the retry window',
        [
          [0, isNew],
          [300, passed(300)],
          [3 * DAY, known],
        ],
      ],
      [
        'is known for its age after it was last seen',
        [
          [0, isNew],
          [300, passed(300)],
          [34 * DAY, known],
          [34 * DAY, known],
          [35 * DAY, known],
        ],
      ],
      [
        'is forgotten a day after its age at the latest',
        [
          [0, isNew],
          [300, passed(300)],
          [36 * DAY + 1, isNew],
        ],
      ],
    ])('%s', async (_, tries) => {
      const { after, triplet } = await open()
      const found: object[] = []
      for (const [seconds] of tries) {
        await after(seconds)
        found.push(await triplet())
      }
      expect(found).toEqual(tries.map(([, state]) => state))
    })

    it('is new once, whoever asks at the same time', async () => {
      const { after, triplet } = await open()
      const all = async () => {
        const states = await Promise.all(Array.from({ length: 8 }, () => triplet()))
        return states.map(({ kind }) => kind).sort()
      }
      expect(await all()).toEqual([...Array(7).fill('early'), 'new'])
      await after(300)
      expect(await all()).toEqual([...Array(7).fill('known'), 'passed'])
      await after(36 * DAY + 1)
      expect(await all()).toEqual([...Array(7).fill('early'), 'new'])
      await after(2 * DAY + 1)
      expect(await all()).toEqual([...Array(7).fill('early'), 'new'])
    })

    it('is written when it begins, when it passes, and once a day while it is used', async () => {
      const { counters, now, after } = await open()
      let writes = 0
      const table: Pick<Table, 'get' | 'write'> = {
        get: (key) => counters.get(key),
        write: (write) => {
          writes += 1
          return counters.write(write)
        },
      }
      const { triplet } = createGreylistRecords(table, times)
      const ask = async (seconds: number) => {
        await after(seconds)
        writes = 0
        const { kind } = await triplet('k', now())
        return [kind, writes]
      }
      expect(await ask(0)).toEqual(['new', 1])
      expect(await ask(10)).toEqual(['early', 0])
      expect(await ask(290)).toEqual(['passed', 1])
      expect(await ask(10)).toEqual(['known', 0])
      expect(await ask(DAY)).toEqual(['known', 1])
      expect(await ask(HOUR)).toEqual(['known', 0])
    })

    it('is stored with the time at which it goes', async () => {
      const { now, after, triplet, item } = await open()
      const first = now()
      await triplet()
      expect(await item()).toEqual({ pk: 'GREY#k', sk: 'triplet', first, ttl: first + 2 * DAY })
      await after(400)
      await triplet()
      expect(await item()).toEqual({
        ...{ pk: 'GREY#k', sk: 'triplet', first, passed: first + 400 },
        ttl: first + 400 + 36 * DAY,
      })
    })

    it('of a clock that was wrong begins again', async () => {
      const { records, now, triplet } = await open()
      await records.triplet('k', now() + 30 * DAY)
      expect(await triplet()).toEqual(isNew)
      await records.triplet('other', now() + 60)
      // Machines differ a little.
      expect(await triplet('other')).toEqual(early(300))
    })
  })

  describe(`a client (${driver})`, () => {
    it('is counted at most once an hour', async () => {
      const { records, now, after } = await open()
      expect((await records.client('c', now())).passes).toBe(0)
      expect(await records.countPass('c', now())).toBe(1)
      expect(await records.countPass('c', now())).toBeUndefined()
      await after(HOUR - 1)
      expect(await records.countPass('c', now())).toBeUndefined()
      await after(1)
      expect(await Promise.all([1, 2, 3].map(() => records.countPass('c', now())))).toContain(2)
      expect((await records.client('c', now())).passes).toBe(2)
      expect((await records.client('other', now())).passes).toBe(0)
    })

    it('is known for its age after it was last seen, and begins again then', async () => {
      const { records, now, after } = await open()
      await records.countPass('c', now())
      await after(HOUR)
      await records.countPass('c', now())
      await after(35 * DAY)
      expect((await records.client('c', now())).passes).toBe(2)
      await records.refreshClient('c', now())
      await after(35 * DAY)
      expect((await records.client('c', now())).passes).toBe(2)
      await after(DAY + 1)
      expect((await records.client('c', now())).passes).toBe(0)
      expect(await records.countPass('c', now())).toBe(1)
    })
  })

  it(`the header field of a message is of one (${driver})`, async () => {
    const { records, now } = await open()
    const claims = await Promise.all([1, 2, 3].map(() => records.claimField('Q1', now())))
    expect(claims.sort()).toEqual([false, false, true])
    expect(await records.claimField('Q2', now())).toBe(true)
  })
}

describeRecords('embedded', openEmbedded, { isSlow: false })
describeRecords('embedded, nothing is purged', openEmbedded, { isSlow: true })
describe.skipIf(!(await hasDynamoDb()))('DynamoDB Local', () => {
  describeRecords('aws', openAws, { isSlow: false })
})
