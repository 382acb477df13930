// What an entry on AWS does when its store is closed for a move, or not open yet.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Backend } from '#services/assembly/backend.ts'
import { followSettings } from '#services/aws/follow-settings.ts'
import { type OpenedFunction, onQueueEvents, onSchedule } from '#services/aws/functions.ts'
import { openStanding, STANDING_LOOKED_AT_MS, StoreClosed } from '#services/aws/standing.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { type MoveMark, moveMarkItem, moveMarkKey } from '#shared/storage/move-mark.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const about = { move: 'm', other: 'the data folder /srv/mail', source: 's', sinceMs: 0 }
const closed: MoveMark = { ...about, role: 'source', state: 'closed' }
const filling: MoveMark = {
  ...about,
  role: 'target',
  state: 'filling',
  passes: 1,
  mover: '',
  moverUntilMs: 0,
}

describe('a store that is moved', () => {
  let opened: OpenedEmbedded
  const clock = new ManualClock(1_000_000)

  beforeEach(async () => {
    opened = await openEmbedded()
  })
  afterEach(() => opened.close())

  const directory = () => opened.store.tables.directory
  const mark = (put: MoveMark) => directory().write({ put: moveMarkItem(put) })

  it.each([closed, filling, { ...closed, state: 'moved' } as const])(
    'is not opened: $role, $state',
    async (put) => {
      await mark(put)
      await expect(openStanding({ directory: directory(), clock })).rejects.toMatchObject({
        name: 'UnusableStore',
        message: expect.stringContaining('/srv/mail'),
      })
    },
  )

  it('is one like any other when the move is over', async () => {
    await mark({ ...filling, state: 'open' })
    await (await openStanding({ directory: directory(), clock })).mayWork()
  })

  it('is left alone within seconds by who works on it, and worked on again when the mark goes', async () => {
    const { mayWork } = await openStanding({ directory: directory(), clock })
    await mark(closed)
    clock.advance(STANDING_LOOKED_AT_MS - 1)
    await mayWork()
    clock.advance(1)
    await expect(mayWork()).rejects.toThrow(StoreClosed)
    await directory().write({ delete: moveMarkKey })
    clock.advance(STANDING_LOOKED_AT_MS)
    await mayWork()
  })

  it('lets functions do nothing: bells come back, jobs fail', async () => {
    const { mayWork } = await openStanding({ directory: directory(), clock })
    await mark(closed)
    clock.advance(STANDING_LOOKED_AT_MS)
    const ran: string[] = []
    const given = {
      log: silentLog,
      store: { queues: { incoming: { extend: async () => {} } }, hintsSent: async () => {} },
      metrics: { flush: () => {} },
      figures: { send: async () => {} },
      mayWork,
    } as unknown as OpenedFunction
    const context = { getRemainingTimeInMillis: () => 1_000 }
    const onBells = onQueueEvents(given, 'incoming', async () => {
      ran.push('bells')
      return { retry: [] }
    })
    const record = {
      messageId: 'm1',
      receiptHandle: 'r1',
      body: 'x',
      attributes: { ApproximateReceiveCount: '1' },
      eventSourceARN: 'arn:aws:sqs:eu-central-1:1:incoming',
    }
    expect(await onBells({ Records: [record] }, context)).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm1' }],
    })
    const onTime = onSchedule(given, { ring: async () => ran.push('ring') })
    await expect(onTime({ job: 'ring' }, context)).rejects.toThrow(StoreClosed)
    expect(ran).toEqual([])
  })

  it('ends containers', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const {
      closed: told,
      follow,
      stopFollowing,
    } = followSettings(
      {
        running: async () => {
          throw new StoreClosed('it was moved')
        },
        first: {} as Backend,
        log: silentLog,
      },
      () => {},
    )
    follow()
    vi.advanceTimersByTime(5_000)
    expect(await told).toBe('it was moved')
    await stopFollowing()
    vi.useRealTimers()
  })
})
