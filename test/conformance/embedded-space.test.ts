// What the embedded driver does when the disk is full: with an invented figure, and on a small disk of its own.

import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '#shared/runtime/clock.ts'
import { SystemFull } from '#shared/runtime/errors.ts'
import { SHORTAGE_TOLD_MS, SPACE_KNOWN_MS } from '#shared/storage/embedded/disk-space.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { smallDisk } from '#test/support/small-disk.ts'
import { chunksOf } from '#test/support/storage.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

const MIB = 1024 * 1024
const reserveBytes = 10 * MIB

describe('an embedded store whose disk has less than the reserve', () => {
  async function opened() {
    const world = { free: 100 * MIB, nowMs: 1_000_000, asked: 0 }
    const log = new MemoryLog()
    const { store, close } = await openEmbedded({
      reserveBytes,
      freeBytes: async () => {
        world.asked++
        return world.free
      },
      clock: { ...systemClock, now: () => world.nowMs },
      log,
    })
    onTestFinished(close)
    const run = (free: number) => {
      world.free = free
      world.nowMs += SPACE_KNOWN_MS
    }
    return { store, world, log, run }
  }

  it('is short from the first byte below it', async () => {
    const { store, run } = await opened()
    run(reserveBytes)
    expect(await store.space.isShort()).toBe(false)
    run(reserveBytes - 1)
    expect(await store.space.isShort()).toBe(true)
  })

  it('takes no object, small or large, and says where the disk is full', async () => {
    const { store, run } = await opened()
    run(3 * MIB)
    for (const bytes of [10, 300_000]) {
      const error = await store.objects.put('o', new Uint8Array(bytes)).catch((e) => e)
      expect(error).toBeInstanceOf(SystemFull)
      expect(error.message).toMatch(/^disk full: 3\.0 MiB free in \/.*store-/)
    }
  })

  it('gives up an object that is being written when others took the room', async () => {
    const { store, run } = await opened()
    async function* source() {
      yield* chunksOf(new Uint8Array(MIB), 100_000)
      run(1)
      yield* chunksOf(new Uint8Array(MIB), 100_000)
    }
    await expect(store.objects.put('o', source())).rejects.toThrow(SystemFull)
    run(100 * MIB)
    expect(await store.objects.size('o')).toBeUndefined()
  })

  it('still deletes, delivers and reads', async () => {
    const { store, run } = await opened()
    await store.objects.put('o', new Uint8Array(300_000))
    run(1)
    expect((await store.objects.read('o'))?.length).toBe(300_000)
    await store.tables.mail.write({ put: { pk: 'p', sk: 's' } })
    await store.objects.delete('o')
    expect(await store.objects.size('o')).toBeUndefined()
  })

  it('tells of it once a minute, and asks the disk once a second', async () => {
    const { store, world, log, run } = await opened()
    run(1)
    const asked = world.asked
    for (let i = 0; i < 1_000; i++) await store.objects.put('o', new Uint8Array(1)).catch(() => {})
    expect(world.asked - asked).toBe(1)
    expect(log.lines.map(({ message }) => message)).toEqual(['disk full'])
    world.nowMs += SHORTAGE_TOLD_MS
    await store.objects.put('o', new Uint8Array(1)).catch(() => {})
    expect(log.lines).toHaveLength(2)
  })
})

describe('an embedded store on a disk of 16 MiB [rights]', () => {
  it('says that it is full, loses nothing and deletes', async ({ skip }) => {
    const made = await smallDisk(16)
    if ('reason' in made) return skip(made.reason)
    await using disk = made
    const log = new MemoryLog()
    const directory = join(disk.path, 'data')
    await using store = await openEmbeddedStore({ directory, log })
    // No reserve: every last byte is taken.
    const bytes = new Uint8Array(30_000).fill(1)
    let stored = 0
    let failure: unknown
    while (failure === undefined) {
      await store.objects.put(`o${stored}`, bytes).then(
        () => stored++,
        (error: unknown) => (failure = error),
      )
    }
    expect(failure).toBeInstanceOf(SystemFull)
    expect(String(failure)).toContain(`disk full: 0.`)
    expect(String(failure)).toContain(directory)
    await expect(store.objects.put('large', new Uint8Array(300_000))).rejects.toThrow('disk full')
    expect(log.lines.map(({ message }) => message)).toEqual(['disk full'])

    for (let n = 0; n < stored; n++) {
      expect((await store.objects.read(`o${n}`))?.length).toBe(bytes.length)
      await store.objects.delete(`o${n}`)
    }
    await store.objects.put('again', bytes)
  })
})
