// Plays the IMAP transcripts. Header lines beside those of the player:
//   state: not-authenticated | authenticated | selected      where each connection begins (default selected);
//                                                            not-authenticated begins before the greeting
//   mailbox: NAME      messages in INBOX: a name of mailboxes.ts, or a number of small messages (default 0)
//   select: COMMAND    how `selected` is reached (default SELECT INBOX)
//   enable: NAMES      enabled after the login
//   tls: implicit
//   quota: BYTES
//   plaintext-login: refused
//   shows: CAPABILITIES     what the transcript is evidence of; test/style asks for one for each that can be advertised

import { readdirSync } from 'node:fs'
import { describe } from 'vitest'
import { accountId, startImapServer } from '#test/support/imap-server.ts'
import type { Connection } from '../connection.ts'
import type { Header } from '../parser.ts'
import { playTranscripts } from '../player.ts'
import { mailboxNamed } from './mailboxes.ts'

const login = 'ann@example.test'

async function connect(header: Header) {
  const { state = 'selected', mailbox = '0', select = 'SELECT INBOX', enable, tls, quota } = header
  const refusesPlaintext = header['plaintext-login'] === 'refused'
  const server = await startImapServer({
    ...(quota === undefined ? {} : { quotaBytes: Number(quota) }),
    ...(refusesPlaintext ? { options: { disablePlaintextAuth: 'yes' } } : {}),
  })
  const inbox = await server.mailbox.inbox(accountId(login))
  for (const { text, flags, internalDateMs } of mailboxNamed(mailbox)) {
    await server.seed(inbox, text, flags, internalDateMs)
  }
  async function prepare(connection: Connection): Promise<void> {
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
    close: server.stop,
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
for (const entry of readdirSync(here, { withFileTypes: true })) {
  if (!entry.isDirectory()) continue
  describe(`imap ${entry.name}`, () =>
    playTranscripts(new URL(`${entry.name}/`, here), { connect }))
}
