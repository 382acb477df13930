// The first start of a system nobody configured, the ones after it, those that cannot succeed, and how it all ends.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FIRST_START_FILE } from '#services/cli/welcome.ts'
import { eventually, firstAccounts, takeMail } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import { Pop3Client } from '#test/support/pop3-client.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'
import {
  allListenerNames,
  freePorts,
  listenerNames,
  type Ports,
  runCommand,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
import { openScriptedHost, openSink } from '#test/support/sink-smtp.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

describe('the first start', () => {
  const resources = new AsyncDisposableStack()
  let folder: string
  let server: ServerProcess

  beforeAll(async () => {
    // With a space, which the printed commands must stand.
    folder = join(resources.use(await temporaryFolder()).path, 'mail data')
    server = await startServer(folder, await freePorts())
    resources.defer(async () => void (await server.end('SIGTERM')))
  })
  afterAll(() => resources.disposeAsync())

  /** The lines under a heading of the file that it names, up to the empty line. */
  async function linesUnder(heading: string): Promise<string> {
    const text = await readFile(join(folder, FIRST_START_FILE), 'utf8')
    const [, block = ''] = text.split(`${heading}\n`)
    return block.split('\n\n', 1)[0] ?? ''
  }

  it('keeps the passwords out of its output, in a file for its owner alone', async () => {
    const path = join(folder, FIRST_START_FILE)
    expect(server.output()).toContain(path)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const { alice, bob } = firstAccounts(server)
    for (const { password } of [alice, bob]) expect(server.output()).not.toContain(password)
  })

  const sh = (command: string) => runProgram('sh', ['-c', `cd '${root}' && ${command}`])

  it('makes a data folder for its owner alone', async () => {
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
  })

  it('keeps its files from others even in a folder that is open to all', async () => {
    const open = join(folder, '../open')
    await mkdir(open, { mode: 0o755 })
    await runCommand(open, ['domain', 'add', 'a.test'])
    const files = await readdir(open)
    expect(files).toContain('store.mdb')
    for (const file of files) expect((await stat(join(open, file))).mode & 0o077).toBe(0)
  })

  it('tells where it listens', () => {
    for (const name of listenerNames) {
      expect(server.output()).toMatch(
        new RegExp(`^  ${name} +127\\.0\\.0\\.1:${server.ports[name]}$`, 'm'),
      )
    }
  })

  it.skipIf(!isInstalled('curl'))('writes commands that send and read a message', async () => {
    const sent = await sh(await linesUnder('Send a message:'))
    expect(sent.code, sent.stderr).toBe(0)
    const read = await eventually('the message can be read', async () => {
      const ended = await sh(await linesUnder('Read it:'))
      return ended.code === 0 && ended
    })
    expect(read.stdout).toMatch(/\r\nSubject: Hello\r\n\r\nIt works\.\r\n$/)
  })

  it('writes a command that looks around', async () => {
    const { code, stdout, stderr } = await sh(await linesUnder('Look around:'))
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stdout).toMatch(/^alice@example\.test +yes/m)
  })

  it('is the only one that makes accounts', async () => {
    await server.end('SIGTERM')
    const { alice } = firstAccounts(server)
    server = await startServer(folder, server.ports)
    expect(server.output()).not.toContain('accounts')
    await using pop3 = await Pop3Client.open(server.ports.pop3s, { tls: true })
    expect(await pop3.logIn(alice.address, alice.password)).toMatch(/^\+OK/)
  })
})

describe('the end', () => {
  const settings = (ports: Ports) =>
    allListenerNames.flatMap((name) => ['--set', `listeners.${name}.port=${ports[name]}`])

  it('comes within the grace time, with sessions open and mail on its way, and loses nothing', async () => {
    await using folder = await temporaryFolder()
    // Greets and then says nothing for ever.
    await using mute = await openScriptedHost((line) => (line === '' ? '220 mute' : ''))
    await using sink = await openSink()
    const ports = await freePorts()
    const relay = (port: number) => [`relayhost=[127.0.0.1]:${port}`]
    await using server = await startServer(folder.path, ports, relay(mute.port))
    const { alice, bob } = firstAccounts(server)

    await using sender = await SmtpClient.open(ports.submissions, { tls: true })
    await sender.hello()
    await sender.logIn(alice.address, alice.password)
    await sender.envelope(alice.address, 'far@away.test')
    expect((await sender.data('Subject: far\r\n\r\n')).code).toBe(250)
    await eventually('the relay host is asked', () => mute.connections[0]?.length === 1)

    await using idle = await SmtpClient.open(ports.smtp)
    await idle.hello()
    await using writing = await SmtpClient.open(ports.smtp)
    await writing.hello()
    await writing.envelope('sender@remote.test', bob.address)
    await writing.command('DATA')
    writing.wire.write('Subject: half\r\n\r\nfirst half\r\n')
    await using reading = await Pop3Client.open(ports.pop3s, { tls: true })
    await reading.logIn(bob.address, bob.password)

    const ended = server.end('SIGTERM')
    expect(await idle.wire.closed()).toMatch(/^421 4\.3\.2 /)
    writing.wire.write('second half\r\n.\r\n')
    expect((await writing.reply()).code).toBe(250)
    // It has marked nothing that its QUIT would remove.
    expect(await reading.wire.closed()).toBe('')
    expect(await ended).toBe(0)
    expect(server.output()).toContain('"message":"stopped"')

    await using next = await startServer(folder.path, ports, relay(sink.port))
    const [half] = await takeMail(next, bob)
    expect(half).toMatch(/first half\r\nsecond half\r\n$/)
    const flushed = await commandLine(['queue', 'flush', '--data', folder.path])
    expect(flushed.stdout).toBe('trying 1 deferred message again\n')
    await eventually('the other message arrives', () => sink.messages.length === 1)
    expect(await next.end('SIGINT')).toBe(0)
  })

  it('is not cut short by npm, which passes on the Ctrl-C that the terminal gave to all', async () => {
    await using folder = await temporaryFolder()
    const ports = await freePorts()
    const words = ['start', '--', '--data', folder.path, ...settings(ports)]
    const npm = spawn('npm', words, {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let output = ''
    npm.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
    await eventually('it runs', () => output.includes('Postwolke is running'))
    await using writing = await SmtpClient.open(ports.smtp)
    await writing.hello()
    await writing.envelope('sender@remote.test', 'bob@example.test')
    await writing.command('DATA')
    const closed = once(npm, 'close')
    process.kill(-Number(npm.pid), 'SIGINT')
    await eventually('it is stopping', () => output.includes('"message":"stopping"'))
    process.kill(-Number(npm.pid), 'SIGINT')
    writing.wire.write('.\r\n')
    expect((await writing.reply()).code).toBe(250)
    await closed
    expect(output).toContain('"message":"stopped"')
  })
})

const NOBODY = 65_534

describe('a start that cannot succeed', () => {
  const resources = new AsyncDisposableStack()
  let folder: string

  beforeAll(async () => {
    folder = resources.use(await temporaryFolder()).path
  })
  afterAll(() => resources.disposeAsync())

  /** One line that says why; nothing is left open, so that it can run in this process. */
  async function refusal(words: readonly string[], data = folder): Promise<string> {
    const any = allListenerNames.flatMap((name) => ['--set', `listeners.${name}.port=0`])
    const level = ['--set', 'log.level=error']
    const ended = await commandLine(['serve', '--data', data, ...any, ...level, ...words])
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({
      code: expect.toBeOneOf([66, 69, 78]),
      stdout: '',
    })
    expect(ended.stderr).toMatch(/^postwolke: [^\n]+\n$/)
    return ended.stderr
  }

  it('names the listener whose port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    for (const name of ['submission', 'pop3s']) {
      const at = [
        '--set',
        `listeners.${name}.address=127.0.0.1`,
        '--set',
        `listeners.${name}.port=${port}`,
      ]
      expect(await refusal(at)).toBe(
        `postwolke: ${name} cannot listen on 127.0.0.1:${port}: another process is using the port ('ss -ltnp' names it)\n`,
      )
    }
    other.close()
    const { stdout } = await commandLine(['account', 'list', '--data', folder])
    expect(stdout).not.toContain('example.test')
  })

  it.each([
    [
      'an address this machine does not have',
      ['listeners.smtp.address=203.0.113.1'],
      /^postwolke: smtp cannot listen on 203\.0\.113\.1:0: this machine does not have the address$/m,
    ],
    [
      'a certificate that is not there',
      ['tls.certificateFile=/no/cert.pem', 'tls.keyFile=/no/key.pem'],
      /tls\.certificateFile and tls\.keyFile: .*\/no\/(cert|key)\.pem/,
    ],
    [
      'a certificate that is none',
      ['tls.certificateFile=/dev/null', 'tls.keyFile=/dev/null'],
      /tls\.certificateFile and tls\.keyFile: /,
    ],
    [
      'a password file that is not there',
      ['relayhost=[127.0.0.1]:1', 'relayhostUser=x', 'relayhostPasswordFile=/no/password'],
      /relayhostPasswordFile: .*\/no\/password/,
    ],
  ])('names %s', async (_, settings, expected) => {
    expect(await refusal(settings.flatMap((setting) => ['--set', setting]))).toMatch(expected)
  })

  it('names a configuration file that cannot be read', async () => {
    await mkdir(join(folder, 'etc'), { recursive: true })
    expect(await refusal(['--config', join(folder, 'etc')])).toMatch(/configuration file: EISDIR/)
    expect(await refusal(['--config', join(folder, 'none.toml')])).toContain('none.toml')
  })

  it('names a data folder that is a file', async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    expect(await refusal([], file)).toContain(file)
  })

  it('names a data folder that is not its own', async () => {
    const closed = join(folder, 'closed')
    await mkdir(closed)
    await chmod(closed, 0o500)
    await chmod(folder, 0o755)
    // Nothing is closed to root.
    const isRoot = process.geteuid?.() === 0
    if (isRoot) process.seteuid?.(NOBODY)
    try {
      expect(await refusal([], closed)).toContain(closed)
    } finally {
      if (isRoot) process.seteuid?.(0)
    }
  })
})
