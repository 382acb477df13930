// Plays the IMAP transcripts. Header lines beside those of the player:
//   state: not-authenticated | authenticated | selected      where each connection begins (default selected);
//                                                            not-authenticated begins before the greeting
//   mailbox: NAME      messages in INBOX: a name of mailboxes.ts, or a number of small messages (default 0)
//   select: COMMAND    how `selected` is reached (default SELECT INBOX)
//   recent: shown      \Recent flags and RECENT responses, which otherwise are hidden
//   enable: NAMES      enabled after the login
//   tls: implicit
//   issuer: yes        tokens are offered
//   quota: BYTES
//   quota-messages: NUMBER
//   message-limit: MESSAGES of one command (MESSAGELIMIT)
//   notify-mailboxes-max: MAILBOXES of one session
//   plaintext-login: refused
//   active-script: NAME of scripts.ts
//   event-script: NAME of a site script there, for mailboxes that name none
//   shows: CAPABILITIES     what the transcript is evidence of; test/style asks for one for each that can be advertised

import { readdirSync } from 'node:fs'
import { describe } from 'vitest'
import { mechanismNames } from '#shared/sasl/sasl-exchange.ts'
import type { Store } from '#shared/storage/ports.ts'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { accountId, startImapServer } from '#test/support/imap-server.ts'
import type { Connection } from '../connection.ts'
import type { Header } from '../parser.ts'
import { playTranscripts, type Target } from '../player.ts'
import { mailboxNamed } from './mailboxes.ts'
import { scripts, siteScripts } from './scripts.ts'

const login = 'ann@example.test'

/** `store` instead of an embedded one; it is closed with the target. */
async function connect(
  header: Header,
  given?: { readonly store: Store; close(): Promise<void> },
): Promise<Target> {
  const {
    state = 'selected',
    mailbox = '0',
    select = 'SELECT INBOX',
    enable,
    tls,
    quota = 0,
  } = header
  const refusesPlaintext = header['plaintext-login'] === 'refused'
  const messageLimit = header['message-limit']
  const notifyMax = header['notify-mailboxes-max']
  const server = await startImapServer({
    ...(given === undefined ? {} : { store: given.store }),
    quotaBytes: Number(quota),
    quotaMessages: Number(header['quota-messages'] ?? 0),
    scripts: {
      personal: scripts,
      site: siteScripts,
      ...(header['active-script'] && { active: header['active-script'] }),
      ...(header['event-script'] && { event: header['event-script'] }),
    },
    options: {
      ...(header.issuer === 'yes' ? { authMechanisms: mechanismNames } : {}),
      ...(refusesPlaintext ? { disablePlaintextAuth: 'yes' } : {}),
      ...(messageLimit === undefined ? {} : { messageLimit: Number(messageLimit) }),
      ...(notifyMax === undefined ? {} : { notifyMailboxesMax: Number(notifyMax) }),
    },
  })
  const inbox = await server.mailbox.inbox(accountId(login))
  for (const { text, flags, internalDateMs } of mailboxNamed(mailbox)) {
    await server.seed(inbox, text, flags, internalDateMs)
  }
  async function prepare(connection: Connection): Promise<void> {
    connection.hidesRecent = header.recent !== 'shown'
    if (state === 'not-authenticated') return
    await connection.readLine('greeting')
    await say(connection, 'z1', `LOGIN ${login} secret`)
    if (enable !== undefined) await say(connection, 'z2', `ENABLE ${enable}`)
    if (state === 'selected') await say(connection, 'z3', select)
  }
  return {
    port: tls === 'implicit' ? server.tlsPort : server.port,
    implicitTls: tls === 'implicit',
    prepare,
    async close() {
      await server.stop()
      await given?.close()
    },
  }
}

async function say(connection: Connection, tag: string, command: string): Promise<void> {
  await connection.write(Buffer.from(`${tag} ${command}\r\n`))
  for (;;) {
    const line = await connection.readLine(command)
    if (line.startsWith(`${tag} OK`)) return
    if (line.startsWith(`${tag} `)) throw new Error(`${command}: ${line}`)
  }
}

const here = new URL('.', import.meta.url)
const folders = readdirSync(here, { withFileTypes: true }).filter((entry) => entry.isDirectory())
for (const { name } of folders) {
  describe(`imap ${name}`, () =>
    playTranscripts(new URL(`${name}/`, here), { connect: (header) => connect(header) }))
}

/** What stands most on the storage: changes, news of other sessions, numbers that must not repeat. */
const playedOnAws = [
  'acl',
  'append',
  'condstore',
  'copy',
  'expunge',
  'filter',
  'folders',
  'imapsieve',
  'metadata',
  'move',
  'qresync',
  'replace',
  'store',
]

describe.skipIf(!(await hasDynamoDb()))('on the AWS drivers', () => {
  for (const name of playedOnAws) {
    describe(`imap ${name}`, () =>
      playTranscripts(new URL(`${name}/`, here), {
        connect: async (header) => connect(header, await openAws()),
        chunkings: ['whole'],
      }))
  }
})
