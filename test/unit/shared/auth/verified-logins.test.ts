import { describe, expect, it } from 'vitest'
import type { Credential } from '#shared/auth/credential-store.ts'
import { createVerifiedLogins } from '#shared/auth/verified-logins.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { manualClock } from './manual-clock.ts'

const MINUTE = 60_000

const credential: Credential = {
  accountId: 'A1' as AccountId,
  login: 'tim@example.test',
  enabled: true,
  passwordHash: 'hash-1',
  scramVerifier: null,
}

describe('verified logins', () => {
  it('know what was added, for that account, hash and password alone', () => {
    const { clock } = manualClock()
    const verified = createVerifiedLogins(MINUTE, clock)
    verified.add(credential, 'geheim')
    expect(verified.has(credential, 'geheim')).toBe(true)
    expect(verified.has(credential, 'Geheim')).toBe(false)
    expect(verified.has({ ...credential, passwordHash: 'hash-2' }, 'geheim')).toBe(false)
    expect(verified.has({ ...credential, accountId: 'A2' as AccountId }, 'geheim')).toBe(false)
  })

  it('are forgotten when their time is over', () => {
    const { clock, advance } = manualClock()
    const verified = createVerifiedLogins(MINUTE, clock)
    verified.add(credential, 'geheim')
    advance(MINUTE - 1)
    expect(verified.has(credential, 'geheim')).toBe(true)
    advance(1)
    expect(verified.has(credential, 'geheim')).toBe(false)
  })

  it('are never more than the maximum; the oldest goes', () => {
    const { clock } = manualClock()
    const verified = createVerifiedLogins(MINUTE, clock, 2)
    for (const password of ['one', 'two', 'three']) verified.add(credential, password)
    expect(['one', 'two', 'three'].map((password) => verified.has(credential, password))).toEqual([
      false,
      true,
      true,
    ])
  })

  it('are not kept at all when the time is 0', () => {
    const { clock } = manualClock()
    const verified = createVerifiedLogins(0, clock)
    verified.add(credential, 'geheim')
    expect(verified.has(credential, 'geheim')).toBe(false)
  })
})
