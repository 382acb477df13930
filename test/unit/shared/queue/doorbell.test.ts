import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { createDoorbell, RING_GATHER_MS } from '#shared/queue/doorbell.ts'
import { type Log, silentLog } from '#shared/runtime/log.ts'
import type { Queue } from '#shared/storage/ports.ts'

const id = (name: string) => name as QueueId

describe('the doorbell', () => {
  let sent: (readonly string[])[]
  let warned: unknown[]
  let fails: boolean
  let ring: (queueId: QueueId) => void

  beforeEach(() => {
    vi.useFakeTimers()
    sent = []
    warned = []
    fails = false
    const queue = {
      async send(bodies: readonly string[]) {
        sent.push(bodies)
        if (fails) throw new Error('down')
      },
    } as Queue
    const log: Log = { ...silentLog, warn: (fields) => void warned.push(fields) }
    ring = createDoorbell(queue, log)
  })
  afterEach(() => vi.useRealTimers())

  it('rings at once for a message that comes alone', () => {
    ring(id('a'))
    expect(sent).toEqual([['a']])
  })

  it('gathers those that follow, and rings for them together', () => {
    for (const name of ['a', 'b', 'c']) ring(id(name))
    expect(sent).toEqual([['a']])
    vi.advanceTimersByTime(RING_GATHER_MS)
    expect(sent).toEqual([['a'], ['b', 'c']])
  })

  it('rings at once again after a silence', () => {
    ring(id('a'))
    vi.advanceTimersByTime(RING_GATHER_MS)
    ring(id('b'))
    expect(sent).toEqual([['a'], ['b']])
  })

  it('says when it could not ring, and rings for the next all the same', async () => {
    fails = true
    ring(id('a'))
    await vi.advanceTimersByTimeAsync(RING_GATHER_MS)
    expect(warned).toMatchObject([{ queueIds: ['a'] }])
    fails = false
    ring(id('b'))
    expect(sent).toEqual([['a'], ['b']])
  })
})
