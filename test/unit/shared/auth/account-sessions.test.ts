import { afterAll, describe, expect, it } from 'vitest'
import { AccountSessions } from '#shared/auth/account-sessions.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { accountId, startImapServer } from '#test/support/imap-server.ts'

const ann = accountId('ann')
const bob = accountId('bob')

describe('AccountSessions', () => {
  it('counts each account for itself', () => {
    const sessions = new AccountSessions(1)
    expect(sessions.enter(ann)).toBe(true)
    expect(sessions.enter(ann)).toBe(false)
    expect(sessions.enter(bob)).toBe(true)
    sessions.leave(ann)
    expect(sessions.enter(ann)).toBe(true)
  })
})

describe('sessions of an account', () => {
  const resources = new AsyncDisposableStack()
  afterAll(() => resources.disposeAsync())

  it('are refused over the limit, until one logs out or unauthenticates', async () => {
    const server = await startImapServer({ options: { accountConnectionCountLimit: 2 } })
    resources.defer(server.stop)
    const first = await ImapClient.login(server.port)
    const second = await ImapClient.login(server.port)
    const third = await ImapClient.connect(server.port)
    const refused = await third.command('LOGIN ann@example.test secret')
    expect(refused).toMatchObject({ status: 'NO', text: expect.stringMatching(/^\[LIMIT\]/) })
    expect((await third.command('LOGIN bob@example.test secret')).status).toBe('OK')
    await first.ok('UNAUTHENTICATE')
    const fourth = await ImapClient.login(server.port)
    await second.ok('LOGOUT')
    for (const client of [first, second, third, fourth]) client.close()
  })
})
