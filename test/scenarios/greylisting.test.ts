// Greylisting and POP before SMTP in a server that runs: what a client hears, and what becomes of its mail.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { Pop3Client } from '#test/support/pop3-client.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const [ann, carl] = ['ann@example.test', 'carl@example.test'] as const
const password = 'secretword'

let resources: AsyncDisposableStack
let folder: string
let server: ServerProcess

beforeEach(async () => {
  resources = new AsyncDisposableStack()
  folder = resources.use(await temporaryFolder()).path
})
afterEach(() => resources.disposeAsync())

async function start(...settings: readonly string[]): Promise<void> {
  server = await startServer(folder, await freePorts(), [
    'disablePlaintextAuth=loopback-allowed',
    // Clients here are strangers.
    'mynetworks=192.0.2.1',
    'policyPreset=open',
    ...settings,
  ])
  resources.defer(async () => void (await server.end('SIGTERM')))
  for (const address of [ann, carl]) {
    await run(`account add ${address} --password-stdin`, password)
  }
}

async function run(line: string, input = ''): Promise<string> {
  const ended = await commandLine([...line.split(' '), '--data', folder], { input })
  expect({ line, ...ended }).toMatchObject({ code: 0, stderr: '' })
  return ended.stdout
}

/** The replies to each RCPT, and to the message where one was taken. */
async function send(from: string, ...recipients: readonly string[]): Promise<readonly string[]> {
  await using smtp = await SmtpClient.open(server.ports.smtp)
  await smtp.hello()
  const replies = [await smtp.command(`MAIL FROM:<${from}>`)]
  for (const recipient of recipients) replies.push(await smtp.command(`RCPT TO:<${recipient}>`))
  const isTaken = replies.slice(1).some(({ code }) => code === 250)
  if (isTaken) replies.push(await smtp.data('Subject: hello\r\n\r\nbody\r\n'))
  return replies.slice(1).map(({ text }) => text)
}

const codes = (replies: readonly string[]) => replies.map((text) => text.slice(0, 3))

describe('a client that is greylisted', () => {
  it('is told so where nothing else is wrong, and its mail says how long it waited', async () => {
    await start(
      'smtpdRecipientRestrictions=check_policy_service postgrey',
      'postgreyShippedLists=no',
      'postgreyDelay=1s',
    )
    const [toAnn, toNobody, toCarl, ...more] = await send(
      's@remote.test',
      ann,
      'nobody@example.test',
      carl,
    )
    expect(toAnn).toMatch(
      /^450 4\.2\.0 <ann@example\.test>: Recipient address rejected: Greylisted, come back in 1 seconds$/,
    )
    expect(toNobody).toMatch(/^550 5\.1\.1 /)
    expect(toCarl).toMatch(/^450 4\.2\.0 /)
    expect(more).toEqual([])
    await eventually('the same mail is taken', async () =>
      codes(await send('s@remote.test', ann, carl)).every((code) => code === '250'),
    )
    // It is known now, and says nothing more.
    expect(codes(await send('s@remote.test', ann))).toEqual(['250', '250'])
    await using pop3 = await pop3Of(carl)
    const message = (await pop3.multiline('RETR 1')).toString()
    expect(message.match(/^X-Greylist:.*$/gm)).toEqual([
      expect.stringMatching(/^X-Greylist: delayed \d+ seconds by Postwolke at \S+; .*\+0000\r?$/),
    ])
  })
})

/** Logged in, with mail. */
async function pop3Of(address: string): Promise<Pop3Client> {
  return eventually(`mail of ${address}`, async () => {
    const client = await Pop3Client.open(server.ports.pop3)
    expect(await client.logIn(address, password)).toMatch(/^\+OK/)
    if (!(await client.command('STAT')).startsWith('+OK 0 ')) return client
    await client.quit()
    return undefined
  })
}

describe('an address that somebody logged in from', () => {
  const relaying = [
    'smtpdRelayRestrictions=permit_pop_before_smtp, reject_unauth_destination',
    'smtpdSenderRestrictions=check_sender_access inline:{ other.test=REJECT }',
    'relayhost=[127.0.0.1]:1',
  ]
  const elsewhere = 'friend@elsewhere.test'

  it.each([
    [
      'POP3',
      async () => {
        await using client = await Pop3Client.open(server.ports.pop3)
        expect(await client.logIn(ann, password)).toMatch(/^\+OK/)
      },
    ],
    [
      'IMAP',
      async () => {
        const client = await ImapClient.connect(server.ports.imap)
        await client.ok(`LOGIN ${ann} ${password}`)
        await client.ok('LOGOUT')
      },
    ],
  ])('by %s may send, and has no other right of a login', async (_, logIn) => {
    await start(...relaying)
    expect(codes(await send(ann, elsewhere))).toEqual(['554'])
    await logIn()
    expect(codes(await send(ann, elsewhere))).toEqual(['250', '250'])
    expect(await send('ann@other.test', elsewhere)).toEqual([
      '554 5.7.1 <ann@other.test>: Sender address rejected: Access denied',
    ])
    expect(server.output()).toMatch(/"permitted for a login by POP3 or IMAP"/)
    expect(server.output()).toMatch(/"account":"ann@example\.test"/)
    // Whoever is disabled sends no more from there.
    await run(`account set ${ann} --disable`)
    expect(codes(await send(ann, elsewhere))).toEqual(['554'])
  })

  it('may not where it is excluded', async () => {
    await start(...relaying, 'popBeforeSmtpExcludedNetworks=127.0.0.0/8')
    await using client = await Pop3Client.open(server.ports.pop3)
    expect(await client.logIn(ann, password)).toMatch(/^\+OK/)
    expect(codes(await send(ann, elsewhere))).toEqual(['554'])
  })
})
