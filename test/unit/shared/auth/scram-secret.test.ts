import { describe, expect, it } from 'vitest'
import { scramSecret } from '#shared/auth/scram-secret.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

describe('the secret behind made-up salts', () => {
  it('is one for all who need it first at the same time, and for those who come later', async () => {
    await using folder = await temporaryFolder()
    await using store = await openEmbeddedStore({ directory: folder.path })
    const { counters } = store.tables
    const secrets = await Promise.all(Array.from({ length: 5 }, () => scramSecret(counters)()))
    secrets.push(await scramSecret(counters)())
    expect(new Set(secrets.map((secret) => Buffer.from(secret).toString('hex'))).size).toBe(1)
    expect(secrets[0]).toHaveLength(32)
  })

  it('is asked for again when the table did not answer', async () => {
    await using folder = await temporaryFolder()
    await using store = await openEmbeddedStore({ directory: folder.path })
    const { counters } = store.tables
    let away = true
    const table = new Proxy(counters, {
      get: (of, name) =>
        name === 'batchGet' && away
          ? () => Promise.reject(new TemporaryFailure('away'))
          : Reflect.get(of, name).bind(of),
    })
    const secret = scramSecret(table)
    await expect(secret()).rejects.toBeInstanceOf(TemporaryFailure)
    away = false
    expect(await secret()).toHaveLength(32)
  })
})
