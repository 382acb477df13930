// Our server with the same domain, account, alias and catch-all, as a process of its own.

import { createBackend } from '#services/assembly/backend.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { runCommand } from '#test/support/server-process.ts'
import { startOurs } from '../servers.ts'
import { ALIAS, CATCH_ALL_DOMAIN, DOMAIN, HOST, USER } from './cases.ts'
import type { Mailer } from './receipt.ts'

export async function startOurMailer(directory: string): Promise<Mailer> {
  for (const [words, input] of [
    [['domain', 'add', DOMAIN], ''],
    [['domain', 'add', CATCH_ALL_DOMAIN], ''],
    [['account', 'add', USER, '--password-stdin'], 'a secret'],
    [['alias', 'add', ALIAS, USER], ''],
    [['alias', 'add', `postmaster@${DOMAIN}`, USER], ''],
    [['alias', 'add', `abuse@${DOMAIN}`, USER], ''],
    [['alias', 'add', `@${CATCH_ALL_DOMAIN}`, USER], ''],
  ] as const) {
    const { code, stderr } = await runCommand(directory, words, input)
    if (code !== 0) throw new Error(`${words.join(' ')}: ${stderr}`)
  }
  const server = await startOurs(directory, [
    'mynetworks=127.0.0.1/32',
    `hostname=${HOST}`,
    'disablePlaintextAuth=false',
  ])
  const loaded = loadSettings({ environment: {}, overrides: [] })
  if (loaded.kind !== 'ok') throw new Error('settings')
  const store = await openEmbeddedStore({ directory })
  const { operator } = createBackend({
    store,
    settings: loaded.settings,
    clock: systemClock,
    log: silentLog,
  })
  const imap = await ImapClient.login(server.ports.imap, USER)
  await imap.ok('SELECT INBOX')

  async function left(): Promise<readonly string[]> {
    for (let tries = 0; tries < 500; tries++) {
      const entries = await Array.fromAsync(operator.list())
      const stays = entries.filter(({ message, groups }) =>
        groups.length === 0
          ? message.state === 'held'
          : groups.every(({ state }) => state === 'held' || state === 'deferred'),
      )
      if (stays.length === entries.length) {
        for (const { message } of stays) await operator.remove(message.queueId)
        return stays.flatMap(({ message, groups }) =>
          groups.length === 0 ? [message.state] : groups.map(({ state }) => state),
        )
      }
      await systemClock.sleep(20)
    }
    throw new Error('a message stays active')
  }

  return {
    port: server.ports.smtp,
    async take() {
      const remaining = await left()
      await imap.ok('NOOP')
      const { untagged } = await imap.ok('FETCH 1:* BODY.PEEK[]')
      await imap.ok('STORE 1:* +FLAGS.SILENT (\\Deleted)')
      await imap.ok('EXPUNGE')
      return { messages: untagged.flatMap(bodyOf), left: remaining }
    },
    async stop() {
      await store[Symbol.asyncDispose]()
      await server.stop()
    },
  }
}

function bodyOf(line: string): readonly string[] {
  const found = /BODY\[\] \{(\d+)\}\r\n/.exec(line)
  if (found === null) return []
  const start = found.index + found[0].length
  return [line.slice(start, start + Number(found[1]))]
}
