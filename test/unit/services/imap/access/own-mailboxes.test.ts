// What sharing costs those who do not share: no read for the rights in one's own mailboxes, whoever else may open them.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Rights } from '#shared/mailbox/rights.ts'
import { userGrantee } from '#shared/mailbox/rights.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import type { Table } from '#shared/storage/ports.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { accountId, type ImapServer, startImapServer } from '#test/support/imap-server.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
const asked: string[] = []
let server: ImapServer
let client: ImapClient

beforeAll(async () => {
  const { path } = resources.use(await temporaryFolder())
  const store = resources.use(await openEmbeddedStore({ directory: path }))
  const tables = { ...store.tables, mail: noting(store.tables.mail) }
  server = await startImapServer({ store: { ...store, tables } })
  resources.defer(() => server.stop())
  const inbox = await server.mailbox.inbox(accountId('ann@example.test'))
  await server.seed(inbox, 'Subject: one\r\n\r\nOne.\r\n')
  const given = await server.mailbox.access.change(
    inbox,
    userGrantee(accountId('bob@example.test')),
    () => 'lr' as Rights,
  )
  expect(given.kind).toBe('set')
  client = await ImapClient.login(server.port)
})
afterAll(() => resources.disposeAsync())
beforeEach(() => asked.splice(0))

/** Notes reads of rights and of their index. */
function noting(table: Table): Table {
  return new Proxy(table, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...given: unknown[]) => {
        const text = JSON.stringify(given)
        if (/"(?:L|G)#|EVERYONE/.test(text)) asked.push(`${String(name)} ${text}`)
        return value.apply(target, given)
      }
    },
  })
}

describe('a session in its own mailboxes', () => {
  it.each([
    'SELECT INBOX',
    'STATUS INBOX (MESSAGES)',
    'FETCH 1 (FLAGS BODY[])',
    'STORE 1 +FLAGS (\\Flagged)',
    'COPY 1 Archive',
    'SEARCH ALL',
    'NOOP',
    'LIST "" INBOX',
    'LIST "" INBOX/%',
    'LSUB "" *',
    'CREATE Mine',
    'CREATE Mine/Below',
    'RENAME Mine/Below Other',
    'SUBSCRIBE Mine',
    'GETMETADATA INBOX /private/comment',
    'GETQUOTAROOT INBOX',
    'MYRIGHTS INBOX',
    'NOTIFY SET (personal (MessageNew MessageExpunge))',
    'ESEARCH IN (personal) ALL',
    'MOVE 1 Archive',
    'EXPUNGE',
    'CLOSE',
  ])('%s asks nobody for rights', async (command) => {
    await client.ok(command)
    expect(asked).toEqual([])
  })

  it('asks the index where names of others may be among the answers, and reads nothing more where there are none', async () => {
    await client.ok('LIST "" *')
    expect(asked.map((call) => call.split(' ', 1)[0])).toEqual(['query', 'query'])
  })

  it('asks for the rights in the mailbox of somebody else with each command', async () => {
    const bob = await ImapClient.login(server.port, 'bob@example.test')
    await bob.ok('SELECT "Other Users/ann@example.test/INBOX"')
    asked.splice(0)
    await bob.ok('NOOP')
    expect(asked.length).toBeGreaterThan(0)
    bob.close()
  })
})
