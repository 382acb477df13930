import { describe, expect, it, onTestFinished } from 'vitest'
import { SystemFull } from '#shared/runtime/errors.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { closeAwsClients, openAwsClients } from '#shared/storage/aws/clients.ts'
import { S3ObjectStore } from '#shared/storage/aws/object-store.ts'
import { PART_BYTES, UPLOAD_BYTES_MIN, UploadMemory } from '#shared/storage/aws/upload-memory.ts'
import { intercept } from '#test/support/emulators/intercept.ts'
import { MemoryLog } from '#test/support/memory-log.ts'

const MIB = 1024 * 1024
const chunk = new Uint8Array(64 * 1024)

/** Time passes with the turns of the event loop. */
class TurningClock {
  readonly #turnsAWait: number
  #turns = 0

  constructor(turnsAWait = 1) {
    this.#turnsAWait = turnsAWait
  }

  now(): number {
    return this.#turns
  }

  async sleep(): Promise<void> {
    for (let turn = 0; turn < this.#turnsAWait; turn++) await this.turn()
  }

  async turn(): Promise<void> {
    this.#turns++
    await new Promise((next) => setImmediate(next))
  }
}

describe('an upload', () => {
  it('holds little while its message is small', async () => {
    const memory = new UploadMemory(UPLOAD_BYTES_MIN, { clock: new TurningClock(), log: silentLog })
    using buffer = memory.buffer()
    await buffer.append(new Uint8Array(100))
    expect(memory.budget.taken).toBe(16 * 1024)
    await buffer.append(new Uint8Array(100_000))
    expect(memory.budget.taken).toBe(256 * 1024)
  })

  it('keeps the bytes of its part in order and returns what does not fit', async () => {
    using buffer = new UploadMemory(UPLOAD_BYTES_MIN, {
      clock: new TurningClock(),
      log: silentLog,
    }).buffer()
    const bytes = Buffer.alloc(PART_BYTES + 3).map((_, position) => position % 251)
    expect(await buffer.append(bytes.subarray(0, 100_000))).toHaveLength(0)
    expect(await buffer.append(bytes.subarray(100_000))).toEqual(bytes.subarray(PART_BYTES))
    await buffer.send(async (part) => {
      expect(Buffer.compare(part, bytes.subarray(0, PART_BYTES))).toBe(0)
    })
    expect(buffer.isEmpty).toBe(true)
  })

  it('gives way to others when the memory is full and it has cost most, with all it holds', async () => {
    const clock = new TurningClock()
    const memory = new UploadMemory(7 * MIB, { clock, log: silentLog })
    using large = memory.buffer()
    await large.append(new Uint8Array(PART_BYTES - 1))
    using middle = memory.buffer()
    await middle.append(new Uint8Array(MIB))
    await clock.turn()
    using small = memory.buffer()
    for (let i = 0; i < 5; i++) await small.append(new Uint8Array(200_000))
    await expect(large.append(chunk)).rejects.toThrow(SystemFull)
    expect(large.held).toBe(0)
    expect(await middle.append(chunk)).toHaveLength(0)
  })

  it('that has cost most itself is refused', async () => {
    const clock = new TurningClock()
    const memory = new UploadMemory(7 * MIB, { clock, log: silentLog })
    using first = memory.buffer()
    await first.append(new Uint8Array(PART_BYTES))
    using second = memory.buffer()
    await second.append(new Uint8Array(MIB))
    await clock.turn()
    await first.send(async () => {
      // What S3 is being sent cannot be dropped.
      await expect(second.append(chunk)).rejects.toThrow(SystemFull)
    })
  })
})

describe('100 slow clients', () => {
  const bytesMax = 32 * MIB
  const messageBytes = 12 * MIB

  it('hold no more than the budget, and each hears how it ended', async () => {
    const { memory, put, heldMax, log } = uploads()
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => put()))
    expect(heldMax()).toBeGreaterThan(PART_BYTES)
    expect(heldMax()).toBeLessThanOrEqual(bytesMax)
    expect(memory.budget.taken).toBe(0)
    expect(outcomes).toContain('stored')
    // The clock turns far less than a minute.
    expect(log.lines.map(({ message }) => message)).toEqual(['no memory for uploads'])
    expect(outcomes.every((outcome) => outcome === 'stored' || outcome === 'full')).toBe(true)
  })

  it('that fall silent do not keep others out', async () => {
    const { memory, put, heldMax } = uploads()
    const goOn = Promise.withResolvers<void>()
    const silent = Array.from({ length: 100 }, () => Promise.withResolvers<void>())
    const slow = silent.map(({ resolve }) =>
      put(async (sent) => {
        if (sent < 3 * MIB) return
        resolve()
        await goOn.promise
      }).finally(resolve),
    )
    await Promise.all(silent.map(({ promise }) => promise))
    expect(memory.budget.taken).toBeGreaterThan(bytesMax - PART_BYTES)
    for (let i = 0; i < 10; i++) expect(await put()).toBe('stored')
    goOn.resolve()
    await Promise.all(slow)
    expect(heldMax()).toBeLessThanOrEqual(bytesMax)
    expect(memory.budget.taken).toBe(0)
  })

  function uploads() {
    const clients = openAwsClients({
      region: 'eu-central-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    })
    onTestFinished(() => closeAwsClients(clients))
    const clock = new TurningClock(50)
    intercept(clients, async () => {
      await clock.turn()
      return { UploadId: 'u', ETag: 'e' }
    })
    const log = new MemoryLog()
    const memory = new UploadMemory(bytesMax, { clock, log })
    const objects = new S3ObjectStore({ s3: clients.s3, bucket: 'bucket', clock, memory })
    let heldMax = 0

    async function* message(pause: (sent: number) => Promise<void>) {
      for (let sent = 0; sent < messageBytes; sent += chunk.length) {
        await pause(sent)
        yield chunk
        heldMax = Math.max(heldMax, memory.budget.taken)
        await clock.turn()
      }
    }

    async function put(pause = async (_sent: number) => {}): Promise<'stored' | 'full'> {
      try {
        const { bytes } = await objects.put('object', message(pause))
        expect(bytes).toBe(messageBytes)
        return 'stored'
      } catch (error) {
        expect(error).toBeInstanceOf(SystemFull)
        return 'full'
      }
    }
    return { memory, put, heldMax: () => heldMax, log }
  }
})
