// The promises of the ObjectStore port (shared/storage/ports.ts), for any driver.

import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ObjectStore, StorageMisuse, type Table } from '#shared/storage/ports.ts'
import {
  allPages,
  chunksOf,
  collect,
  type Open,
  type SuiteOptions,
  unique,
} from '#test/support/storage.ts'

const MIB = 1024 * 1024

export function describeObjectStore(name: string, open: Open, options: SuiteOptions = {}): void {
  describe(`${name}: ObjectStore`, () => {
    let objects: ObjectStore
    let table: Table
    let close: () => Promise<void>
    beforeAll(async () => {
      const opened = await open()
      objects = opened.store.objects
      table = opened.store.tables.counters
      close = opened.close
    })
    afterAll(async () => await close())

    const keyOf = () => `test/${unique('o')}`

    describe.each([1_000, 300_000])('a staged object of %i bytes', (size) => {
      const bytes = randomBytes(size)

      it('is there after its commit', async () => {
        const key = keyOf()
        const staged = await objects.stage(key, chunksOf(bytes, 1_000))
        expect(staged.bytes).toBe(size)
        expect((await objects.size(key)) === size).toBe(staged.stored)
        await staged.commit()
        expect(Buffer.from((await objects.read(key)) ?? [])).toEqual(bytes)
      })

      it('is read before its commit, again, and left in the middle', async () => {
        const staged = await objects.stage(keyOf(), chunksOf(bytes, 1_000))
        expect((await collect(staged.open())).equals(bytes)).toBe(true)
        for await (const chunk of staged.open()) {
          expect(chunk.length).toBeGreaterThan(0)
          break
        }
        expect((await collect(staged.open())).equals(bytes)).toBe(true)
        await staged.discard()
      })

      it('may be staged once more from what is read of it, under its own key', async () => {
        const key = keyOf()
        const first = await objects.stage(key, chunksOf(bytes, 1_000))
        const second = await objects.stage(key, edited(first.open()))
        await first.discard()
        expect(second.bytes).toBe(size + 3)
        expect((await collect(second.open())).subarray(3).equals(bytes)).toBe(true)
        await second.commit()
        const read = await objects.read(key)
        expect(read && Buffer.from(read).subarray(3).equals(bytes)).toBe(true)
      })

      it('is durable no later than a table write issued after its commit', async () => {
        const key = keyOf()
        const staged = await objects.stage(key, chunksOf(bytes, 1_000))
        // Where the object is stored already there is nothing to show.
        if (staged.stored) return
        const committed = staged.commit()
        await table.write({ put: { pk: key, sk: 'after' } })
        expect(await objects.size(key)).toBe(size)
        await committed
      })

      it('leaves nothing when discarded before it was stored', async () => {
        const key = keyOf()
        const staged = await objects.stage(key, chunksOf(bytes, 1_000))
        await staged.discard()
        expect((await objects.size(key)) === undefined).toBe(!staged.stored)
      })

      it('passes on what its source throws and leaves nothing', async () => {
        const key = keyOf()
        const failing = (async function* () {
          yield bytes
          throw new Error('gone')
        })()
        await expect(objects.stage(key, failing)).rejects.toThrow('gone')
        expect(await objects.size(key)).toBeUndefined()
      })
    })

    describe.each([0, 1, 1_000, 32_768, 32_769, 300_000])('an object of %i bytes', (size) => {
      const bytes = randomBytes(size)
      it.each([
        ['bytes', () => bytes],
        ['one chunk', () => chunksOf(bytes, Math.max(1, size))],
        ['chunks of 1,000 bytes', () => chunksOf(bytes, 1_000)],
      ])('put as %s reads back the same', async (_, source) => {
        const key = keyOf()
        expect(await objects.put(key, source())).toEqual({ stored: true, bytes: size })
        expect(await objects.size(key)).toBe(size)
        expect(await objects.read(key)).toEqual(expect.objectContaining({ length: size }))
        expect(Buffer.from((await objects.read(key)) ?? []).equals(bytes)).toBe(true)
        const stream = await objects.stream(key)
        expect(stream && (await collect(stream)).equals(bytes)).toBe(true)
      })
    })

    describe.each([100, 100_000])('a range of an object of %i bytes', (size) => {
      const bytes = randomBytes(size)
      const key = keyOf()
      beforeAll(async () => {
        await objects.put(key, bytes)
      })
      it.each([
        ['its beginning', 0, 10],
        ['its middle', 33, 44],
        ['its last byte', size - 1, 1],
        ['its end and beyond', size - 5, 100],
        ['all and beyond', 0, size * 2],
        ['nothing at its end', size, 10],
        ['nothing far behind it', size * 3, 10],
        ['zero bytes', 50, 0],
        ['zero bytes at the beginning', 0, 0],
      ])('%s', async (_, offset, length) => {
        const expected = bytes.subarray(offset, offset + length)
        const read = await objects.read(key, { offset, length })
        expect(read && Buffer.from(read).equals(expected)).toBe(true)
        const stream = await objects.stream(key, { offset, length })
        expect(stream && (await collect(stream)).equals(expected)).toBe(true)
      })
    })

    it('streams 12 MB in and out with chunks of bounded size', async () => {
      const key = keyOf()
      const bytes = randomBytes(12 * MIB)
      expect(await objects.put(key, chunksOf(bytes, 50_000))).toEqual({
        stored: true,
        bytes: bytes.length,
      })
      const stream = await objects.stream(key)
      const chunks: Uint8Array[] = []
      for await (const chunk of stream ?? []) chunks.push(chunk)
      expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(MIB)
      expect(Buffer.concat(chunks).equals(bytes)).toBe(true)
      const part = await objects.stream(key, { offset: 5 * MIB, length: 2 * MIB })
      expect(
        (await collect(part ?? chunksOf(bytes, 1))).equals(bytes.subarray(5 * MIB, 7 * MIB)),
      ).toBe(true)
    })

    it('may be left in the middle of a stream', async () => {
      const key = keyOf()
      await objects.put(key, randomBytes(MIB))
      for await (const chunk of (await objects.stream(key)) ?? []) {
        expect(chunk.length).toBeGreaterThan(0)
        break
      }
      expect(await objects.size(key)).toBe(MIB)
    })

    it('knows nothing of a key that was never put', async () => {
      const key = keyOf()
      expect(await objects.read(key)).toBeUndefined()
      expect(await objects.read(key, { offset: 0, length: 0 })).toBeUndefined()
      expect(await objects.stream(key)).toBeUndefined()
      expect(await objects.size(key)).toBeUndefined()
    })

    it.each([10, 100_000])(
      'keeps the first of two objects of %i bytes put if absent',
      async (size) => {
        const key = keyOf()
        const first = randomBytes(size)
        expect((await objects.put(key, first, { ifAbsent: true })).stored).toBe(true)
        const again = await objects.put(key, chunksOf(randomBytes(size), 999), { ifAbsent: true })
        expect(again).toEqual({ stored: false, bytes: size })
        expect(Buffer.from((await objects.read(key)) ?? []).equals(first)).toBe(true)
      },
    )

    it.each([10, 100_000])('lets exactly one of concurrent puts of %i bytes win', async (size) => {
      const key = keyOf()
      const candidates = Array.from({ length: options.slow ? 5 : 20 }, () => randomBytes(size))
      const outcomes = await Promise.all(
        candidates.map((bytes) => objects.put(key, bytes, { ifAbsent: true })),
      )
      const winners = candidates.filter((_, position) => outcomes[position]?.stored)
      expect(winners).toHaveLength(1)
      const kept = Buffer.from((await objects.read(key)) ?? [])
      expect(kept.equals(winners[0] ?? Buffer.alloc(0))).toBe(true)
    })

    it.each([
      [10, 10],
      [100_000, 10],
      [10, 100_000],
      [100_000, 100_000],
    ])('replaces an object of %i bytes by one of %i', async (before, after) => {
      const key = keyOf()
      await objects.put(key, randomBytes(before))
      const bytes = randomBytes(after)
      expect(await objects.put(key, bytes)).toEqual({ stored: true, bytes: after })
      expect(Buffer.from((await objects.read(key)) ?? []).equals(bytes)).toBe(true)
    })

    it.each([10, 100_000, 9 * MIB])(
      'leaves nothing of a source that throws after %i bytes',
      async (size) => {
        const key = keyOf()
        const broken = new Error('connection reset')
        async function* source() {
          yield* chunksOf(randomBytes(size), 60_000)
          throw broken
        }
        await expect(objects.put(key, source())).rejects.toBe(broken)
        expect(await objects.size(key)).toBeUndefined()
        expect((await objects.list(key)).items).toEqual([])
      },
    )

    it('deletes, and deletes again without an error', async () => {
      for (const size of [10, 100_000]) {
        const key = keyOf()
        await objects.put(key, randomBytes(size))
        await objects.delete(key)
        expect(await objects.read(key)).toBeUndefined()
        expect(await objects.size(key)).toBeUndefined()
        await objects.delete(key)
        expect((await objects.put(key, randomBytes(5), { ifAbsent: true })).stored).toBe(true)
      }
    })

    it('lists the keys of a prefix in byte order with their sizes', async () => {
      const prefix = `list/${unique()}`
      const keys = [`${prefix}/B`, `${prefix}/a`, `${prefix}/a-`, `${prefix}/a.b`, `${prefix}/a/b`]
      const expected = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      for (const [position, key] of keys.entries()) await objects.put(key, randomBytes(position))
      await objects.put(`${prefix}0`, randomBytes(1))
      const { items, next } = await objects.list(`${prefix}/`)
      expect(items).toEqual(expected.map((key) => ({ key, bytes: keys.indexOf(key) })))
      expect(next).toBeUndefined()
      expect((await objects.list(`${prefix}/a/`)).items).toHaveLength(1)
      expect((await objects.list(`${prefix}/zzz`)).items).toEqual([])
    })

    it('lists more than 1,000 keys in pages', async () => {
      const prefix = `many/${unique()}/`
      const keys = Array.from({ length: 1_050 }, (_, n) => `${prefix}${String(n).padStart(5, '0')}`)
      await inBatches(keys, 50, (key) => objects.put(key, new Uint8Array(1)))
      const first = await objects.list(prefix)
      expect(first.items.length).toBeLessThanOrEqual(1_000)
      const all = await allPages((after) => objects.list(prefix, after))
      expect(all.map((item) => item.key)).toEqual(keys)
    })

    it.each(['', '/leading', 'with space', 'ünïcode', 'a\nb', 'a?b', 'x'.repeat(513)])(
      'refuses the key %j',
      async (key) => {
        await expect(objects.put(key, new Uint8Array(1))).rejects.toThrow(StorageMisuse)
        await expect(objects.read(key)).rejects.toThrow(StorageMisuse)
        await expect(objects.delete(key)).rejects.toThrow(StorageMisuse)
      },
    )

    it('accepts the longest key', async () => {
      const key = unique().padEnd(512, '_')
      await objects.put(key, new Uint8Array([1, 2, 3]))
      expect(await objects.size(key)).toBe(3)
    })

    it('refuses a range that is none', async () => {
      const key = keyOf()
      await objects.put(key, new Uint8Array(10))
      for (const range of [
        { offset: -1, length: 1 },
        { offset: 0, length: -1 },
        { offset: 0.5, length: 1 },
      ]) {
        await expect(objects.read(key, range)).rejects.toThrow(StorageMisuse)
        await expect(objects.stream(key, range)).rejects.toThrow(StorageMisuse)
      }
    })
  })
}

async function* edited(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield new Uint8Array([1, 2, 3])
  yield* source
}

async function inBatches<T>(
  items: readonly T[],
  size: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  for (let first = 0; first < items.length; first += size) {
    await Promise.all(items.slice(first, first + size).map(work))
  }
}
