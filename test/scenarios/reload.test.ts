// SIGHUP: a running server takes over what it can, says what it cannot, opens its log again, and never dies of it. And what `status`
// says of it.

import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { firstAccounts, takeMail } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import { answering, startPolicyServer } from '#test/support/policy-server.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { openSink, type Sink } from '#test/support/sink-smtp.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

type Line = { readonly message: string; readonly [name: string]: unknown }

describe('SIGHUP', () => {
  let resources: AsyncDisposableStack
  let folder: string
  let logFile: string
  let sink: Sink

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    folder = resources.use(await temporaryFolder()).path
    logFile = join(folder, 'mail.log')
    sink = resources.use(await openSink({}))
  })
  afterEach(() => resources.disposeAsync())

  async function start(whileStarting?: (pid: number) => void): Promise<ServerProcess> {
    return resources.use(await startServer(folder, await freePorts(), [], whileStarting))
  }

  const configure = (...lines: readonly string[]) =>
    writeFile(join(folder, 'postwolke.toml'), lines.map((line) => `${line}\n`).join(''))

  async function linesOf(file: string): Promise<readonly Line[]> {
    const text = await readFile(file, 'utf8').catch(() => '')
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  }

  const logged = (message: string, times = 1, file = logFile) =>
    vi.waitFor(
      async () => {
        const found = (await linesOf(file)).filter((line) => line.message === message)
        expect(found).toHaveLength(times)
        return found
      },
      { timeout: 20_000 },
    )

  it('takes over what can change while it runs, and names what needs a restart', async () => {
    await configure(`log = { file = "${logFile}" }`, 'relayhost = "[127.0.0.1]:1"')
    const server = await start()
    await configure(
      `log = { file = "${logFile}", level = "debug" }`,
      `relayhost = "[127.0.0.1]:${sink.port}"`,
      'hostname = "new.example.test"',
      'smtpdRecipientLimit = 5',
      "bodyChecks = '/^forbidden/ REJECT'",
    )
    server.hangUp()
    const [line] = await logged('reloaded')
    expect(line).toMatchObject({
      changed: ['bodyChecks', 'relayhost', 'smtpHeloName', 'log.level'],
      needRestart: [
        'hostname',
        'smtpdBanner',
        'smtpdRecipientLimit',
        'authservId',
        'clientSetupHost',
        'milterMacroDaemonName',
      ],
    })
    const { alice } = firstAccounts(server)
    await using smtp = await SmtpClient.open(server.ports.submissions, { tls: true })
    await smtp.hello()
    await smtp.logIn(alice.address, alice.password)
    await smtp.envelope(alice.address, 'far@away.test')
    expect((await smtp.data('Subject: reloaded\r\n\r\nHello.\r\n')).code).toBe(250)
    await vi.waitFor(() => expect(sink.messages).toHaveLength(1), { timeout: 20_000 })
    await smtp.envelope(alice.address, 'far@away.test')
    expect((await smtp.data('Subject: x\r\n\r\nforbidden\r\n')).code).toBe(550)
  })

  it('asks content filters from now on, or no longer, and goes on where one cannot be used', async () => {
    await configure(`log = { file = "${logFile}" }`)
    const server = await start()
    const { alice } = firstAccounts(server)
    const send = async () => {
      await using smtp = await SmtpClient.open(server.ports.smtp)
      await smtp.hello()
      await smtp.envelope('far@away.test', alice.address)
      return (await smtp.data('Subject: x\r\n\r\nx\r\n')).code
    }
    expect(await send()).toBe(250)
    // Nobody listens there, which puts mail off.
    const clamd = ['contentFilters = "clamd"', '[clamd]', 'address = "127.0.0.1:1"']
    await configure(`log = { file = "${logFile}" }`, ...clamd)
    server.hangUp()
    const [line] = await logged('reloaded')
    expect(line).toMatchObject({ changed: ['contentFilters', 'clamd.address'] })
    expect(await send()).toBe(451)
    const webhook = ['contentFilters = "webhook"', '[webhook]', 'url = "http://127.0.0.1:1/"']
    await configure(`log = { file = "${logFile}" }`, ...webhook, 'secretFile = "/none/secret"')
    server.hangUp()
    await logged('not reloaded')
    expect(await send()).toBe(451)
    await configure(`log = { file = "${logFile}" }`)
    server.hangUp()
    await logged('reloaded', 2)
    expect(await send()).toBe(250)
  })

  it('judges by other lists, and notes what they ask for', async () => {
    const restrictions = (list: string) =>
      configure(`log = { file = "${logFile}" }`, `smtpdRelayRestrictions = "${list}"`)
    await restrictions('reject_unauth_destination')
    const server = await start()
    const { alice } = firstAccounts(server)
    await restrictions('permit_pop_before_smtp, reject_unauth_destination')
    server.hangUp()
    expect(await logged('reloaded')).toMatchObject([
      { changed: ['smtpdRelayRestrictions'], needRestart: [] },
    ])
    await using smtp = await SmtpClient.open(server.ports.smtp)
    await smtp.hello()
    expect((await smtp.envelope('ann@far.test', 'far@away.test')).code).toBe(554)
    await takeMail(server, alice, 0)
    await smtp.command('RSET')
    expect((await smtp.envelope('ann@far.test', 'far@away.test')).code).toBe(250)
  })

  it('goes on with the connections to policy servers that it has', async () => {
    const policyServer = resources.use(await startPolicyServer(answering('DUNNO')))
    const { port } = policyServer.endpoint
    const restrictions = (word: string) =>
      configure(
        `log = { file = "${logFile}" }`,
        `smtpdRecipientRestrictions = "check_policy_service inet:127.0.0.1:${port}, ${word}"`,
      )
    await restrictions('permit')
    const server = await start()
    const { alice } = firstAccounts(server)
    await using smtp = await SmtpClient.open(server.ports.smtp)
    await smtp.hello()
    await smtp.envelope('ann@far.test', alice.address)
    await restrictions('reject')
    server.hangUp()
    await logged('reloaded')
    await smtp.command('RSET')
    await smtp.command('MAIL FROM:<ann@far.test>')
    expect((await smtp.command(`RCPT TO:<${alice.address}>`)).code).toBe(554)
    expect(policyServer.requests).toHaveLength(2)
    expect(policyServer.connections()).toBe(1)
  })

  it('opens its log again under its name', async () => {
    await configure(`log = { file = "${logFile}" }`)
    const server = await start()
    await rename(logFile, `${logFile}.1`)
    const before = await linesOf(`${logFile}.1`)
    expect(before.map(({ message }) => message)).toContain('ready')
    server.hangUp()
    await logged('reloaded')
    expect(await server.end('SIGTERM')).toBe(0)
    await logged('stopped')
    expect(await linesOf(`${logFile}.1`)).toEqual(before)
    expect(server.output()).not.toContain('"message"')
  })

  it('goes on with what it has when the new settings are wrong', async () => {
    await configure(`log = { file = "${logFile}" }`)
    const server = await start()
    await configure('relayhost = "yes no"')
    server.hangUp()
    const [line] = await logged('not reloaded')
    expect(line?.reason).toContain('relayhost')
    await configure(`log = { file = "${logFile}" }`, 'relayhostUser = "u"')
    await configure(`log = { file = "${join(folder, 'none', 'x.log')}" }`)
    server.hangUp()
    await logged('not reloaded', 2)
    await using smtp = await SmtpClient.open(server.ports.smtp)
    expect((await smtp.hello()).code).toBe(250)
  })

  it('kills nobody who starts or stops, and is seen to when the system runs', async () => {
    await configure(`log = { level = "info" }`)
    const server = await start((pid) => process.kill(pid, 'SIGHUP'))
    await vi.waitFor(() => expect(server.output()).toContain('"message":"reloaded"'), {
      timeout: 20_000,
    })
    const ended = server.end('SIGTERM')
    for (let i = 0; i < 20; i++) server.hangUp()
    expect(await ended).toBe(0)
    expect(server.output()).toContain('"message":"stopped"')
  })

  it('status tells whether it runs, and how it is', async () => {
    const server = await start()
    const status = await commandLine(['status', '--data', folder])
    expect(status).toMatchObject({ code: 0, stderr: '' })
    expect(status.stdout).toMatch(
      new RegExp(
        `^running      process ${server.pid} since \\d{4}-\\S+Z, version \\d+\\.\\d+\\.\\d+`,
      ),
    )
    expect(status.stdout).toContain(`\nlistening    smtp on 127.0.0.1:${server.ports.smtp}\n`)
    expect(status.stdout).toContain('\nqueue        0 incoming, 0 to deliver, 0 on hold\n')
    expect(status.stdout).toMatch(/\ndisk {9}\S+ \wB free of \S+ \wB\n/)
    expect(status.stdout).toMatch(/\ncertificate {2}DNS:\S+, .*expires \d{4}-\S+Z, in \d+ days\n/)
    const json = await commandLine(['status', '--json', '--data', folder])
    expect(JSON.parse(json.stdout)).toMatchObject({ running: true, pid: server.pid })
    await server.end('SIGTERM')
    const after = await commandLine(['status', '--data', folder])
    expect(after).toMatchObject({ code: 1, stderr: 'postwolke: the system does not run\n' })
    expect(after.stdout).toContain(`running      no, nobody serves ${folder}\n`)
  })
})
