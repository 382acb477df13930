// Two servers of ours whose accounts send their mail on to each other: whoever wrote to one of them is told once that it goes in circles.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { openSink, type Sink } from '#test/support/sink-smtp.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
const origin = 'ann@origin.example'
let sink: Sink
let servers: readonly ServerProcess[]

beforeAll(async () => {
  sink = resources.use(await openSink())
  const [portsOfA, portsOfB] = [await freePorts(), await freePorts()]
  const ways = [
    `{a.test = [127.0.0.1]:${portsOfA.smtp}}`,
    `{b.test = [127.0.0.1]:${portsOfB.smtp}}`,
    `{origin.example = [127.0.0.1]:${sink.port}}`,
  ]
  const start = async (domain: string, ports: typeof portsOfA) => {
    const server = await startServer(resources.use(await temporaryFolder()).path, ports, [
      `hostname=mx.${domain}`,
      `defaultDomain=${domain}`,
      'policyPreset=open',
      'mailAuthentication=no',
      'smtpTlsSecurityLevel=none',
      'privateDestinationNetworks=127.0.0.0/8',
      'relayhost=[127.0.0.1]:1',
      'hopcountLimit=10',
      `transportMaps=inline:{ ${ways.join(', ')} }`,
    ])
    return resources.use(server)
  }
  servers = [await start('a.test', portsOfA), await start('b.test', portsOfB)]
  const [a, b] = servers
  if (a === undefined || b === undefined) throw new Error('two were started')
  await forward(a, 'alice@a.test', 'alice@b.test')
  await forward(b, 'alice@b.test', 'alice@a.test')
  await forward(a, 'bob@a.test', 'bob@b.test', '--keep')
  await forward(b, 'bob@b.test', 'bob@a.test')
  // Of these nobody says that he had it: hops are counted.
  await alias(a, 'list@a.test', 'list@b.test')
  await alias(b, 'list@b.test', 'list@a.test')
})
afterAll(() => resources.disposeAsync())

async function alias(server: ServerProcess, from: string, to: string) {
  expect((await commandLine(['alias', 'add', from, to, '--data', server.directory])).code).toBe(0)
}

async function forward(server: ServerProcess, from: string, to: string, ...more: string[]) {
  const words = ['account', 'forward', from, '--to', to, ...more, '--data', server.directory]
  expect((await commandLine(words)).code).toBe(0)
}

async function send(server: ServerProcess | undefined, to: string, subject: string) {
  await using smtp = await SmtpClient.open(server?.ports.smtp ?? 0)
  await smtp.hello()
  await smtp.envelope(origin, to)
  const message = `From: ${origin}\r\nSubject: ${subject}\r\n\r\nHello.\r\n`
  expect((await smtp.data(message)).text).toMatch(/^250/)
}

const bounces = (subject: string) =>
  sink.messages.filter(({ bytes }) => bytes.includes(`\r\nSubject: ${subject}\r\n`))

it.each([
  ['alice', 'circle', 'mail forwarding loop for alice@a.test'],
  ['bob', 'kept', 'mail forwarding loop for bob@a.test'],
  ['list', 'aliases', 'Too many hops'],
])('of %s: one bounce, to the origin, and nothing waits', async (name, subject, why) => {
  await send(servers[0], `${name}@a.test`, subject)
  await eventually('a bounce', () => bounces(subject)[0])
  await eventually('nothing waits', async () => {
    const lists = servers.map(({ directory }) =>
      commandLine(['queue', 'list', '--json', '--data', directory]),
    )
    return (await Promise.all(lists)).every(({ stdout }) => JSON.parse(stdout).length === 0)
  })
  const [bounce, ...more] = bounces(subject)
  expect(more).toEqual([])
  expect(bounce?.envelope.mailFrom).toMatchObject({ address: '' })
  expect(bounce?.envelope.rcptTo).toMatchObject([{ address: origin }])
  expect(bounce?.bytes.toString()).toContain(why)
})

it('leaves the copy that was kept, once', async () => {
  const words = ['account', 'show', 'bob@a.test', '--json', '--data', servers[0]?.directory ?? '']
  expect(JSON.parse((await commandLine(words)).stdout)).toMatchObject({ messages: 1 })
})
