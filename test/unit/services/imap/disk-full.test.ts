import { expect, it, onTestFinished } from 'vitest'
import { ImapClient } from '#test/support/imap-client.ts'
import { startImapServer } from '#test/support/imap-server.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

const MIB = 1024 * 1024

it('a full disk refuses what stores, and nothing that reads or removes', async () => {
  let free = 100 * MIB
  let nowMs = Date.now()
  const { store, close } = await openEmbedded({
    reserveBytes: 10 * MIB,
    freeBytes: async () => free,
    clock: { now: () => nowMs, sleep: async () => {} },
  })
  onTestFinished(close)
  const server = await startImapServer({ store })
  onTestFinished(server.stop)
  const client = await ImapClient.login(server.port)
  onTestFinished(() => client.close())
  for (const text of ['one', 'two', 'three']) await client.append('INBOX', text)
  await client.ok('SELECT INBOX')

  free = 1
  nowMs += 60_000
  const refused = [
    'APPEND INBOX {4+}\r\nfour',
    'REPLACE 1 INBOX {4+}\r\nfour',
    'COPY 1 Trash',
    'UID COPY 1 Trash',
    'CREATE Other',
    'SETMETADATA INBOX (/private/comment "text")',
  ]
  for (const command of refused) {
    expect(await client.command(command), command).toMatchObject({
      status: 'NO',
      text: '[UNAVAILABLE] Disk full, try again later',
    })
  }
  await client.ok('FETCH 1 BODY.PEEK[]')
  await client.ok('MOVE 1 Trash')
  await client.ok('STORE 1 +FLAGS (\\Deleted)')
  await client.ok('EXPUNGE')
  await client.ok('DELETE Drafts')

  free = 100 * MIB
  nowMs += 60_000
  await client.ok('COPY 1 INBOX')
})
