import { afterEach, describe, expect, it } from 'vitest'
import { DEAD_PK } from '#shared/mailbox/blob-references.ts'
import { FOLDERS_PER_ACCOUNT_MAX } from '#shared/mailbox/create-folder.ts'
import { usageKey } from '#shared/mailbox/keys.ts'
import type { Store } from '#shared/storage/ports.ts'
import { countingTable } from '#test/support/counting-table.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { accountId, startImapServer } from '#test/support/imap-server.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

const login = 'ann@example.test'
const MB = 1_000_000

describe('an account', () => {
  let resources = new AsyncDisposableStack()
  afterEach(async () => {
    await resources.disposeAsync()
    resources = new AsyncDisposableStack()
  })

  async function open(given: Parameters<typeof startImapServer>[0] = {}) {
    const { store, close } = await openEmbedded()
    resources.defer(close)
    const counting = countingTable(store.tables.mail)
    const counted: Store = {
      ...store,
      tables: { ...store.tables, mail: counting.table },
      [Symbol.asyncDispose]: async () => {},
    }
    const server = await startImapServer({ ...given, store: counted })
    resources.defer(server.stop)
    const client = async () => {
      const opened = await ImapClient.login(server.port)
      resources.defer(() => opened.close())
      return opened
    }
    return { store, server, counting, client }
  }

  it('stores no more than its quota, however many connections append at once', async () => {
    const { server, store, client } = await open({ quotaBytes: 20 * MB })
    const clients = await Promise.all(Array.from({ length: 16 }, client))
    const message = `Subject: x\r\n\r\n${'y'.repeat(9 * MB)}`
    const answers = await Promise.all(
      clients.map((each, n) =>
        each.command(`APPEND ${n % 2 ? 'INBOX' : 'Archive'} {${message.length}}`, `${message}\r\n`),
      ),
    )
    expect(answers.filter(({ status }) => status === 'OK')).toHaveLength(2)
    const refused = answers.filter(({ status }) => status === 'NO')
    expect(refused.map(({ text }) => text.slice(0, 11))).toEqual(Array(14).fill('[OVERQUOTA]'))
    const usage = await server.mailbox.usage(accountId(login))
    expect(usage).toEqual({ bytes: 2 * message.length, messages: 2 })
    // What was stored and refused is the collector's.
    const dead = await store.tables.mail.queryIndex('dead', { pk: DEAD_PK })
    expect(dead.items).toHaveLength(14)
  }, 30_000)

  it('is told by one read for each name of a path, however many mailboxes there are', async () => {
    const { store, counting, client } = await open({ quotaBytes: 20 * MB })
    const ann = await client()
    for (let n = 0; n < 30; n++) await ann.ok(`CREATE Many/F${n}`)
    const reads: [string, number][] = [
      ['STATUS Many/F7 (MESSAGES)', 3],
      ['GETQUOTA ""', 1],
      ['GETQUOTAROOT Many/F7', 1],
      ['APPEND Many/F7 {5+}\r\na: b\r\n', 7],
    ]
    for (const [command, most] of reads) {
      counting.take()
      await ann.ok(command)
      const calls = counting.take()
      expect([command, calls.includes('query')]).toEqual([command, false])
      expect([command, calls.length]).toEqual([command, expect.toBeOneOf([most, most - 1])])
    }
    const full = { folders: FOLDERS_PER_ACCOUNT_MAX }
    await store.tables.mail.write({ update: usageKey(accountId(login)), changes: { set: full } })
    const refused = await ann.command('CREATE Many/More')
    expect(refused).toMatchObject({ status: 'NO', text: expect.stringMatching(/^\[LIMIT\]/) })
  })

  it('appends no more in a day than its limit, and reads what was refused to its end', async () => {
    const { client } = await open({ appendBytesPerDay: 1_000 })
    const ann = await client()
    await ann.ok('SELECT INBOX')
    const message = `a: b\r\n\r\n${'x'.repeat(592)}`
    const append = `APPEND INBOX {${message.length}+}\r\n${message}`
    await ann.ok(append)
    await ann.ok('STORE 1:* +FLAGS (\\Deleted)')
    await ann.ok('EXPUNGE')
    const again = await ann.command(append)
    expect(again).toMatchObject({ status: 'NO', text: expect.stringMatching(/^\[LIMIT\]/) })
    const both = await ann.command(
      'APPEND INBOX {200+}\r\n'.concat('x'.repeat(200), ' {201+}\r\n', 'y'.repeat(201)),
    )
    expect(both).toMatchObject({ status: 'NO', text: expect.stringMatching(/^\[LIMIT\]/) })
    await ann.ok('APPEND INBOX {5+}\r\na: b\n')
    await ann.ok('SELECT INBOX')
    const replaced = await ann.command(`REPLACE 1 INBOX {${message.length}+}\r\n${message}`)
    expect(replaced).toMatchObject({ status: 'NO', text: expect.stringMatching(/^\[LIMIT\]/) })
    await ann.ok('NOOP')
  })
})
