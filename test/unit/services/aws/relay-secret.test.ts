import { describe, expect, it } from 'vitest'
import { createRelayLogin } from '#services/aws/relay-secret.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { manualClock } from '#test/support/pipeline.ts'

describe('the login at the relay host', () => {
  it('is kept for ten minutes and read anew after that', async () => {
    const clock = manualClock()
    let password = 'old'
    const secret = {
      read: async () => ({ versionId: '1', text: JSON.stringify({ user: 'u', password }) }),
    }
    const login = createRelayLogin(secret, clock)
    expect(await login()).toEqual({ user: 'u', password: 'old' })
    password = 'new'
    expect(await login()).toEqual({ user: 'u', password: 'old' })
    clock.advance(10 * 60_000)
    expect(await login()).toEqual({ user: 'u', password: 'new' })
  })

  it('is none without a secret', async () => {
    expect(await createRelayLogin(undefined, manualClock())()).toBeNull()
  })

  it.each(['', 'user:password', '{"user":"u"}', 'null', '[]'])(
    'is a temporary failure that quotes nothing when the secret is %j',
    async (text) => {
      const secret = { read: async () => ({ versionId: '1', text }) }
      const reading = createRelayLogin(secret, manualClock())()
      await expect(reading).rejects.toThrow(TemporaryFailure)
      await expect(reading).rejects.toThrow(/^the relay secret is not/)
    },
  )
})
