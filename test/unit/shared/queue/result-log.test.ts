import { describe, expect, it } from 'vitest'
import type { DeliveryResult, FinalRecipient, LocalAction } from '#shared/contracts/delivery.ts'
import { newQueueId } from '#shared/mail/queue-id.ts'
import { logResult } from '#shared/queue/result-log.ts'
import { createRetrySchedule } from '#shared/queue/retry-schedule.ts'
import { type Log, type LogFields, silentLog } from '#shared/runtime/log.ts'
import { manualClock } from '#test/support/pipeline.ts'

const recipient: FinalRecipient = {
  address: 'far@away.test',
  accountId: null,
  extension: null,
  original: 'list@example.test',
  notify: [],
  originalRecipient: null,
}
const later: DeliveryResult = { kind: 'deferred', status: '4.4.1', reply: 'no answer' }
const begunMs = Date.UTC(2026, 10, 20)

describe('the line of a result', () => {
  function lineOf(
    result: DeliveryResult | LocalAction,
    to = recipient,
    relay?: string,
    arrivedMs = 1_500,
  ) {
    const lines: [LogFields, string][] = []
    const log: Log = { ...silentLog, info: (fields, message) => void lines.push([fields, message]) }
    const queueId = newQueueId(begunMs)
    logResult(
      log,
      { queueId, arrivedMs: begunMs + arrivedMs },
      {
        recipient: to,
        result,
        contact: relay === undefined ? undefined : { relay, connectMs: 250 },
        startedMs: begunMs + 61_500,
        endedMs: begunMs + 62_000,
      },
    )
    expect(lines).toHaveLength(1)
    const [[fields, message] = [{}, '']] = lines
    return { ...fields, queueId: fields.queueId === queueId, message }
  }

  it('has the names and delays of Postfix', () => {
    expect(lineOf({ kind: 'delivered', reply: '250 ok' }, recipient, 'mx.away.test')).toEqual({
      queueId: true,
      to: 'far@away.test',
      origTo: 'list@example.test',
      relay: 'mx.away.test',
      delay: 62,
      delays: '1.5/60/0.25/0.25',
      dsn: '2.0.0',
      status: 'delivered',
      reply: '250 ok',
      message: 'delivered',
    })
  })

  it.each([
    [{ kind: 'redirected', to: 'x@away.test' }, '2.0.0', 'redirected to <x@away.test>'],
    [{ kind: 'replied', to: 'x@away.test' }, '2.0.0', 'replied to <x@away.test>'],
    [{ kind: 'discarded' }, '2.0.0', 'discarded as its recipient wants'],
    [{ kind: 'refused', status: '5.7.1', reply: 'no' }, '5.7.1', 'no'],
  ] as const)('of what was done here says what: %j', (action, dsn, reply) => {
    expect(lineOf(action, recipient, 'local')).toMatchObject({
      relay: 'local',
      dsn,
      status: action.kind,
      reply,
      message: action.kind,
    })
  })

  it('names the address of the envelope only where it is another one', () => {
    const plain = { ...recipient, original: recipient.address }
    expect(lineOf(later, plain)).not.toHaveProperty('origTo')
    expect(lineOf(later, plain)).toMatchObject({ relay: 'none', dsn: '4.4.1', status: 'deferred' })
  })

  it('has no delay below nothing where the clock was set back', () => {
    expect(lineOf(later, recipient, 'mx.away.test', -1_000)).toMatchObject({
      delay: 62,
      delays: '0/62.5/0.25/0.25',
    })
  })

  it('tells of a time in the queue that is over', () => {
    const clock = manualClock(begunMs + 62_000)
    const times = {
      minimalBackoffMs: 1,
      maximalBackoffMs: 1,
      maximalQueueLifetimeMs: 60_000,
      bounceQueueLifetimeMs: 60_000,
    }
    const schedule = createRetrySchedule(times, clock, () => 0)
    expect(
      lineOf(schedule.expire({ arrivedMs: begunMs, envelope: { sender: 'a@b.test' } }, later)),
    ).toMatchObject({
      message: 'failed',
      dsn: '5.4.7',
      status: 'failed',
      reply: 'delivery time expired: no answer',
    })
  })
})
