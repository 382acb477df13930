import { describe, expect, it } from 'vitest'
import { HarvestLimit } from '#services/smtp/harvest-limit.ts'
import { createRates } from '#shared/rates/rates.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { sharedBuckets } from '#test/support/shared-buckets.ts'

function open() {
  const clock = new ManualClock()
  const limit = new HarvestLimit(
    {
      clientUnknownRecipientLimit: 3,
      clientUnknownRecipientWindowMs: 1_000,
      mynetworks: ['192.0.2.0/24'],
    },
    createRates({ shared: sharedBuckets(clock), clock, log: silentLog }),
  )
  const at = (remoteAddress: string, login?: string) => ({
    remoteAddress,
    account: login === undefined ? null : { login },
  })
  const note = (times: number, ...client: Parameters<typeof at>) => {
    for (let i = 0; i < times; i++) limit.note(at(...client))
  }
  const isOver = (...client: Parameters<typeof at>) => limit.isOver(at(...client))
  return { clock, note, isOver }
}

describe('HarvestLimit', () => {
  it('counts a network over all its connections', () => {
    const { note, isOver } = open()
    for (const i of [1, 2]) note(1, `2001:db8::${i}`)
    expect(isOver('2001:db8::3')).toBe(false)
    note(1, '2001:db8::4')
    expect(isOver('2001:db8::5')).toBe(true)
    expect(isOver('2001:db8:0:1::5')).toBe(false)
  })

  it('lets one more be asked for when its time has come, and all in a whole window', async () => {
    const { clock, note, isOver } = open()
    note(3, '203.0.113.5')
    await clock.advance(333)
    expect(isOver('203.0.113.5')).toBe(true)
    await clock.advance(1)
    expect(isOver('203.0.113.5')).toBe(false)
    note(1, '203.0.113.5')
    expect(isOver('203.0.113.5')).toBe(true)
    await clock.advance(1_000)
    note(2, '203.0.113.5')
    expect(isOver('203.0.113.5')).toBe(false)
  })

  it('lets mynetworks ask, unless they log in', () => {
    const { note, isOver } = open()
    note(9, '192.0.2.1')
    expect(isOver('192.0.2.1')).toBe(false)
    note(3, '192.0.2.1', 'alice@example.test')
    expect(isOver('192.0.2.1', 'alice@example.test')).toBe(true)
    expect(isOver('203.0.113.5', 'alice@example.test')).toBe(true)
    expect(isOver('192.0.2.1', 'bob@example.test')).toBe(false)
  })
})
