// `anyone` and `authenticated`: users may give them rights where the setting says so (Dovecot's acl_anyone), and take them away always.

import { afterEach, describe, expect, it } from 'vitest'
import { ImapClient } from '#test/support/imap-client.ts'
import { accountId, type ImapServer, startImapServer } from '#test/support/imap-server.ts'

let server: ImapServer
afterEach(() => server.stop())

const login = (name: string) => ImapClient.login(server.port, `${name}@example.test`)

describe('rights for everyone', () => {
  it('are given by users where aclAnyone is on', async () => {
    server = await startImapServer({ options: { aclAnyone: true } })
    const [ann, bob] = [await login('ann'), await login('bob')]
    await ann.ok('SETACL INBOX anyone lr')
    expect((await ann.ok('LISTRIGHTS INBOX anyone')).untagged[0]).toContain('"" l r s w')
    await bob.ok('SELECT "Other Users/ann@example.test/INBOX"')
    await ann.ok('SETACL INBOX -bob@example.test r')
    expect((await bob.command('SELECT "Other Users/ann@example.test/INBOX"')).text).toContain(
      '[NOPERM]',
    )
    ann.close()
    bob.close()
  })

  it('are else the operator’s to give, and anybody’s to take away', async () => {
    server = await startImapServer()
    const inbox = await server.mailbox.inbox(accountId('ann@example.test'))
    const all = 'lrswipkxtea' as Parameters<Parameters<typeof server.mailbox.access.change>[2]>[0]
    await server.mailbox.access.change(inbox, 'anyone', () => all)
    const bob = await login('bob')
    const name = '"Other Users/ann@example.test/INBOX"'
    expect((await bob.command(`SETACL ${name} anyone lr`)).text).toContain('[NOPERM]')
    expect((await bob.command(`SETACL ${name} authenticated +l`)).text).toContain('[NOPERM]')
    await bob.ok(`SETACL ${name} anyone -wit`)
    expect((await bob.ok(`GETACL ${name}`)).untagged[0]).toContain('anyone lrspkxeacd')
    await bob.ok(`DELETEACL ${name} anyone`)
    expect((await bob.command(`GETACL ${name}`)).text).toContain('[NONEXISTENT]')
    bob.close()
  })
})
