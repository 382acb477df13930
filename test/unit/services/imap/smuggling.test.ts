// The content of a message that is refused is no command. Each case is sent in one go, as clients with LITERAL+ (RFC 7888) do,
// with a command in the content that deletes a mailbox.

import { afterEach, describe, expect, it } from 'vitest'
import { ImapClient } from '#test/support/imap-client.ts'
import { startImapServer } from '#test/support/imap-server.ts'

let resources = new AsyncDisposableStack()
afterEach(async () => {
  await resources.disposeAsync()
  resources = new AsyncDisposableStack()
})

async function open(given: Parameters<typeof startImapServer>[0] = {}): Promise<ImapClient> {
  const server = await startImapServer(given)
  resources.defer(server.stop)
  const client = await ImapClient.login(server.port)
  resources.defer(() => client.close())
  await client.ok('CREATE Precious')
  return client
}

/** Sends a whole command at once and returns all lines up to the answer of the NOOP behind it. */
async function answers(client: ImapClient, command: string): Promise<readonly string[]> {
  client.send(`m1 ${command}\r\nlast NOOP\r\n`)
  const lines: string[] = []
  for (;;) {
    const line = await client.line()
    if (line.startsWith('last ')) return lines
    lines.push(line)
  }
}

const date = '"20-Nov-2026 10:00:00 +0000"'
const evil = 'x DELETE Precious\r\n'
const literal = (text: string) => `{${text.length}+}\r\n${text}`
const first = literal('Subject: one\r\n\r\nfirst\r\n')
const second = literal(`${evil}Subject: two\r\n\r\n${evil}`)
/** Longer than any tail of the line that a reader could keep. */
const long = `/Archive;UIDVALIDITY=1/;UID=1/;SECTION=${'1.'.repeat(40)}1`

const refused: readonly { readonly name: string; readonly command: string }[] = [
  { name: 'MULTIAPPEND to a missing mailbox', command: `APPEND nosuch ${first} ${date} ${second}` },
  {
    name: 'MULTIAPPEND with NUL in the first message',
    command: `APPEND INBOX ${literal('a\0b')} (\\Seen) ${date} ${second}`,
  },
  {
    name: 'MULTIAPPEND over the quota',
    command: `APPEND INBOX ${literal('x'.repeat(6_000))} ${date} ${second}`,
  },
  {
    name: 'MULTIAPPEND with a malformed date',
    command: `APPEND INBOX "20-Nov-2026 10:00:00" ${first} ${date} ${second}`,
  },
  {
    name: 'CATENATE with a bad URL',
    command: `APPEND INBOX CATENATE (URL "/nosuch/;UID=1" TEXT ${first} URL "${long}" TEXT ${second})`,
  },
  {
    name: 'CATENATE with a quote in an URL',
    command: `APPEND nosuch CATENATE (TEXT ${first} URL "a\\"b" URL "${long}" TEXT ${second})`,
  },
  {
    name: 'an embedded brace in a quoted string that is none',
    command: `APPEND nosuch CATENATE (TEXT ${first} URL "{9+}" URL "${long}\\"{9+}" TEXT ${second})`,
  },
  {
    name: 'SETMETADATA of a missing mailbox',
    command: `SETMETADATA nosuch (/private/comment ${first} "/private/${'a'.repeat(40)}" ${second})`,
  },
  {
    name: 'SETMETADATA with a literal over the limit',
    command: `SETMETADATA INBOX (/private/a ${literal('y'.repeat(600_000))} "/private/${'a'.repeat(40)}" ${second})`,
  },
  {
    name: 'a line over the limit',
    command: `APPEND nosuch ${first} "${'a'.repeat(70_000)}" ${second}`,
  },
  {
    name: 'a line over the limit before any literal',
    command: `SETMETADATA "${'a'.repeat(70_000)}" (/private/a "${long}" /private/b ${second})`,
  },
  { name: 'an unknown command', command: `NONSENSE "${long}" ${first} "${long}" ${second}` },
  { name: 'APPEND without a mailbox', command: `APPEND ${first} "${long}" ${second}` },
  { name: 'a literal behind an open quote', command: `STATUS "Archive ${second}` },
  { name: 'a literal behind an escape in an open quote', command: `STATUS "Archive\\${second}` },
  { name: 'APPEND with an open quote', command: `APPEND nosuch "${long} ${second}` },
  {
    name: 'MULTIAPPEND with an open quote between its messages',
    command: `APPEND INBOX ${first} "20-Nov-2026 ${second}`,
  },
  {
    name: 'an open quote in what is skipped',
    command: `APPEND nosuch ${first} "${long} ${second}`,
  },
  {
    name: 'an open quote on a line over the limit',
    command: `SETMETADATA "${'a'.repeat(70_000)} (/private/a ${second}`,
  },
]

describe('content of a refused command', () => {
  it.each(refused)('is not executed: $name', async ({ command }) => {
    const client = await open({ quotaBytes: 5_000 })
    const lines = await answers(client, command)
    expect(lines.map((line) => line.split(' ', 2).join(' '))).toEqual([
      expect.stringMatching(/^(m1|\*) (NO|BAD)$/),
    ])
    await client.ok('SELECT Precious')
  })

  it('is not executed: REPLACE', async () => {
    const client = await open()
    await client.append('INBOX', 'Subject: a\r\n\r\nb\r\n')
    await client.ok('SELECT INBOX')
    for (const command of [
      `REPLACE 1 nosuch ${first} ${date} ${second}`,
      `UID REPLACE 99 INBOX ${date} ${second}`,
      `REPLACE 1 INBOX CATENATE (TEXT ${first} URL "${long}" TEXT ${second})`,
      `REPLACE 1 INBOX ${first} ${date} ${second}`,
    ]) {
      const lines = await answers(client, command)
      expect(lines.filter((line) => !line.startsWith('* '))).toEqual([
        expect.stringMatching(/^m1 (NO|BAD)/),
      ])
    }
    await client.ok('SELECT Precious')
  })

  it('is not executed: sent in IDLE, where DONE was expected', async () => {
    const client = await open()
    client.send(`i IDLE\r\n`)
    expect(await client.line()).toMatch(/^\+ /)
    const lines = await answers(client, `APPEND INBOX "${long}" ${second}`)
    expect(lines).toEqual([expect.stringMatching(/^i BAD/)])
    await client.ok('SELECT Precious')
  })

  it('is not executed: before a login', async () => {
    const server = await startImapServer()
    resources.defer(server.stop)
    const client = await ImapClient.connect(server.port)
    resources.defer(() => client.close())
    const login = literal('x LOGIN ann@example.test secret\r\n')
    for (const command of [
      `APPEND INBOX ${first} ${date} ${login}`,
      `LOGIN ${literal('u'.repeat(5_000))} "${long}" ${login}`,
      `LOGIN "${'u'.repeat(40_000)}" ${login}`,
    ]) {
      expect(await answers(client, command)).toEqual([expect.stringMatching(/^m1 (NO|BAD)/)])
    }
    expect((await client.command('SELECT INBOX')).status).toBe('BAD')
  })
})

describe('a synchronising literal that is refused', () => {
  const announcements = [
    `APPEND nosuch {${evil.length}}`,
    `APPEND INBOX ${first} ${date} {99999999}`,
    `SETMETADATA INBOX (/private/a {99999999}`,
  ]

  it.each(announcements)('ends the session of a client that did not wait: %j', async (command) => {
    const client = await open()
    client.send(`m1 ${command}\r\n${evil}\r\n`)
    expect(await client.line()).toMatch(/^m1 NO/)
    expect(await client.line()).toMatch(/^\* BYE/)
    await expect(client.line()).rejects.toThrow('closed')
  })

  it.each(announcements)('does not end that of a client that waits: %j', async (command) => {
    const client = await open()
    client.send(`m1 ${command}\r\n`)
    expect(await client.line()).toMatch(/^m1 NO/)
    await client.ok('SELECT Precious')
  })
})

describe('a command whose end is too long', () => {
  it('is refused, not carried out without it', async () => {
    const client = await open()
    const lines = await answers(client, `APPEND INBOX ${first}${' '.repeat(70_000)}`)
    expect(lines).toEqual([expect.stringMatching(/^m1 BAD/)])
    expect((await client.ok('STATUS INBOX (MESSAGES)')).untagged).toEqual([
      'STATUS INBOX (MESSAGES 0)',
    ])
  })
})
