import { describe, expect, it } from 'vitest'
import { createRememberedLogins } from '#shared/auth/remembered-logins.ts'
import { skippingClock } from '#test/support/skipping-clock.ts'

const MINUTE = 60_000

const owner = { accountId: 'A1', passwordHash: 'hash-1' }

describe('remembered logins', () => {
  it('know what was added, for that account, hash and password alone', () => {
    const { clock } = skippingClock()
    const remembered = createRememberedLogins(MINUTE, clock)
    remembered.add(owner, Buffer.from('geheim'))
    expect(remembered.has(owner, Buffer.from('geheim'))).toBe(true)
    expect(remembered.has(owner, Buffer.from('Geheim'))).toBe(false)
    expect(remembered.has({ ...owner, passwordHash: 'hash-2' }, Buffer.from('geheim'))).toBe(false)
    expect(remembered.has({ ...owner, accountId: 'A2' }, Buffer.from('geheim'))).toBe(false)
  })

  it('are forgotten when their time is over', () => {
    const { clock, advance } = skippingClock()
    const remembered = createRememberedLogins(MINUTE, clock)
    remembered.add(owner, Buffer.from('geheim'))
    advance(MINUTE - 1)
    expect(remembered.has(owner, Buffer.from('geheim'))).toBe(true)
    advance(1)
    expect(remembered.has(owner, Buffer.from('geheim'))).toBe(false)
  })

  it('are never more than the maximum; the oldest goes', () => {
    const { clock } = skippingClock()
    const remembered = createRememberedLogins(MINUTE, clock, 2)
    for (const password of ['one', 'two', 'three']) remembered.add(owner, Buffer.from(password))
    expect(
      ['one', 'two', 'three'].map((password) => remembered.has(owner, Buffer.from(password))),
    ).toEqual([false, true, true])
  })

  it('are not kept at all when the time is 0', () => {
    const { clock } = skippingClock()
    const remembered = createRememberedLogins(0, clock)
    remembered.add(owner, Buffer.from('geheim'))
    expect(remembered.has(owner, Buffer.from('geheim'))).toBe(false)
  })
})
