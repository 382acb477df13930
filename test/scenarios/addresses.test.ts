// Whose mail an address is, as an administrator sets it: postmaster, names and addresses of the host, what clients leave out.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { firstAccounts, takeMail } from '#test/support/accounts.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

function serverWith(...settings: readonly string[]) {
  const resources = new AsyncDisposableStack()
  let server: ServerProcess | undefined
  beforeAll(async () => {
    const folder = resources.use(await temporaryFolder()).path
    server = await startServer(folder, await freePorts(), ['hostname=mx.example.test', ...settings])
    resources.defer(async () => void (await server?.end('SIGTERM')))
  })
  afterAll(() => resources.disposeAsync())
  return () => {
    if (server === undefined) throw new Error('not started')
    return server
  }
}

async function recipients(server: ServerProcess, ...lines: readonly string[]): Promise<string[]> {
  await using client = await SmtpClient.open(server.ports.smtp)
  await client.hello()
  expect((await client.command('MAIL FROM:<>')).code).toBe(250)
  const replies: string[] = []
  for (const line of lines) replies.push((await client.command(`RCPT TO:${line}`)).text.slice(0, 9))
  return replies
}

const ok = '250 2.1.5'
const unknown = '550 5.1.1'
const relay = '554 5.7.1'

describe('a system as it comes', () => {
  const running = serverWith()

  it('has a postmaster in every way of writing it, and abuse', async () => {
    const server = running()
    const { alice } = firstAccounts(server)
    const names = [
      '<postmaster>',
      '<POSTMASTER>',
      '<Postmaster@example.test>',
      '<abuse@example.test>',
    ]
    expect(
      await recipients(server, ...names, '<postmaster@mx.example.test>', 'postmaster'),
    ).toEqual([ok, ok, ok, ok, ok, ok])
    await using client = await SmtpClient.open(server.ports.smtp)
    await client.hello()
    await client.envelope('', ['postmaster'])
    expect((await client.data('Subject: to postmaster\r\n\r\nx\r\n')).code).toBe(250)
    expect((await takeMail(server, alice))[0]).toContain('Subject: to postmaster')
  })

  it('knows its own names and the address that was connected to', async () => {
    const lines = [
      '<bob@mx.example.test>',
      '<bob@localhost>',
      '<bob@[127.0.0.1]>',
      'bob@example.test.',
    ]
    expect(await recipients(running(), ...lines)).toEqual([ok, ok, ok, ok])
    const others = ['<bob@[127.0.0.2]>', '<bob@mx2.example.test>', '<nobody@localhost>', '<bob>']
    expect(await recipients(running(), ...others)).toEqual([relay, relay, unknown, '501 5.1.3'])
  })
})

describe('a system without a postmaster', () => {
  it('says so when it starts, and only then', async () => {
    const log = (server: ServerProcess) => server.output()
    await using folder = await temporaryFolder()
    const ports = await freePorts()
    await using first = await startServer(folder.path, ports)
    expect(log(first)).not.toContain('nobody is postmaster')
    await first.end('SIGTERM')
    const nobody = 'postmasterAddress=nobody@example.test'
    await using second = await startServer(folder.path, ports, [nobody])
    expect(log(second)).toContain('nobody is postmaster: set postmasterAddress')
    await second.end('SIGTERM')
  })
})

describe('a system with names of its own', () => {
  const running = serverWith(
    'defaultDomain=example.test',
    'myorigin=localhost',
    'appendDotMydomain=yes',
    'mydestination=old.test',
    'proxyInterfaces=192.0.2.25',
    'postmasterAddress=bob@example.test',
    'postmasterAliases=hostmaster',
    'strictRfc821Envelopes=yes',
    'disableVrfyCommand=no',
  )

  it('has settings that reach what they are about', async () => {
    const server = running()
    const there = ['<bob@old.test>', '<bob@[192.0.2.25]>', '<hostmaster@example.test>']
    expect(await recipients(server, ...there)).toEqual([ok, ok, ok])
    // A bare path where it is strict, a host whose name was taken away, a role that is none here.
    const not = ['bob@example.test', '<bob@localhost>', '<abuse@example.test>']
    expect(await recipients(server, ...not)).toEqual(['501 5.1.3', relay, unknown])
    await using client = await SmtpClient.open(server.ports.smtp)
    await client.hello()
    expect((await client.command('VRFY bob@example.test')).text).toMatch(/^550 |^501 /)
    expect((await client.command('VRFY <bob@example.test>')).text).toBe(
      '252 2.0.0 <bob@example.test>',
    )
    await client.envelope('', ['postmaster'])
    expect((await client.data('Subject: to bob\r\n\r\nx\r\n')).code).toBe(250)
    expect(await takeMail(server, firstAccounts(server).bob)).toHaveLength(1)
  })

  it('completes what users leave out', async () => {
    const server = running()
    const { alice } = firstAccounts(server)
    await using client = await SmtpClient.open(server.ports.submissions, { tls: true })
    await client.hello()
    await client.logIn(alice.address, alice.password)
    // With myorigin, which is a name of nobody here.
    expect((await client.command('MAIL FROM:<alice>')).code).toBe(250)
    expect((await client.command('RCPT TO:<x@there>')).text).toMatch(/<alice@localhost>/)
    await client.command('RSET')
    await client.command('MAIL FROM:<alice@example.test>')
    expect((await client.command('RCPT TO:<alice@example>')).text).toMatch(ok)
  })
})
