// Access tables by the command line, and what becomes of them in a server that runs beside it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { firstAccounts } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { eventually } from '#test/support/storage.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let folder: string
let server: ServerProcess
let alice: string

beforeAll(async () => {
  folder = resources.use(await temporaryFolder()).path
  server = await startServer(folder, await freePorts(), [
    'smtpdClientRestrictions=check_client_access table:clients',
    'smtpdSenderRestrictions=check_sender_access table:senders',
    'relayDomains=table:partners',
    'mynetworks=',
  ])
  resources.defer(async () => void (await server.end('SIGTERM')))
  alice = firstAccounts(server).alice.address
})
afterAll(() => resources.disposeAsync())

const run = (words: readonly string[], input = '', answers?: readonly string[]) =>
  commandLine(['access', ...words, '--data', folder], { input, ...(answers && { answers }) })

async function done(line: string, input = ''): Promise<string> {
  const ended = await run(line.split(' '), input)
  expect({ line, ...ended }).toMatchObject({ code: 0, stderr: '' })
  return ended.stdout
}

async function rcpt(sender = 's@remote.test', recipient = alice): Promise<string> {
  await using smtp = await SmtpClient.open(server.ports.smtp)
  await smtp.hello()
  return (await smtp.envelope(sender, recipient)).text
}

describe('a running server', () => {
  it('knows what the command sets, changes and removes, within two seconds', async () => {
    expect(await rcpt()).toMatch(/^250 /)
    await done('set senders remote.test REJECT not from there')
    const refused = '554 5.7.1 <s@remote.test>: Sender address rejected: not from there'
    expect(await eventually(rcpt, (text) => text === refused)).toBe(refused)
    expect(await rcpt('s@far.test')).toMatch(/^250 /)
    await done('set senders s@remote.test OK')
    expect(await eventually(rcpt, (text) => text.startsWith('250 '))).toMatch(/^250 /)
    await done('set clients 127.0.0 421 4.7.0 out of here')
    expect(await eventually(rcpt, (text) => text !== refused && !text.startsWith('250 '))).toMatch(
      /^421 4\.7\.0 <[^>]+\[127\.0\.0\.1\]>: Client host rejected: out of here$/,
    )
    await done('remove clients 127.0.0.0/24')
    expect(await eventually(rcpt, (text) => text.startsWith('250 '))).toMatch(/^250 /)
  })

  it('takes mail for domains that it is told to relay for, and for no others', async () => {
    const denied = '554 5.7.1 <x@partner.test>: Relay access denied'
    const ask = () => rcpt('s@far.test', 'x@partner.test')
    expect(await ask()).toBe(denied)
    await done('set partners partner.test yes --any-result')
    expect(await eventually(ask, (text) => text.startsWith('250 '))).toMatch(/^250 /)
    expect(await rcpt('s@far.test', 'x%far.test@partner.test')).toBe(
      '554 5.7.1 <x%far.test@partner.test>: Relay access denied',
    )
    expect(await rcpt('s@far.test', 'x@other.test')).toMatch(/^554 5\.7\.1 /)
  })
})

describe('postwolke access', () => {
  it('lists tables and their entries', async () => {
    await done('set shown b.test OK')
    await done('set shown 10 REJECT')
    expect(await done('list')).toMatch(/^TABLE +ENTRIES\n(?:.*\n)*shown +2\n/)
    expect(await done('list shown')).toBe(
      'KEY         RESULT\n10.0.0.0/8  REJECT\nb.test      OK\n',
    )
    expect(JSON.parse(await done('list shown --json'))).toEqual([
      { key: '10.0.0.0/8', result: 'REJECT' },
      { key: 'b.test', result: 'OK' },
    ])
  })

  it('tests what a table says', async () => {
    await done('set tested far.test 550 5.7.1 no')
    expect(await done('test tested sender ann@far.test')).toBe(
      'asked for  ann@far.test  far.test\nfound      far.test  550 5.7.1 no\nwhich      answers 550: 5.7.1 no\n',
    )
    expect(await done('test tested client mx.b.test[192.0.2.1]')).toBe(
      'asked for  mx.b.test  .b.test  b.test  .test  test  192.0.2.1 and networks around it\nfound      nothing: the list goes on\n',
    )
  })

  it('tells a table without entries, whose name may be mistyped', async () => {
    expect(await done('test testde sender ann@far.test')).toMatch(
      /^found {6}nothing in testde, a table without entries: the list goes on$/m,
    )
  })

  it('says what is wrong, and what may be meant', async () => {
    expect(await run(['set', 't', 'a.test', 'REJEKT'])).toEqual({
      code: 65,
      stdout: '',
      stderr:
        "postwolke: 'REJEKT': REJEKT is no action, no restriction and no restriction class; did you mean REJECT?\n",
    })
    expect((await run(['set', 't', '192.0.2.1/24', 'OK'])).stderr).toMatch(/bits behind the prefix/)
    expect((await run(['list', 'nothing'])).stderr).toMatch(/no access table nothing/)
    expect((await run(['set', 't', 'a.test', '550'])).stderr).toMatch(/warning: .* means OK/)
  })

  it('asks before it removes a table', async () => {
    await done('set gone a.test OK')
    expect(await run(['remove', 'gone'], '', ['n'])).toMatchObject({ code: 1 })
    expect(await run(['remove', 'gone'], '', ['y'])).toMatchObject({
      code: 0,
      stdout: 'table gone removed with 1 entry\n',
    })
  })

  it('imports a file of Postfix, whole or not at all', async () => {
    const text = 'a.test OK\n/x/ REJECT\nb.test REJEKT\n'
    expect(await run(['import', 'file', '-'], text)).toMatchObject({
      code: 65,
      stdout: '',
      stderr: expect.stringMatching(
        /^postwolke: line 2: a pattern .*\npostwolke: line 3: .*\npostwolke: nothing was imported\n$/,
      ),
    })
    expect(await run(['list', 'file'])).toMatchObject({ code: 67 })
    expect(await run(['import', 'file', '-', '--continue'], text)).toMatchObject({
      code: 65,
      stdout: '1 entry added, 0 changed, 0 as they were\n',
      stderr: expect.stringMatching(/2 lines were left out\n$/),
    })
    expect(await done('import file - --replace', 'c.test OK\n')).toBe(
      '1 entry added, 0 changed, 0 as they were, 1 removed\n',
    )
  })
})
