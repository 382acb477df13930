// Between any two pieces of work others have their turn: counted by how often a turn is offered, whatever time it takes.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { Output } from '#shared/net/output.ts'
import { turns } from '#shared/runtime/turns.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { type ImapServer, startImapServer } from '#test/support/imap-server.ts'

let resources = new AsyncDisposableStack()
afterEach(async () => {
  await resources.disposeAsync()
  resources = new AsyncDisposableStack()
})

async function start() {
  const server = await startImapServer()
  resources.defer(server.stop)
  const login = async () => {
    const client = await ImapClient.login(server.port)
    resources.defer(() => client.close())
    return client
  }
  return { server, client: await login(), login }
}

const account = 'ann@example.test'

async function seeded(server: ImapServer, count: number) {
  const inbox = await server.mailbox.inbox(server.accountId(account))
  for (let i = 0; i < count; i++) await server.seed(inbox, `Subject: ${i}\r\n\r\nbody`)
}

/** Turns offered until the command is answered. */
async function offered(client: ImapClient, command: string): Promise<number> {
  using step = vi.spyOn(turns, 'step')
  await client.ok(command)
  return step.mock.calls.length
}

describe('others have their turn', () => {
  it('between pipelined commands', async () => {
    const { client } = await start()
    using step = vi.spyOn(turns, 'step')
    client.send(`${'a NOOP\r\n'.repeat(1_000)}last NOOP\r\n`)
    while (!(await client.line()).startsWith('last '));
    expect(step.mock.calls.length).toBeGreaterThan(1_000)
  })

  it('between pipelined commands that read a line of their own', async () => {
    const { client } = await start()
    using step = vi.spyOn(turns, 'step')
    client.send(`${'a IDLE\r\nDONE\r\n'.repeat(200)}last NOOP\r\n`)
    while (!(await client.line()).startsWith('last '));
    expect(step.mock.calls.length).toBeGreaterThan(200)
  })

  it('between the pieces of a literal', async () => {
    const { client } = await start()
    using step = vi.spyOn(turns, 'step')
    await client.append('INBOX', 'Subject: s\r\n\r\n'.padEnd(2_000_000, 'x'))
    expect(step.mock.calls.length).toBeGreaterThan(2_000_000 / 65_536)
  })

  it('while one waits for its own: who came later is answered before all of the earlier', async () => {
    const { client, login } = await start()
    const second = await login()
    using _ = vi
      .spyOn(turns, 'step')
      .mockImplementation(() => new Promise<void>((resolve) => setImmediate(resolve)))
    client.send(`${'a NOOP\r\n'.repeat(5_000)}last NOOP\r\n`)
    let answers = 0
    const all = (async () => {
      for (let line = ''; !line.startsWith('last '); answers++) line = await client.line()
    })()
    await second.ok('NOOP')
    expect(answers).toBeLessThan(5_000)
    await all
  })

  it('between the names and patterns of LIST and LSUB', async () => {
    const { client } = await start()
    for (let i = 0; i < 20; i++) {
      await client.ok(`CREATE f${i}`)
      await client.ok(`SUBSCRIBE f${i}`)
    }
    const patterns = Array.from({ length: 100 }, (_, i) => `*x*${i}`).join(' ')
    expect(await offered(client, `LIST "" (${patterns})`)).toBeGreaterThan(20 * 100)
    expect(await offered(client, 'LSUB "" "*x*%"')).toBeGreaterThan(20)
    expect(await offered(client, 'LIST "" * RETURN (STATUS (MESSAGES))')).toBeGreaterThan(20)
    expect(
      await offered(client, 'NOTIFY SET STATUS (PERSONAL (MessageNew MessageExpunge))'),
    ).toBeGreaterThan(40)
  })

  it('between messages', async () => {
    const { server, client } = await start()
    await seeded(server, 150)
    await client.ok('SELECT INBOX')
    expect(await offered(client, 'FETCH 1:* (FLAGS ENVELOPE)')).toBeGreaterThan(150)
    expect(await offered(client, 'FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT)]')).toBeGreaterThan(
      300,
    )
    const other = await ImapClient.login(server.port)
    resources.defer(() => other.close())
    await other.ok('SELECT INBOX')
    await other.ok('STORE 1:* +FLAGS (\\Flagged)')
    // What others have changed.
    expect(await offered(client, 'NOOP')).toBeGreaterThan(150)
  })

  it('between the pieces of an answer, though the client takes each at once', async () => {
    const { server, client } = await start()
    await seeded(server, 100)
    await client.ok('SELECT INBOX')
    const other = await ImapClient.login(server.port)
    resources.defer(() => other.close())
    await other.ok('SELECT INBOX')
    await other.ok('STORE 1:* +FLAGS (\\Flagged)')
    using _ = vi.spyOn(Output.prototype, 'room').mockImplementation(() => Promise.resolve())
    expect(await offered(client, 'NOOP')).toBeGreaterThan(100)
  })

  it('between the URLs of CATENATE, of which all see one reading of the folders', async () => {
    const { server, client } = await start()
    await seeded(server, 1)
    using read = vi.spyOn(server.mailbox.folders, 'tree')
    const urls = Array.from(
      { length: 100 },
      () => 'URL "/INBOX/;UID=1/;SECTION=HEADER.FIELDS%20(SUBJECT)"',
    )
    expect(await offered(client, `APPEND INBOX CATENATE (${urls.join(' ')})`)).toBeGreaterThan(200)
    expect(read.mock.calls.length).toBeLessThan(3)
  })
})
