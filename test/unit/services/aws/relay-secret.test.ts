import { describe, expect, it } from 'vitest'
import { createRelaySecrets } from '#services/aws/relay-secret.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { manualClock } from '#test/support/pipeline.ts'

describe('the login at the relay host', () => {
  it('is kept for ten minutes and read anew after that', async () => {
    const clock = manualClock()
    let password = 'old'
    const secret = {
      read: async () => ({ versionId: '1', text: JSON.stringify({ user: 'u', password }) }),
    }
    const login = createRelaySecrets(secret, clock)
    expect(await login()).toEqual({ relayhostAuth: { user: 'u', password: 'old' } })
    password = 'new'
    expect(await login()).toEqual({ relayhostAuth: { user: 'u', password: 'old' } })
    clock.advance(10 * 60_000)
    expect(await login()).toEqual({ relayhostAuth: { user: 'u', password: 'new' } })
  })

  it('is none without a secret', async () => {
    expect(await createRelaySecrets(undefined, manualClock())()).toEqual({ relayhostAuth: null })
  })

  it('may bring the certificate of the host’s own authority', async () => {
    const text = JSON.stringify({ user: 'u', password: 'p', ca: 'PEM' })
    const secret = { read: async () => ({ versionId: '1', text }) }
    expect(await createRelaySecrets(secret, manualClock())()).toEqual({
      relayhostAuth: { user: 'u', password: 'p' },
      tlsCa: 'PEM',
    })
  })

  it.each(['', 'user:password', '{"user":"u"}', 'null', '[]'])(
    'is a temporary failure that quotes nothing when the secret is %j',
    async (text) => {
      const secret = { read: async () => ({ versionId: '1', text }) }
      const reading = createRelaySecrets(secret, manualClock())()
      await expect(reading).rejects.toThrow(TemporaryFailure)
      await expect(reading).rejects.toThrow(/^the relay secret is not/)
    },
  )
})
