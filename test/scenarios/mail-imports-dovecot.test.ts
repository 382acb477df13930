// Mailboxes of Debian's Dovecot brought by the server itself: the command line asks it over the API. It is killed in the midst of it, and
// afterwards nothing is missing and nothing there twice; and it is not to be led to where it must not go.

import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '#shared/runtime/clock.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { eventually } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import { hasDovecot, startDovecot } from '#test/support/dovecot.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { seenByImap } from '#test/support/mailbox-over-wire.ts'
import { must } from '#test/support/must.ts'
import { freePorts, type Ports, runCommand, startServer } from '#test/support/server-process.ts'
import { openTcpRelay } from '#test/support/tcp-relay.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const password = 'secretword'
const accounts = ['ann', 'bob', 'cy'].map((name) => `${name}@example.org`)
const wrong = 'dan@example.org'
const MESSAGES = 120

describe.runIf(hasDovecot())('mailboxes of Dovecot, read by the server', () => {
  const resources = new AsyncDisposableStack()
  let imap: number
  let place: string
  let data: string
  let ports: Ports
  let server: Awaited<ReturnType<typeof startServer>>
  let token: string
  let list: string

  const start = () =>
    startServer(data, ports, [
      'disablePlaintextAuth=loopback-allowed',
      // Not all of this machine.
      'importNetworks=127.0.0.1',
    ])

  beforeAll(async () => {
    const old = resources.use(await temporaryFolder()).path
    const users = [...accounts, wrong].map((name) => ({ name, password }))
    imap = resources.use(await startDovecot(old, users)).ports.imap
    for (const account of accounts) await fill(account)
    place = resources.use(await temporaryFolder()).path
    data = join(place, 'data')
    await onFolder('domain', 'add', 'example.org')
    const rows = [...accounts, wrong, 'boss@example.org'].map((one) => `${one}:{PLAIN}${password}`)
    expect(await runCommand(data, ['account', 'import', '-'], rows.join('\n'))).toMatchObject({
      code: 0,
    })
    await onFolder('role', 'set', 'boss@example.org', 'owner')
    const made = await onFolder('token', 'add', 'boss@example.org', '--name', 'test', '--json')
    token = JSON.parse(made).token
    list = join(place, 'accounts.csv')
    const lines = accounts.map((address) => `${address},${password}\n`).join('')
    await writeFile(list, `address,password\n${lines}${wrong},wrongword\n`, { mode: 0o600 })
    ports = await freePorts()
    server = await start()
    resources.defer(async () => void (await server.end('SIGTERM')))
  }, 120_000)
  afterAll(() => resources.disposeAsync())

  async function onFolder(...words: readonly string[]) {
    const ended = await runCommand(data, words)
    expect(ended, ended.stderr).toMatchObject({ code: 0 })
    return ended.stdout
  }

  async function fill(account: string): Promise<void> {
    const client = await ImapClient.connect(imap)
    await client.ok(`LOGIN ${account} ${password}`)
    await client.ok('CREATE Work.2024')
    for (let n = 0; n < MESSAGES; n++) {
      const text = `Subject: ${n}\r\n\r\n${'a line of some length, as it were\r\n'.repeat(n % 40 === 7 ? 90_000 : 20)}`
      await client.ok(
        `APPEND ${n % 3 === 0 ? 'Work.2024' : 'INBOX'} (\\Seen key${n % 5}) "0${1 + (n % 9)}-Mar-2011 08:00:00 +0200" {${text.length}}`,
        `${text}\r\n`,
      )
    }
    client.close()
  }

  const remote = (words: readonly string[], columns?: number) =>
    commandLine([...words, '--server', `http://127.0.0.1:${ports.http}`], {
      environment: { POSTWOLKE_TOKEN: token },
      ...(columns !== undefined && { columns, answers: [] }),
    })

  const importing = (port: number, ...words: readonly string[]) => [
    ...['import', 'imap', '--host', '127.0.0.1', '--port', String(port), '--tls', 'none'],
    ...['--accounts', list, ...words],
  ]

  async function ask(line: string, body?: object) {
    const [method = '', path = ''] = line.split(' ')
    const response = await fetch(`http://127.0.0.1:${ports.http}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const told: ReturnType<typeof JSON.parse> = await response.json()
    return { status: response.status, told }
  }

  async function same(): Promise<void> {
    for (const login of accounts) {
      const there = await seenByImap({ port: imap, login, password })
      expect(await seenByImap({ port: ports.imap, login, password }), login).toEqual(there)
    }
  }

  async function came(): Promise<number> {
    const client = await ImapClient.connect(ports.imap)
    await client.ok(`LOGIN ${accounts[0]} ${password}`)
    const { untagged } = await client.ok('STATUS INBOX (MESSAGES)')
    client.close()
    return Number(/MESSAGES (\d+)/.exec(untagged.join('\n'))?.[1])
  }

  it('come whole where the server is killed in the midst of it and begins again', async () => {
    await using relay = await openTcpRelay(imap)
    const begun = await ask('POST /mail-imports', {
      source: { kind: 'imap', host: '127.0.0.1', port: relay.port, tls: 'none' },
      accounts: [
        ...accounts.map((address) => ({ address, password })),
        { address: wrong, password: 'wrongword' },
      ],
    })
    expect(begun.status).toBe(202)
    await eventually('the first messages', async () => (await came()) > 0)
    await relay.cut()
    await server.end('SIGKILL')
    await relay.mend()
    expect(server.output()).not.toMatch(/secretword|wrongword/)
    // As if its lease were over.
    const store = await openEmbeddedStore({ directory: data, clock: systemClock })
    await store.tables.counters.write({
      update: { pk: `JOB#${begun.told.id}`, sk: 'JOB' },
      changes: { set: { leaseUntilMs: 0 } },
    })
    await store[Symbol.asyncDispose]()
    server = await start()
    const job = async () => (await ask(`GET /jobs/${begun.told.id}`)).told
    await eventually('its end', async () => (await job()).endedAt !== null)
    expect(await job()).toMatchObject({ state: 'done', done: 3, failed: 1, total: 4 })
    const { told } = await ask(`GET /jobs/${begun.told.id}/errors`)
    expect(told.data).toMatchObject([
      {
        key: wrong,
        refusal: {
          kind: 'source-refuses',
          reason: expect.stringContaining('the login is refused'),
        },
      },
    ])
    await same()
  }, 180_000)

  it('are followed by the command, which tells the same as one beside the store', async () => {
    const client = await ImapClient.connect(imap)
    await client.ok(`LOGIN ${accounts[0]} ${password}`)
    await client.append('INBOX', 'Subject: new\r\n\r\nnew\r\n')
    client.close()
    const report = join(place, 'report.json')
    const ended = await remote(importing(imap, '--report', report), 100)
    expect(ended, ended.stderr).toMatchObject({ code: 75 })
    expect(ended.stderr).toContain('3 of 4 mailboxes, 1 messages')
    expect(ended.stderr).toContain(`${wrong}: 127.0.0.1: the login is refused`)
    expect(ended.stdout).toMatch(/ACCOUNT +THERE +CAME/)
    const here = await commandLine([...importing(imap), '--data', data])
    const withoutNumbers = (text: string) =>
      text.replaceAll(/(?: +[\d.]+(?: k?B)?)+/g, '').replaceAll(/ +/g, ' ')
    expect(withoutNumbers(ended.stdout)).toBe(withoutNumbers(here.stdout))
    await same()
  }, 120_000)

  it('bring no rights: who may give them is not asked of a job', async () => {
    expect(await remote(importing(imap, '--rights'))).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('a server lists rights, and gives none'),
    })
  })

  it('are compared by it, too', async () => {
    await writeFile(list, `address,password\n${accounts[1]},${password}\n`, { mode: 0o600 })
    const ended = await remote(importing(imap, '--verify'))
    expect(ended, ended.stderr).toMatchObject({ code: 0 })
    expect(ended.stdout).toMatch(/bob@example\.org +INBOX +80 .* 80 +0 +0/)
  }, 120_000)

  it('are not looked for on this machine elsewhere than it is said, nor beside it', async () => {
    let connections = 0
    const inside = createServer((socket) => {
      connections++
      socket.end('* OK ready\r\n')
    })
    await new Promise<void>((resolve) => inside.listen(0, '0.0.0.0', resolve))
    const address = must(inside.address() as { readonly port: number } | null)
    for (const host of [
      ...['127.0.0.2', '0.0.0.0', '::1', '::ffff:127.0.0.2', '64:ff9b::7f00:2', '2002:7f00:2::1'],
      ...['169.254.169.254', '10.0.0.1', '192.168.0.1', '100.64.0.1', 'fe80::1', 'fd00::1'],
      ...['224.0.0.1', '255.255.255.255', '2130706434', '0x7f000002', '0177.0.0.2', '127.2'],
    ]) {
      const begun = await ask('POST /mail-imports', {
        source: { kind: 'imap', host, port: address.port },
        accounts: [{ address: accounts[0], password }],
      })
      const job = async () => (await ask(`GET /jobs/${begun.told.id}`)).told
      await eventually(`an answer about ${host}`, async () => (await job()).endedAt !== null)
      const { state, failure } = await job()
      expect({ host, state, ...failure }).toEqual({
        ...{ host, state: 'failed' },
        kind: expect.stringMatching(/^source-(?:not-public|no-such-host)$/),
      })
    }
    expect(connections).toBe(0)
    inside.close()
  }, 120_000)
})
