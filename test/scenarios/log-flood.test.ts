// What costs a stranger nothing does not fill the log: ten lines a minute for each network, and one that says how many more.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { LINES_MAX } from '#shared/net/repeated-lines.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { Pop3Client } from '#test/support/pop3-client.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const ATTEMPTS = 3 * LINES_MAX

const resources = new AsyncDisposableStack()
let server: ServerProcess
let file: string

beforeAll(async () => {
  const folder = resources.use(await temporaryFolder()).path
  file = join(folder, 'mail.log')
  server = resources.use(
    await startServer(folder, await freePorts(), [
      `log.file=${file}`,
      'authFailureDelay=0',
      'disablePlaintextAuth=loopback-allowed',
    ]),
  )
})
afterAll(() => resources.disposeAsync())

const lines = async (service: string, message: string) =>
  (await readFile(file, 'utf8'))
    .split('\n')
    .filter((line) => line.includes(`"service":"${service}"`))
    .filter((line) => line.includes(`"message":"${message}"`))

it('IMAP: who the client is, in session after session', async () => {
  for (let n = 0; n < ATTEMPTS; n++) {
    const client = await ImapClient.connect(server.ports.imap)
    await client.ok('ID ("name" "x")')
    client.close()
  }
  expect(await lines('imap', 'client')).toHaveLength(LINES_MAX)
})

const guesses: { readonly [service: string]: (name: string) => Promise<unknown> } = {
  async imap(name) {
    const client = await ImapClient.connect(server.ports.imap)
    await client.command(`LOGIN "${name}" wrong`)
    client.close()
  },
  async pop3(name) {
    await using client = await Pop3Client.open(server.ports.pop3)
    await client.logIn(name, 'wrong')
  },
  async smtp(name) {
    await using client = await SmtpClient.open(server.ports.submission)
    await client.hello()
    await client.command(`AUTH PLAIN ${Buffer.from(`\0${name}\0wrong`).toString('base64')}`)
  },
}

it.each(Object.entries(guesses))('%s: logins that fail', async (service, guess) => {
  for (let n = 0; n < ATTEMPTS; n++) await guess(`${service}@example.test`)
  expect(await lines(service, 'login failed')).toHaveLength(LINES_MAX)
})
