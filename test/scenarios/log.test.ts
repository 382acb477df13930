// docs/log.md answers an administrator's questions: each of its recipes is run on the log of a real server after a day's events.

import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Account, firstAccounts, takeMail } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { openSink } from '#test/support/sink-smtp.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

type Line = { readonly message: string; readonly [name: string]: unknown }

async function recipes(): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(join(root, 'docs/log.md'), 'utf8')
  const found = text.matchAll(/^### (.*)\n\n```sh\n([^`]*)```$/gm)
  return new Map([...found].map(([, question = '', script = '']) => [question, script]))
}

describe('the log', () => {
  const resources = new AsyncDisposableStack()
  let folder: string
  let logFile: string
  let server: ServerProcess
  let alice: Account
  let bob: Account
  let names: { [name: string]: string }

  beforeAll(async () => {
    folder = resources.use(await temporaryFolder()).path
    logFile = join(folder, 'mail.log')
    const sink = resources.use(
      await openSink({
        rcpt: (to) => (to.includes('gone@') ? '550 5.1.1 nobody of that name' : '451 4.7.1 later'),
      }),
    )
    server = resources.use(
      await startServer(folder, await freePorts(), [
        `log.file=${logFile}`,
        `relayhost=[127.0.0.1]:${sink.port}`,
        'authFailureDelay=0',
      ]),
    )
    ;({ alice, bob } = firstAccounts(server))
    const bin = join(folder, 'bin')
    await mkdir(bin)
    const main = join(root, 'services/cli/postwolke.mjs')
    await writeFile(
      join(bin, 'postwolke'),
      `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`,
    )
    await chmod(join(bin, 'postwolke'), 0o755)

    await command('alias', 'add', 'all@example.test', bob.address)
    const id = await sent('Message-ID: <story@client.test>\r\n', 'all@example.test')
    await takeMail(server, bob)
    const waiting = await sent('', 'far@away.test')
    const unwanted = await sent('', 'unwanted@away.test')
    const held = await sent('', 'held@away.test')
    const failing = await sent('', 'gone@away.test')
    for (const queueId of [waiting, unwanted, held]) {
      await logged('status', 'deferred', (line) => line.queueId === queueId)
    }
    await logged('message', 'sender non-delivery notification')
    await command('queue', 'hold', waiting)
    await command('queue', 'release', waiting)
    await command('queue', 'delete', unwanted)
    await command('queue', 'hold', held)
    await stranger()
    await logged('message', 'session ended', ({ helo }) => helo === 'stranger.test')
    await logged('message', 'message deleted')
    names = {
      LOG: logFile,
      PATH: `${bin}:${process.env.PATH}`,
      POSTWOLKE_DATA: folder,
      id,
      messageId: '<story@client.test>',
      address: 'all@example.test',
      sender: alice.address,
      waiting,
      failing,
      held,
      client: '127.0.0.1',
    }
  }, 120_000)
  afterAll(() => resources.disposeAsync())

  async function command(...words: string[]) {
    expect(await commandLine([...words, '--data', folder])).toMatchObject({ code: 0 })
  }

  async function lines(): Promise<readonly Line[]> {
    const text = await readFile(logFile, 'utf8')
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  }

  const logged = (field: string, value: string, is: (line: Line) => boolean = () => true) =>
    vi.waitFor(
      async () => {
        const found = (await lines()).find((line) => line[field] === value && is(line))
        expect(found).toBeDefined()
        return found
      },
      { timeout: 30_000, interval: 100 },
    )

  /** By Alice; resolves to the queue id. */
  async function sent(header: string, to: string): Promise<string> {
    await using smtp = await SmtpClient.open(server.ports.submissions, { tls: true })
    await smtp.hello()
    await smtp.logIn(alice.address, alice.password)
    await smtp.envelope(alice.address, to)
    const { text } = await smtp.data(`${header}Subject: x\r\n\r\nHello.\r\n`)
    return text.split(' ').at(-1) ?? ''
  }

  /** Who may not relay, and has a wrong password. */
  async function stranger() {
    await using smtp = await SmtpClient.open(server.ports.smtp)
    await smtp.command('EHLO stranger.test')
    await smtp.envelope('x@stranger.test', 'y@elsewhere.test')
    await using other = await SmtpClient.open(server.ports.submissions, { tls: true })
    await other.hello()
    await other.command(`AUTH PLAIN ${Buffer.from(`\0${bob.address}\0wrong`).toString('base64')}`)
  }

  const answers: { readonly [question: string]: () => readonly RegExp[] } = {
    'What became of this message?': () => [
      /"message":"message accepted"/,
      /"to":"bob@example.test","origTo":"all@example.test","relay":"local"/,
    ],
    'What is the story of this Message-ID?': () => [
      new RegExp(`"queueId":"${names.id}"`),
      /"message":"delivered"/,
    ],
    'Did this address get its mail, from whom and where to?': () => [
      new RegExp(`"queueId":"${names.id}".*"dsn":"2.0.0","status":"delivered"`),
    ],
    'What has this sender sent?': () => [
      /"messageId":"<story@client.test>"/,
      new RegExp(`"messageId":"<${names.waiting}@`),
    ],
    'Why is it still waiting?': () => [
      /^reason +host .* said: 451 4\.7\.1 later \(in reply to RCPT TO command\)$/m,
      /"dsn":"4\.7\.1","status":"deferred","reply":"host /,
    ],
    'What was refused, and by which rule?': () => [
      /"to":"y@elsewhere.test","restriction":"reject_unauth_destination","code":554,"dsn":"5.7.1"/,
    ],
    'Was this client here, under which name and with TLS?': () => [
      /"helo":"stranger.test","tls":"none"/,
      /"tls":"TLSv1.3"/,
    ],
    'Who could not log in?': () => [/"login":"bob@example.test","reason":"password"/],
    'From where does this account log in?': () => [/^ *\d+ "remoteAddress":"127.0.0.1"$/m],
    'What did not arrive, who was told of it, and what waits for me?': () => [
      /"to":"gone@away.test","relay":"\S+","tls":"Untrusted [^"]+","delay":[\d.]+,"delays":"[\d.]+\/[\d.]+\/[\d.]+\/[\d.]+","dsn":"5.1.1","status":"failed"/,
      new RegExp(`"queueId":"${names.failing}".*"message":"sender non-delivery notification"`),
      new RegExp(`^${names.held} .* hold `, 'm'),
    ],
    'Who held, released or deleted a message, and what else did administrators change?': () => [
      new RegExp(`"by":"\\S+.*","queueId":"${names.waiting}".*"message":"message held"`),
      new RegExp(`"by":"\\S+.*","queueId":"${names.waiting}".*"message":"message released"`),
      /"from":"alice@example.test","to":"unwanted@away.test",.*"message":"message deleted"/,
      /"command":"alias add","arguments":"all@example.test bob@example.test",.*"message":"changed by administrator"/,
    ],
    'Is something wrong?': () => [/^running +process/, /^nothing$/m],
  }

  it('has an answer for each question of the manual', async () => {
    expect([...(await recipes()).keys()]).toEqual(Object.keys(answers))
    expect(Object.keys(answers)).toHaveLength(12)
  })

  it.each(Object.keys(answers))('%s', async (question) => {
    const script = (await recipes()).get(question) ?? 'exit 1'
    const run = promisify(execFile)
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], { env: names })
    for (const pattern of answers[question]?.() ?? []) expect(stdout).toMatch(pattern)
  })

  it('has the queue id in every line of the pipeline, and no password', async () => {
    const all = await lines()
    const pipeline = all.filter(({ service }) => service === 'cleanup' || service === 'delivery')
    expect(pipeline.length).toBeGreaterThan(3)
    expect(pipeline.filter(({ queueId }) => typeof queueId !== 'string')).toEqual([])
    expect(JSON.stringify(all)).not.toContain(alice.password)
  })
})
