import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { silentLog } from '#shared/runtime/log.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { accountId, type ImapServer, startImapServer } from '#test/support/imap-server.ts'

describe('an IMAP session', () => {
  let server: ImapServer
  beforeAll(async () => {
    server = await startImapServer()
  })
  afterAll(() => server.stop())

  it('tells the state of a mailbox when it is selected', async () => {
    const client = await ImapClient.login(server.port, 'select@example.test')
    const inbox = await server.mailbox.inbox(accountId('select@example.test'))
    await server.seed(inbox, 'Subject: one\r\n\r\nbody\r\n', ['\\Seen'])
    await server.seed(inbox, 'Subject: two\r\n\r\nbody\r\n')
    const answer = await client.ok('SELECT inbox')
    expect(answer.text).toMatch(/^\[READ-WRITE\]/)
    expect(answer.untagged).toContain('2 EXISTS')
    expect(answer.untagged).toContain('OK [UNSEEN 2] First unseen message')
    client.close()
  })

  it('hears in IDLE of a message that arrives', async () => {
    const client = await ImapClient.login(server.port, 'idle@example.test')
    const inbox = await server.mailbox.inbox(accountId('idle@example.test'))
    await client.ok('SELECT INBOX')
    client.send('i IDLE\r\n')
    expect(await client.line()).toMatch(/^\+ /)
    await server.seed(inbox, 'Subject: new\r\n\r\nbody\r\n')
    expect(await client.line()).toBe('* 1 EXISTS')
    client.send('DONE\r\n')
    expect(await client.line()).toMatch(/^i OK/)
    client.close()
  })

  it('answers the next command after one it did not understand', async () => {
    const client = await ImapClient.connect(server.port)
    expect((await client.command('NONSENSE')).status).toBe('BAD')
    expect((await client.command('LOGIN')).status).toBe('BAD')
    expect((await client.command('SELECT INBOX')).status).toBe('BAD')
    expect((await client.command('LOGIN a wrong')).status).toBe('NO')
    expect((await client.command('NOOP')).status).toBe('OK')
    client.close()
  })

  it('writes into the log who the client is, twice at most and shortened', async () => {
    using info = vi.spyOn(silentLog, 'info')
    const client = await ImapClient.connect(server.port)
    for (let i = 0; i < 10; i++) await client.ok(`ID ("name" "${'x'.repeat(1_000)}" "os" NIL)`)
    client.close()
    const logged = info.mock.calls.filter(([, text]) => text === 'client')
    const once = [{ client: { name: 'x'.repeat(100), os: null } }, 'client']
    expect(logged).toEqual([once, once])
  })

  it('is not taken for a bug when the client goes in the middle of a literal', async () => {
    using info = vi.spyOn(silentLog, 'info')
    using error = vi.spyOn(silentLog, 'error')
    const client = await ImapClient.login(server.port, 'gone@example.test')
    client.send('a APPEND INBOX {100}\r\n')
    expect(await client.line()).toMatch(/^\+ /)
    client.close()
    const ended = () => info.mock.calls.filter(([, text]) => text === 'session ended')
    await expect.poll(ended).toMatchObject([[{ reason: 'client closed' }, 'session ended']])
    expect(error).not.toHaveBeenCalled()
  })

  it('ends when its account is disabled: between commands, in IDLE, in the middle of a literal', async () => {
    const { accountWatch } = server
    const idle = await ImapClient.login(server.port, 'end@example.test')
    await idle.ok('SELECT INBOX')
    idle.send('i IDLE\r\n')
    expect(await idle.line()).toMatch(/^\+ /)
    const quiet = await ImapClient.login(server.port, 'end@example.test')
    const appending = await ImapClient.login(server.port, 'end@example.test')
    appending.send('a APPEND INBOX {100}\r\n')
    expect(await appending.line()).toMatch(/^\+ /)
    appending.send('half of it')
    const left = await ImapClient.login(server.port, 'end@example.test')
    await left.ok('UNAUTHENTICATE')
    accountWatch.endAll()
    for (const client of [idle, quiet, appending]) {
      expect(await client.line()).toMatch(/^\* BYE \[UNAVAILABLE\] /)
      await expect(client.line()).rejects.toThrow('closed')
    }
    expect((await left.command('NOOP')).status).toBe('OK')
    left.close()
    const inbox = await server.mailbox.inbox(accountId('end@example.test'))
    expect(inbox.exists).toBe(0)
  })
})
