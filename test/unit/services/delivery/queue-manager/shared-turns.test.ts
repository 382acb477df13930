// Turns of processes that have one bell each: what they do with what others found out.

import { beforeEach, describe, expect, it } from 'vitest'
import type { GroupOutcome } from '#services/delivery/delivery.ts'
import { createSharedTurns } from '#services/delivery/queue-manager/shared-turns.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { asFlush } from '#shared/queue/bells.ts'
import type { Group } from '#shared/queue/records.ts'
import type { SharedDestinations, SharedState } from '#shared/queue/shared-destinations.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { ManualClock } from '#test/support/manual-clock.ts'

const queueId = '01KAF0ZW00ABCDEFGH' as QueueId
const bell = `${queueId} a.test/0`
const group: Group = {
  queueId,
  name: 'a.test/0',
  state: 'waiting',
  destination: { kind: 'remote', slot: 'a.test' },
  recipients: [],
  attempts: 0,
  dueMs: 0,
  leaseUntilMs: 0,
  unsettled: 0,
  split: null,
  unreserved: false,
}

describe('a bell of its own process', () => {
  let clock: ManualClock
  let state: SharedState
  let said: string[]
  let hanging: number
  let isSpeaking: boolean
  let deliver: (bell: string) => Promise<GroupOutcome>

  beforeEach(() => {
    clock = new ManualClock()
    state = { kind: 'fine', isBlank: true }
    said = []
    hanging = 0
    isSpeaking = false
    deliver = async () => ({ destination: { kind: 'reached' } })
  })

  const destinations: SharedDestinations = {
    stateOf: async () => state,
    failed: async (slot, reason) => void said.push(`failed ${slot} ${reason}`),
    reached: async (slot) => void said.push(`reached ${slot}`),
    async hangs(slot, { again }) {
      said.push(`hangs ${slot}${again ? ' again' : ''}`)
      return ++hanging
    },
    comesOn: async (slot) => void said.push(`comes on ${slot}`),
    revive: async (slot) => void said.push(`revive ${slot}`),
  }

  const handle = (body = bell) =>
    createSharedTurns({
      delivery: {
        async deliver(text) {
          said.push(`deliver ${text}`)
          return await deliver(text)
        },
        suspend: async (seen, reason) => void said.push(`suspend ${seen.group.name} ${reason}`),
      },
      destinations,
      queue: {
        peek: async () => [{ group, message: undefined }],
        ringLater: async (bells, ms) => void said.push(`later ${bells.join()} ${ms}`),
      },
      underWay: { isSpeaking: () => isSpeaking, giveUp: () => void said.push('give up') },
      clock,
      random: () => 0.5,
      log: silentLog,
    }).handle([{ id: 'b', body, receipt: 'r', receives: 1 }])

  it.each([
    ['reached', { kind: 'reached' }, ['reached a.test']],
    ['did not get through', { kind: 'unreachable', reply: 'no' }, ['failed a.test no']],
    ['was not tried', { kind: 'untried' }, []],
    ['was none', undefined, []],
  ] as const)('tells others what it found: a destination that %s', async (_, destination, told) => {
    deliver = async () => ({ destination })
    expect(await handle()).toEqual({ retry: [] })
    expect(said).toEqual([`deliver ${bell}`, ...told])
  })

  it('does not try a destination that is dead', async () => {
    state = { kind: 'dead', reason: 'refused' }
    await handle()
    expect(said).toEqual(['suspend a.test/0 refused'])
  })

  it('comes again in a while where others are kept waiting', async () => {
    state = { kind: 'hanging' }
    await handle()
    expect(said).toEqual([`later ${bell} 60000`])
  })

  it('is tried all the same for an operator, whose word is for all', async () => {
    state = { kind: 'dead', reason: 'refused' }
    await handle(asFlush(bell))
    expect(said).toEqual(['revive a.test', `deliver ${asFlush(bell)}`, 'reached a.test'])
  })

  it('for folders here asks nobody', async () => {
    state = { kind: 'dead', reason: 'refused' }
    await handle(`${queueId} local/0`)
    expect(said).toEqual([`deliver ${queueId} local/0`])
  })

  it.each([
    ['waits for a session', false, 10_000],
    ['has one', true, 60_000],
  ])('tells others when it is kept waiting, as long as it is: it %s', async (_, speaks, ms) => {
    isSpeaking = speaks
    const ended = Promise.withResolvers<GroupOutcome>()
    deliver = () => ended.promise
    const handled = handle()
    await clock.asleep()
    await clock.advance(ms - 1)
    expect(said).toEqual([`deliver ${bell}`])
    await clock.advance(1)
    await clock.asleep()
    await clock.advance(40_000)
    expect(said).toEqual([`deliver ${bell}`, 'hangs a.test', 'hangs a.test again'])
    ended.resolve({ destination: undefined })
    await handled
    expect(said.at(-1)).toBe('comes on a.test')
  })

  it('gives up where two others wait for a session already', async () => {
    hanging = 2
    const ended = Promise.withResolvers<GroupOutcome>()
    deliver = () => ended.promise
    const handled = handle()
    await clock.asleep()
    await clock.advance(10_000)
    expect(said.at(-1)).toBe('give up')
    ended.resolve({ destination: undefined })
    await handled
  })

  it('goes on while nothing can be known', async () => {
    destinations.stateOf = async () => {
      throw new TemporaryFailure('no table')
    }
    try {
      await handle()
      expect(said).toEqual([`deliver ${bell}`, 'reached a.test'])
    } finally {
      destinations.stateOf = async () => state
    }
  })

  it('comes back where the store failed, and not for a bug', async () => {
    deliver = async () => {
      throw new TemporaryFailure('no store')
    }
    expect(await handle()).toEqual({ retry: ['b'] })
    deliver = async () => {
      throw new Error('a bug')
    }
    expect(await handle()).toEqual({ retry: [] })
  })
})
