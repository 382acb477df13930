// A real server with milters, checks of header and body, and forbidden attachments: what they want becomes of mail that people read.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { firstAccounts, takeMail } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import { FakeMilter, packet } from '#test/support/milter.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let server: ServerProcess
let milter: FakeMilter
/** What the milter says, by letter; `c` to what is not here. */
let answers: { [command: string]: readonly Buffer[] } = {}

const headerChecks = [
  '/^Subject: forbidden/ REJECT 5.7.9 not this subject',
  '/^Subject: (marked) (.*)/ REPLACE Subject: [$1] $2',
  '/^X-Secret:/ IGNORE',
  '/^Subject: odd/ HOLD looks odd',
].join('\n')

beforeAll(async () => {
  const folder = resources.use(await temporaryFolder()).path
  milter = resources.use(await FakeMilter.start({ answers: (command) => answers[command] }))
  server = await startServer(folder, await freePorts(), [
    `smtpdMilters={ inet:127.0.0.1:${milter.port}, default_action=reject }`,
    `headerChecks=${headerChecks}`,
    'bodyChecks=/^buy (.*)$/ REPLACE do not buy $1',
    'forbiddenAttachmentTypes=exe, js',
  ])
  resources.defer(async () => void (await server.end('SIGTERM')))
}, 90_000)
afterAll(() => resources.disposeAsync())
beforeEach(() => {
  answers = {}
  milter.told.length = 0
})

async function send(
  message: string,
  to?: string | readonly string[],
): Promise<{ code: number; text: string }> {
  const { alice } = firstAccounts(server)
  await using client = await SmtpClient.open(server.ports.smtp)
  await client.hello()
  const reply = await client.envelope('sender@remote.test', to ?? alice.address)
  return reply.code === 250 ? await client.data(message) : reply
}

const text = (subject: string, body = 'x') => `Subject: ${subject}\r\n\r\n${body}\r\n`
const bodyOf = (mail: string) => mail.slice(mail.indexOf('\r\n\r\n') + 4)

describe('a milter', () => {
  it('hears a message as it is stored, and lets it pass', async () => {
    const { alice } = firstAccounts(server)
    expect(await send(text('plain'))).toMatchObject({ code: 250 })
    expect(milter.heard('LNBE')).toEqual(['L Subject|plain', 'N', 'B x\r\n', 'E'])
    expect((await takeMail(server, alice))[0]).toMatch(/^Subject: plain\r\n\r\nx\r\n$/m)
  })

  it('changes header, body, recipients and sender', async () => {
    const { alice, bob } = firstAccounts(server)
    answers = {
      E: [
        packet('i', 1, 'X-First', 'one'),
        packet('m', 1, 'Subject', 'changed'),
        packet('h', 'X-Last', 'end'),
        packet('-', `<${alice.address}>`),
        packet('+', `<${bob.address}>`),
        packet('e', '<other@remote.test>'),
        packet('b', Buffer.from('another\nbody\n')),
        packet('c'),
      ],
    }
    expect(await send(text('to be changed'))).toMatchObject({ code: 250 })
    const [mail = ''] = await takeMail(server, bob)
    expect(mail).toMatch(/^Return-Path: <other@remote.test>\r$/m)
    expect(mail).toMatch(/\r\nX-First: one\r\nSubject: changed\r\nX-Last: end\r\n/)
    expect(bodyOf(mail)).toBe('another\r\nbody\r\n')
    expect(await takeMail(server, alice, 0)).toEqual([])
  })

  it.each([
    ['H', '550 5.7.1 Command rejected'],
    ['M', '550 5.7.1 Command rejected'],
    ['R', '550 5.7.1 Command rejected'],
    ['T', '550 5.7.1 Command rejected'],
    ['B', '550 5.7.1 Command rejected'],
    ['E', '550 5.7.1 Command rejected'],
  ])('refuses for %s', async (command, reply) => {
    answers = { [command]: [packet('r')] }
    expect((await send(text('refused'))).text).toBe(reply)
  })

  it('discards', async () => {
    const { alice } = firstAccounts(server)
    answers = { E: [packet('d')] }
    expect((await send(text('discarded'))).code).toBe(250)
    expect(await takeMail(server, alice, 0)).toEqual([])
  })

  it('has a message held', async () => {
    const { alice } = firstAccounts(server)
    answers = { E: [packet('q', 'smells'), packet('c')] }
    const { text: said } = await send(text('held'))
    const [, queueId = ''] = /queued as (\S+)/.exec(said) ?? []
    const listed = await commandLine(['queue', 'list', '--data', server.directory])
    expect(listed.stdout).toMatch(/smells/)
    await commandLine(['queue', 'release', queueId, '--data', server.directory])
    expect((await takeMail(server, alice))[0]).toMatch(/Subject: held/)
  })

  it('refuses by its default where it fails', async () => {
    answers = { E: [packet('?')] }
    expect((await send(text('failed'))).text).toBe('550 5.5.0 Service unavailable')
  })
})

describe('checks by patterns', () => {
  it('refuse, before any milter sees the message', async () => {
    expect((await send(text('forbidden fruit'))).text).toBe('550 5.7.9 not this subject')
    expect(milter.heard('LE')).toEqual([])
  })

  it('change header and body, and the milter sees what they made of it', async () => {
    const { alice } = firstAccounts(server)
    const message = 'X-Secret: 1\r\nSubject: marked well\r\n\r\none\r\nbuy this\r\ntwo\r\n'
    expect(await send(message)).toMatchObject({ code: 250 })
    expect(milter.heard('L')).toEqual(['L Subject|[marked] well'])
    const [mail = ''] = await takeMail(server, alice)
    expect(mail).toMatch(/\r\nSubject: \[marked\] well\r\n/)
    expect(mail).not.toMatch(/X-Secret/)
    expect(bodyOf(mail)).toBe('one\r\ndo not buy this\r\ntwo\r\n')
  })

  it('have a message held', async () => {
    expect((await send(text('odd one'))).code).toBe(250)
    const listed = await commandLine(['queue', 'list', '--data', server.directory])
    expect(listed.stdout).toMatch(/looks odd/)
  })
})

describe('forbidden attachments', () => {
  it('are refused by name', async () => {
    const message = 'Content-Type: application/octet-stream; name="a.EXE"\r\n\r\nMZ\r\n'
    expect((await send(message)).text).toBe('550 5.7.1 Attachment not allowed here: file a.EXE')
  })
})
