// An organization of WorkMail moved to a server that runs: who is there answers at RCPT, groups reach people, links let them in, exported mail is
// read over IMAP. The API is a stub that behaves as its public model says.

import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aHash } from '#test/support/administration.ts'
import { saveAnswers } from '#test/support/aws/saved-workmail.ts'
import { testCredentials } from '#test/support/aws/signature.ts'
import { ORGANIZATION_ID, organization } from '#test/support/aws/workmail-organization.ts'
import { startWorkMail, type WorkMailServer } from '#test/support/aws/workmail-server.ts'
import { commandLine } from '#test/support/command-line.ts'
import { writeArchive } from '#test/support/export-archive.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let folder: string
let saved: string
let server: ServerProcess
let workMail: WorkMailServer

beforeAll(async () => {
  folder = resources.use(await temporaryFolder()).path
  saved = resources.use(await temporaryFolder()).path
  await saveAnswers(organization, saved)
  workMail = resources.use(await startWorkMail(organization))
  const settings = ['hostname=mx.here.test', 'disablePlaintextAuth=loopback-allowed']
  server = await startServer(folder, await freePorts(), settings)
  resources.defer(async () => void (await server.end('SIGTERM')))
})
afterAll(() => resources.disposeAsync())

const api = ['--organization', ORGANIZATION_ID, '--region', 'eu-west-1']

const run = (words: readonly string[], more: Parameters<typeof commandLine>[1] = {}) =>
  commandLine([...words, '--data', folder, '--set', 'hostname=mx.here.test'], {
    environment: {
      AWS_ENDPOINT_URL_WORKMAIL: workMail.endpoint,
      AWS_ACCESS_KEY_ID: testCredentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: testCredentials.secretAccessKey,
    },
    ...more,
  })

async function recipients(...addresses: readonly string[]): Promise<Record<string, string>> {
  await using client = await SmtpClient.open(server.ports.smtp)
  await client.hello()
  expect((await client.command('MAIL FROM:<>')).code).toBe(250)
  const replies: Record<string, string> = {}
  for (const address of addresses) {
    replies[address] = (await client.command(`RCPT TO:<${address}>`)).text.slice(0, 9)
  }
  return replies
}

const ok = '250 2.1.5'
const unknown = '550 5.1.1'
const counts = {
  domain: { added: 2, unchanged: 0, refused: 0 },
  account: { added: 5, unchanged: 0, refused: 0 },
  alias: { added: 9, unchanged: 0, refused: 0 },
  grant: { added: 2, unchanged: 0, refused: 0 },
}
const countsAgain = Object.fromEntries(
  Object.entries(counts).map(([what, { added }]) => [
    what,
    { added: 0, unchanged: added, refused: 0 },
  ]),
)

describe('import workmail', () => {
  it('says what would be done, and does nothing', async () => {
    const rehearsed = await run(['import', 'workmail', ...api, '--dry-run', '--json'])
    expect(rehearsed).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(rehearsed.stdout)).toMatchObject({ dryRun: true, counts })
    expect(JSON.parse((await run(['domain', 'list', '--json'])).stdout)).not.toContainEqual(
      expect.objectContaining({ domain: 'moving.test' }),
    )
    expect(await recipients('ann@moving.test')).toEqual({ 'ann@moving.test': '554 5.7.1' })
  })

  it('brings the people who have mailboxes, with links that let them in', async () => {
    const links = join(saved, 'links.txt')
    const report = join(saved, 'report.json')
    const options = ['--links', links, '--report', report]
    const done = await run(['import', 'workmail', ...api, ...options])
    expect(done).toMatchObject({ code: 0 })
    expect(done.stdout).toMatch(/^account +5 +0 +0$/m)
    expect(done.stdout).toContain(
      'setting: smtpdSenderLoginMaps = "ann@moving.test=ben@moving.test',
    )
    expect(done.stdout).toContain('to-do: eve@moving.test: it is disabled')
    expect(JSON.parse(await readFile(report, 'utf8'))).toMatchObject({ counts })
    const lines = (await readFile(links, 'utf8')).trimEnd().split('\n')
    expect(lines).toHaveLength(5)
    expect(lines[0]).toMatch(/^ann@moving\.test\thttps:\/\/mx\.here\.test\/link#\S+\t/)
    expect((await stat(links)).mode & 0o777).toBe(0o600)
    // One that is there is nobody's to write over, and is seen before anything is done.
    const stands = await run(['import', 'workmail', ...api, '--links', links])
    expect(stands).toMatchObject({
      code: 73,
      stdout: '',
      stderr: expect.stringContaining('EEXIST'),
    })
  })

  it('has every address of theirs answer at RCPT, and no other', async () => {
    const known = [
      ...['ann@moving.test', 'ANN@moving.test', 'a.ahrens@moving.test', 'ann@second.test'],
      ...['ben@moving.test', 'cat@second.test', 'desk@moving.test', 'van@moving.test'],
      ...['sales@moving.test', 'vertrieb@moving.test', 'everyone@moving.test'],
      ...['room@moving.test', 'meeting@moving.test'],
    ]
    const none = ['eve', 'finn', 'gus', 'hal', 'off', 'empty', 'inner', 'old', 'cat'].map(
      (name) => `${name}@moving.test`,
    )
    expect(await recipients(...known, ...none)).toEqual({
      ...Object.fromEntries(known.map((address) => [address, ok])),
      ...Object.fromEntries(none.map((address) => [address, unknown])),
    })
  })

  it('leads a group in a group to its people, once each', async () => {
    const shown = await run(['alias', 'show', 'everyone@moving.test', '--json'])
    expect(JSON.parse(shown.stdout)).toMatchObject({
      accounts: ['ann@moving.test', 'ben@moving.test', 'cat@second.test'],
      nowhere: [],
    })
  })

  it('gives rights in the folders of a shared mailbox', async () => {
    const { stdout } = await run(['acl', 'show', 'desk@moving.test', 'INBOX'])
    expect(stdout).toMatch(/INBOX +ann@moving\.test +lrswipkxtecd/)
    expect(stdout).toMatch(/INBOX +ben@moving\.test/)
  })

  it('leaves all as it is the second time, from files as well', async () => {
    const again = await run(['import', 'workmail', '--from', saved, '--json'])
    expect(again).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(again.stdout)).toMatchObject({ counts: countsAgain })
  })

  it('changes no alias that leads elsewhere by now, and says so', async () => {
    await run(['alias', 'set', 'sales@moving.test', 'cat@second.test'])
    const again = await run(['import', 'workmail', '--from', saved])
    expect(again.code).toBe(65)
    expect(again.stderr).toContain('alias sales@moving.test: ')
    expect((await run(['alias', 'show', 'sales@moving.test'])).stdout).toContain(
      '-> cat@second.test',
    )
  })

  it.each([
    [['--region', 'eu-west-1'], 64, 'give --organization with --region, or --from'],
    [['--organization', 'm-1', '--region', 'eu-west-1'], 64, '--organization is m- and 32 digits'],
    [['--organization', ORGANIZATION_ID, '--region', 'eu-north-1'], 64, '--region is one of'],
    [
      ['--organization', `m-${'f'.repeat(32)}`, '--region', 'eu-west-1'],
      69,
      'OrganizationNotFound',
    ],
    [['--from', '/nowhere'], 69, 'there is no list-users.json'],
  ] as const)('refuses %j', async (options, code, text) => {
    const refused = await run(['import', 'workmail', ...options])
    expect(refused.code).toBe(code)
    expect(refused.stderr).toContain(text)
  })
})

describe('mail of an export', () => {
  it('is read over IMAP as it was, folder by folder, with its dates', async () => {
    const archive = join(saved, 'export.zip')
    const message = (subject: string, day: number) =>
      `Received: from a.test by b.test; ${day} May 2024 10:00:00 +0000\r\nFrom: a@b.test\r\nMessage-ID: <${subject}@x>\r\nSubject: ${subject}\r\n\r\n${subject}\r\n`
    writeArchive(
      archive,
      {
        'job-0a1b2c3d-0000/Inbox/1.eml': message('one', 1),
        'job-0a1b2c3d-0000/Inbox/Projects/2.eml': message('two', 2),
        'job-0a1b2c3d-0000/Sent Items/3.eml': message('three', 3),
        'job-0a1b2c3d-0000/Calendar/4.ics': 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n',
      },
      'streamed',
    )
    const hash = join(saved, 'hash')
    await writeFile(hash, aHash)
    const set = await run(['account', 'set', 'ann@moving.test', '--hash-file', hash])
    expect(set).toMatchObject({ code: 0 })
    const words = ['import', 'workmail-export', archive, '--account', 'ann@moving.test', '--json']
    const brought = await run(words)
    expect(brought).toMatchObject({ code: 0 })
    expect(brought.stderr).toContain('1 item of a calendar stays in the archive')
    const files = join(saved, 'files')
    const kept = await run([...words, '--keep', files])
    expect(kept).toMatchObject({ code: 0 })
    expect(kept.stderr).not.toContain('in the archive')
    const [{ kept: listed }] = JSON.parse(kept.stdout).mailboxes
    expect(listed).toMatchObject({
      directory: files,
      counts: { kept: 1, already: 0 },
      items: [{ kind: 'calendar', path: expect.stringMatching(/^ann@moving.test\/Calendar\//) }],
    })
    expect(await readFile(join(files, listed.items[0].path), 'utf8')).toMatch(/^BEGIN:VCALENDAR/)
    const told = await run([...words.filter((word) => word !== '--json'), '--keep', files])
    expect(told.stdout).toContain(`what is no mail: 0 files written to ${files}, 1 there already`)
    expect(await run([...words, '--keep', files, '--verify'])).toMatchObject({ code: 64 })
    const again = JSON.parse((await run(words)).stdout)
    expect(again.mailboxes[0].folders).toMatchObject([
      { path: 'INBOX', brought: 0, already: 1 },
      { path: 'Sent', brought: 0, already: 1 },
      { path: 'INBOX/Projects', brought: 0, already: 1 },
    ])
    const client = await ImapClient.connect(server.ports.imap)
    await client.ok('LOGIN ann@moving.test a')
    for (const [path, subject, day] of [
      ['INBOX', 'one', 1],
      ['INBOX/Projects', 'two', 2],
      ['Sent', 'three', 3],
    ] as const) {
      await client.ok(`EXAMINE "${path}"`)
      const { untagged } = await client.ok('FETCH 1:* (FLAGS INTERNALDATE BODY.PEEK[])')
      expect(untagged).toHaveLength(1)
      expect(untagged[0]).toContain(`INTERNALDATE " ${day}-May-2024 10:00:00 +0000"`)
      expect(untagged[0]).toContain('\\Seen')
      expect(untagged[0]).toContain(message(subject, day))
    }
    client.close()
  })
})
