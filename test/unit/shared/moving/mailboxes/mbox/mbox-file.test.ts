import { open, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mboxEntries } from '#shared/moving/mailboxes/mbox/mbox-file.ts'
import { openMbox } from '#shared/moving/mailboxes/mbox/mbox-source.ts'
import { SourceFailure } from '#shared/moving/mailboxes/source.ts'
import { must } from '#test/support/must.ts'
import { readSource } from '#test/support/own-mailbox.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const from = 'From ann@example.test Sat Jan  3 01:05:34 2026\n'

let resources: AsyncDisposableStack
let path: string
beforeEach(async () => {
  resources = new AsyncDisposableStack()
  path = join(resources.use(await temporaryFolder()).path, 'mbox')
})
afterEach(() => resources.disposeAsync())

async function texts(content: string): Promise<readonly string[]> {
  await writeFile(path, content, 'latin1')
  const { read } = await readSource(await openMbox(path), ['INBOX'])
  return read.map(({ text }) => text.replaceAll('\r\n', '\n'))
}

it('of an mbox that is written to while it is read nothing more comes', async () => {
  await writeFile(path, `${from}A: b\n\nx\n\n${from}C: d\n\ny\n`)
  const [inbox] = await (await openMbox(path)).folders()
  const opened = await (await openMbox(path)).open(must(inbox))
  const messages = await Array.fromAsync(opened.messages())
  // As long as it was, with another one where the first stood.
  await writeFile(path, `${from}C: d\n\ny\n\n${from}A: b\n\nx\n`)
  const reading = (async () => {
    for await (const { bytes } of opened.read(messages)) await Array.fromAsync(bytes)
  })()
  await expect(reading).rejects.toThrow(SourceFailure)
  await opened.close()
})

describe('messages of an mbox', () => {
  it.each([
    [
      'an empty line between them belongs to neither',
      `${from}A: b\n\nx\n\n${from}C: d\n\ny\n`,
      ['A: b\n\nx\n', 'C: d\n\ny\n'],
    ],
    [
      'none has to be there',
      `${from}A: b\n\nx\n${from}C: d\n\ny\n\n`,
      ['A: b\n\nx\n', 'C: d\n\ny\n'],
    ],
    [
      'only a time makes the line one',
      `${from}A: b\n\nFrom here on\nFrom x y z\n`,
      ['A: b\n\nFrom here on\nFrom x y z\n'],
    ],
    [
      'a quoted one is text, and stays quoted',
      `${from}A: b\n\n>${from}x\n`,
      [`A: b\n\n>${from}x\n`],
    ],
    [
      'a right length protects one',
      `${from}Content-Length: ${from.length + 2}\n\n${from}x\n\n${from}\nz\n`,
      [`\n${from}x\n`, '\nz\n'],
    ],
    [
      'a wrong length counts for nothing',
      `${from}Content-Length: 9999\n\nx\n\n${from}Content-Length: 1\n\nyy\n`,
      ['\nx\n', '\nyy\n'],
    ],
    [
      'a length that ends within a line neither',
      `${from}Content-Length: 1\n\nx${from}\n${from}\nz\n`,
      [`\nx${from}`, '\nz\n'],
    ],
    [
      'CRLF ends lines as well',
      `${from}A: b\n\nx\n\n${from}C: d\n\ny\n`.replaceAll('\n', '\r\n'),
      ['A: b\n\nx\n', 'C: d\n\ny\n'],
    ],
    ['a header without an end is one', `${from}A: b\n${from}C: d\n`, ['A: b\n', 'C: d\n']],
    [
      'what programs write about them is not shown',
      `${from}Status: RO\nA: b\nX-UID: 4\nX-Keywords: a\n b\nContent-Length: 2\n\nx\n`,
      ['A: b\n\nx\n'],
    ],
    [
      'what is no message is left out',
      `${from}X-IMAP: 5 0000000009\nSubject: FOLDER INTERNAL DATA\n\nx\n\n${from}A: b\n\ny\n`,
      ['A: b\n\ny\n'],
    ],
  ])('%s', async (_, content, expected) => {
    expect(await texts(content)).toEqual(expected)
  })

  it('have flags as each program writes them', async () => {
    const flagged = async (header: string) => {
      await writeFile(path, `${from}${header}\n\nx\n`)
      return (await readSource(await openMbox(path), ['INBOX'])).read[0]?.flags
    }
    expect(await flagged('Status: RO\nX-Status: AFTD')).toEqual([
      ...['\\Seen', '\\Answered', '\\Flagged', '\\Draft', '\\Deleted'],
    ])
    expect(await flagged('X-Keywords: $Label1   Work  ')).toEqual(['$Label1', 'Work'])
    expect(await flagged('X-Mozilla-Status: 0007')).toEqual(['\\Seen', '\\Answered', '\\Flagged'])
    expect(await flagged('X-Gmail-Labels: Inbox,Starred')).toEqual(['\\Seen', '\\Flagged'])
    expect(await flagged('X-Gmail-Labels: Inbox,Unread')).toEqual([])
  })

  it('of Takeout are in the folder of the label that decides', async () => {
    const one = (labels: string, n: number) => `${from}X-Gmail-Labels: ${labels}\nA: ${n}\n\nx\n\n`
    await writeFile(
      path,
      one('Inbox,Category Personal,Unread', 1) +
        one('Archived,Work/2024,Other', 2) +
        one('=?UTF-8?Q?Gesendet,K=C3=BChe?=', 3) +
        one('Opened', 4) +
        one('Inbox,Trash', 5) +
        one('Work/2024,\n Starred', 6) +
        `${from}A: 7\n\nx\n`,
    )
    const source = await openMbox(path, { labels: true })
    const folders: [string, string[]][] = []
    for (const { names } of await source.folders()) {
      const { read } = await readSource(source, names)
      const told = read.map(({ text, flags }) => `${/A: (\d)/.exec(text)?.[1]} ${flags.join(' ')}`)
      folders.push([names.join('/'), told])
    }
    expect(folders).toEqual([
      ['INBOX', ['1 ', '7 ']],
      ['Work/2024', ['2 \\Seen', '6 \\Seen \\Flagged']],
      ['Sent', ['3 \\Seen']],
      ['Archive', ['4 \\Seen']],
      ['Trash', ['5 \\Seen']],
    ])
    expect(source.notes().map(({ reason }) => reason)).toEqual([
      'each message comes once: 2 more labels of messages do not',
    ])
    // Without being asked the file is a folder.
    expect(await (await openMbox(path)).folders()).toHaveLength(1)
  })

  it('keep the uids that their server gave, and no others', async () => {
    const one = (header: string) => `${from}${header}\n\nx\n\n`
    await writeFile(
      path,
      one('X-IMAPbase: 77 0000000009 $A\nX-UID: 3') +
        one('X-UID: 5') +
        // By strangers: too high, and going back.
        one('X-UID: 4000000000') +
        one('X-UID: 4') +
        one('X-UID: 9'),
    )
    const { numbers, read } = await readSource(await openMbox(path), ['INBOX'])
    expect(numbers).toMatchObject({ uidValidity: 77, uidNext: 10 })
    expect(read.map(({ uid }) => uid)).toEqual([3, 5, 9, undefined, undefined])
    expect(read.slice(0, 3).map(({ key }) => key)).toEqual(['77.3', '77.5', '77.9'])
  })

  it('without uids are known again when others before them are gone', async () => {
    const keys = async (content: string) => {
      await writeFile(path, content)
      return (await readSource(await openMbox(path), ['INBOX'])).read.map(({ key }) => key)
    }
    const [a, b, c] = [`${from}A: 1\n\nx\n\n`, `${from}A: 2\n\nx\n\n`, `${from}A: 3\n\nx\n\n`]
    const before = await keys(a + b + c + c)
    expect(new Set(before).size).toBe(4)
    expect(await keys(b + c + c)).toEqual(before.slice(1))
    expect(await keys(b.replace('A: 2', 'Status: RO\nA: 2') + c + c)).toEqual(before.slice(1))
  })

  it('are not read on when somebody writes to the file', async () => {
    await writeFile(path, `${from}A: one\n\nx\n\n${from}A: two\n\ny\n`)
    const source = await openMbox(path)
    const opened = await source.open({ names: ['INBOX'], uses: [], selectable: true })
    const messages = await Array.fromAsync(opened.messages())
    const found: string[] = []
    const reading = (async () => {
      for await (const { bytes } of opened.read(messages)) {
        found.push(Buffer.concat(await Array.fromAsync(bytes)).toString())
        // As a server does that removes the first.
        await writeFile(path, `${from}A: two\n\ny\n`)
      }
    })()
    await expect(reading).rejects.toThrow(SourceFailure)
    expect(found).toEqual(['A: one\n\nx\n'])
    await opened.close()
  })

  it('are dated in the zone of their server', async () => {
    const dated = async (line: string, timezone?: string) => {
      await writeFile(path, `${line}\nA: b\n\n`)
      const { read } = await readSource(await openMbox(path, { timezone }), ['INBOX'])
      return new Date(read[0]?.dateMs ?? 0).toISOString()
    }
    const summer = 'From a Wed Jul  1 12:00:00 2026'
    expect(await dated(summer)).toBe('2026-07-01T12:00:00.000Z')
    expect(await dated(summer, '+0130')).toBe('2026-07-01T10:30:00.000Z')
    expect(await dated(summer, 'Europe/Berlin')).toBe('2026-07-01T10:00:00.000Z')
    expect(await dated('From a Thu Jan  1 12:00:00 2026', 'Europe/Berlin')).toBe(
      '2026-01-01T11:00:00.000Z',
    )
    expect(await dated('From a Wed Jul  1 12:00:00 2026 +0200', 'America/New_York')).toBe(
      '2026-07-01T10:00:00.000Z',
    )
    await expect(openMbox(path, { timezone: 'Nowhere' })).rejects.toThrow('Nowhere is no time zone')
  })
})

describe('a hostile mbox', () => {
  /** How many messages, and how many bytes were read for them. */
  async function counted(): Promise<{ readonly messages: number; readonly read: number }> {
    await using file = await open(path)
    let read = 0
    const watched = {
      stat: () => file.stat(),
      read: async (buffer: Buffer, offset: number, length: number, position: number) => {
        const done = await file.read(buffer, offset, length, position)
        read += done.bytesRead
        return done
      },
    }
    let messages = 0
    for await (const _ of mboxEntries(watched, () => 0)) messages++
    return { messages, read }
  }

  it('of 200 MB without a line is read once', async () => {
    await writeFile(path, `${from}A: b\n\n`)
    const bytes = 200 * 1024 ** 2
    await truncate(path, bytes)
    const { messages, read } = await counted()
    expect(messages).toBe(1)
    expect(read).toBeLessThan(1.1 * bytes)
  })

  it('of lines that all begin as the one between messages does is read a few times', async () => {
    const line = 'From a b c d e f g Sat Jan  3 2026\n'
    const content = from + line.repeat(200_000)
    await writeFile(path, content)
    const { messages, read } = await counted()
    expect(messages).toBe(1)
    expect(read).toBeLessThan(5 * content.length)
  })

  it('of lengths that lead far away is not read again for each', async () => {
    const one = (length: number) => `${from}Content-Length: ${length}\n\nx\n\n`
    // Into the middle of a line far behind, as long as there is one.
    const content = one(20_000 * one(1_000_000).length + 10).repeat(40_000)
    await writeFile(path, content)
    const { messages, read } = await counted()
    expect(messages).toBe(40_000)
    // Some bytes for each length, and the file itself.
    expect(read).toBeLessThan(2 * content.length + 40_000 * 2_000)
  })

  it('of headers without an end is read a few times', async () => {
    const content = `${from}${'A: b\n'.repeat(40_000)}`.repeat(20)
    await writeFile(path, content)
    const { messages, read } = await counted()
    expect(messages).toBe(20)
    expect(read).toBeLessThan(12 * content.length)
  })
})
