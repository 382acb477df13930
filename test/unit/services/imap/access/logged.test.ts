import { expect, it } from 'vitest'
import { recordedLog } from '#test/support/acme/recorded-log.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { startImapServer } from '#test/support/imap-server.ts'

it('who gives rights to whom is logged by name', async () => {
  const log = recordedLog()
  await using server = await startImapServer({ log }).then((started) => ({
    ...started,
    [Symbol.asyncDispose]: started.stop,
  }))
  const ann = await ImapClient.login(server.port)
  await ann.ok('SETACL INBOX -bob@example.test lr')
  expect(log.fields).toContainEqual({
    command: 'SETACL',
    folder: 'INBOX',
    identifier: '-bob@example.test',
    rights: 'lr',
  })
})
