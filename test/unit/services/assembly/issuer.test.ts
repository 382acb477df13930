// Tokens of the issuer as the settings have them judged.

import { describe, expect, it } from 'vitest'
import { assembleTokenLogins } from '#services/assembly/issuer.ts'
import { createIssuer } from '#shared/auth/issuer/issuer.ts'
import { must } from '#test/support/must.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'
import { ISSUER, TestIssuer } from '#test/support/test-issuer.ts'

async function login(set: readonly string[], typ: string): Promise<string> {
  const clock = manualClock()
  const { store, close } = await openEmbedded({ clock })
  try {
    const names = [`oidcIssuer=${ISSUER}`, 'oidcClientId=postwolke']
    const { backend, addAccount } = createPipeline(store, clock, { set: [...names, ...set] })
    await addAccount('ann@example.test')
    const provider = new TestIssuer()
    const issuer = createIssuer({ url: ISSUER, fetch: provider.fetch, clock })
    const claims = {
      ...{ iss: ISSUER, aud: 'postwolke', sub: 's1', exp: clock.now() / 1_000 + 3_600 },
      ...{ email: 'ann@example.test', email_verified: true },
    }
    const token = provider.token(claims, { header: { typ } })
    const where = { service: 'imap', remoteAddress: '192.0.2.1' } as const
    const logins = must(assembleTokenLogins(backend, issuer))
    return (await logins.authenticateToken({ ...where, login: '', token })).kind
  } finally {
    await close()
  }
}

describe('a token that a mail program shows', () => {
  it.each([
    ['an access token, without an audience that is set', [], 'at+jwt', 'authenticated'],
    // An ID token names the same audience.
    ['any other, without one', [], 'JWT', 'refused'],
    ['any other, for the audience that is set', ['oidcAudience=postwolke'], 'JWT', 'authenticated'],
    ['an access token for another one', ['oidcAudience=mail'], 'at+jwt', 'refused'],
  ])('%s', async (_, set, typ, kind) => {
    expect(await login(set, typ)).toBe(kind)
  })
})
