// A mailbox from an export, in the layouts that exports might have, and in those that nobody should send.

import { describe, expect, it } from 'vitest'
import { type MailSource, SourceFailure } from '#shared/moving/mailboxes/source.ts'
import {
  ENTRIES_MAX,
  ENTRY_BYTES_MAX,
  openArchive,
} from '#shared/moving/workmail/export/archive.ts'
import { BLOCK_BYTES } from '#shared/moving/workmail/export/byte-ranges.ts'
import { openExport } from '#shared/moving/workmail/export/export-source.ts'
import { archiveOf, type Manner, rangesOf } from '#test/support/export-archive.ts'
import { zip } from '#test/support/zip.ts'

const mail = (subject: string, more = '') =>
  `Received: from a.test by b.test; Tue, 7 May 2024 10:00:00 +0200\r\nReceived: from c.test by a.test; Mon, 6 May 2024 10:00:00 +0200\r\n${more}Date: Sun, 5 May 2024 10:00:00 +0000\r\nMessage-ID: <${subject}@a.test>\r\nSubject: ${subject}\r\n\r\nText of ${subject}\r\n`
const calendar = 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n'
const card = 'BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n'
const log = JSON.stringify({
  ...{ totalMessages: '4', totalFolders: '3', totalBytes: '4000', totalNonExportableItems: '1' },
})

type Read = { readonly [folder: string]: readonly string[] }

async function open(bytes: Uint8Array): Promise<MailSource> {
  return await openExport(rangesOf(bytes), { mailbox: 'ann' })
}

async function readAll(source: MailSource): Promise<Read> {
  const found: [string, string[]][] = []
  for (const folder of await source.folders()) {
    const opened = await source.open(folder)
    const texts: string[] = []
    for await (const { bytes } of opened.read(await Array.fromAsync(opened.messages()))) {
      const text = Buffer.concat(await Array.fromAsync(bytes)).toString()
      texts.push(/Subject: (.*)\r/.exec(text)?.[1] ?? '')
    }
    found.push([folder.names.join('|'), texts])
    await opened.close()
  }
  return Object.fromEntries(found)
}

const reasons = (source: MailSource) =>
  source.notes().map(({ about, reason }) => `${about}: ${reason}`)

describe('an export', () => {
  it.each<[string, string]>([
    ['folders alone', ''],
    ['a job around them', 'export-0a1b2c3d-1111-4222-8333-444455556666/'],
    ['an address and a heading', 'ann@moving.test/Top of Information Store/'],
    ['a slash before all', '/'],
    ['a way up', '../../'],
  ])('is read with %s', async (_, root) => {
    const bytes = await archiveOf({
      [`${root}Inbox/1.eml`]: mail('one'),
      [`${root}Inbox/Projects/A.B/2.eml`]: mail('two'),
      [`${root}Sent Items/3`]: mail('three'),
      [`${root}Müller/4.txt`]: mail('four'),
      [`${root}Empty/`]: '',
    })
    expect(await readAll(await open(bytes))).toEqual({
      INBOX: ['one'],
      'INBOX|Projects|A.B': ['two'],
      'Sent Items': ['three'],
      Müller: ['four'],
      Empty: [],
    })
  })

  it('is read without folders, and with one that is called like none', async () => {
    expect(
      await readAll(await open(await archiveOf({ '1.eml': mail('one'), '2.eml': mail('two') }))),
    ).toEqual({
      INBOX: ['one', 'two'],
    })
    const one = await archiveOf({ 'Projects/1.eml': mail('one') })
    expect(await readAll(await open(one))).toEqual({ Projects: ['one'] })
  })

  it.each<Manner>(['plain', 'streamed', 'zip64', 'stored'])(
    'is read as it is written %s',
    async (manner) => {
      const bytes = await archiveOf(
        { 'Inbox/1.eml': mail('one'), 'Inbox/2.eml': mail('two') },
        manner,
      )
      expect(await readAll(await open(bytes))).toEqual({ INBOX: ['one', 'two'] })
    },
  )

  it('is read with more entries than two bytes count', async () => {
    const many = 0x1_0001
    const files = Array.from({ length: many }, (_, i) => [
      `Inbox/${i}.eml`,
      i % 1_000 === 0 ? mail(`m${i}`) : 'BEGIN:VCARD',
    ])
    const source = await open(await archiveOf(Object.fromEntries(files), 'stored'))
    expect((await readAll(source)).INBOX).toHaveLength(66)
    expect(reasons(source)).toEqual([`export: ${many - 66} contacts stay in the archive`])
  }, 120_000)

  it('says when a message came by the line that was written last, and that it is read', async () => {
    const dated = (head: string) => `${head}Subject: x\r\n\r\nx\r\n`
    const bytes = await archiveOf({
      'Inbox/1': mail('one'),
      'Inbox/2': dated(
        'Received: from x; no day at all\r\nReceived: by y; Mon, 6 May 2024 08:00:00 +0000\r\n',
      ),
      'Inbox/3': dated('Date: Sun, 5 May 2024 10:00:00 +0000\r\n'),
      'Inbox/4': dated(''),
    })
    const source = await open(bytes)
    const [folder] = await source.folders()
    const opened = folder && (await source.open(folder))
    const messages = await Array.fromAsync(opened?.messages() ?? [])
    expect(messages.map(({ internalDateMs }) => new Date(internalDateMs).toISOString())).toEqual([
      '2024-05-07T08:00:00.000Z',
      '2024-05-06T08:00:00.000Z',
      '2024-05-05T10:00:00.000Z',
      // Of the archive.
      '2024-05-06T07:08:10.000Z',
    ])
    expect(messages.map(({ flags }) => flags)).toEqual(Array(4).fill(['\\Seen']))
  })

  it('tells mail from calendars, contacts and the rest by what is in it', async () => {
    const invitation = 'Content-Type: text/calendar; method=REQUEST\r\n'
    const entry = `From: ann@a.test\r\n${invitation}\r\n${calendar}`
    const source = await open(
      await archiveOf({
        'Inbox/1.eml': mail('one'),
        'Inbox/2.eml': mail('invitation', invitation),
        'Inbox/3.eml': calendar,
        'Inbox/4.eml': `\ufeff ${calendar}`,
        'Inbox/5.eml': entry,
        'Inbox/6.eml': card,
        'Inbox/7.eml': 'PK\x03\x04 an archive: within one\r\n\r\n',
        'Inbox/8.eml': '',
        'Calendar/1.ics': calendar,
        'export-log.json': log,
      }),
    )
    expect(await readAll(source)).toEqual({ INBOX: ['one', 'invitation'] })
    expect(reasons(source)).toEqual([
      'Calendar: nothing in it is mail, so there is no such folder',
      'Inbox/7.eml: it is neither mail nor of a calendar',
      'Inbox/8.eml: it is neither mail nor of a calendar',
      'export: 4 items of calendars stay in the archive',
      'export: 1 contact stays in the archive',
      'export: WorkMail could not export 1 items, which stay there',
    ])
  })

  it('is held against the log of the job, wherever that lies', async () => {
    const bytes = await archiveOf({ 'Inbox/1.eml': mail('one'), 'job/log.json': log })
    const source = await open(bytes)
    await readAll(source)
    expect(reasons(source)).toContain(
      'export: the log says 4 messages, and the archive has 1 items',
    )
    const given = { messages: 0, folders: 1, bytes: 1, nonExportable: 0 }
    const other = await openExport(rangesOf(await archiveOf({ 'Inbox/1.eml': mail('one') })), {
      ...{ mailbox: 'ann', log: given },
    })
    await readAll(other)
    expect(reasons(other)).toEqual(['export: the log says 0 messages, and the archive has 1'])
  })

  it('knows a message again in a later export under another name, and copies from each other', async () => {
    const keysOf = async (files: Parameters<typeof archiveOf>[0]) => {
      const source = await open(await archiveOf(files))
      const [folder] = await source.folders()
      const opened = folder && (await source.open(folder))
      return (await Array.fromAsync(opened?.messages() ?? [])).map(({ key }) => key)
    }
    const first = await keysOf({
      'Inbox/1': mail('one'),
      'Inbox/2': mail('one'),
      'Inbox/3': mail('two'),
    })
    expect(new Set(first).size).toBe(3)
    const later = await keysOf({ 'x@y.test/Inbox/7': mail('two'), 'x@y.test/Inbox/8': mail('one') })
    expect(later).toEqual([first[2], first[0]])
    expect((await open(await archiveOf({}))).identity).toBe('workmail ann')
  })

  it('asks the store for blocks, and not for each header and name', async () => {
    const asked: string[] = []
    const files = Array.from({ length: 500 }, (_, i) => [`Inbox/${i}.eml`, mail(`m${i}`)])
    const bytes = await archiveOf(Object.fromEntries(files))
    expect(bytes.length).toBeLessThan(BLOCK_BYTES)
    const source = await openExport(rangesOf(bytes, asked), { mailbox: 'ann' })
    expect((await readAll(source)).INBOX).toHaveLength(500)
    expect(asked).toEqual([`0+${bytes.length}`])
  })
})

describe('an archive that nobody should send', () => {
  const refused = async (bytes: Uint8Array) => {
    const failure = await open(bytes).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(SourceFailure)
    return failure instanceof Error ? failure.message : ''
  }

  it('is refused where it is none, or cut', async () => {
    expect(await refused(Buffer.from('not a zip'))).toMatch(/no zip archive/)
    expect(await refused(Buffer.alloc(0))).toMatch(/no zip archive/)
    const whole = await archiveOf({ 'Inbox/1': mail('one'), 'Inbox/2': mail('two') })
    expect(await refused(whole.subarray(0, whole.length - 30))).toMatch(/no zip archive/)
  })

  it('is refused where its beginning is lost', async () => {
    const whole = await archiveOf({ 'Inbox/1': mail('one'), 'Inbox/2': mail('two') })
    expect(await refused(whole.subarray(40))).toMatch(/no zip archive/)
  })

  it('is refused where entries lie in each other', async () => {
    const whole = zip([
      { name: 'Inbox/1', content: Buffer.from(mail('one')) },
      { name: 'Inbox/2', content: Buffer.from(mail('two')) },
    ])
    // The second entry of the directory says that it lies where the first does.
    const second = whole.lastIndexOf(Buffer.from('PK\x01\x02', 'latin1'))
    whole.writeUInt32LE(0, second + 42)
    expect(await refused(whole)).toBe('entries of it lie in each other')
  })

  it('is refused where it says to have more entries than any mailbox', async () => {
    const whole = zip([{ name: 'Inbox/1', content: Buffer.from(mail('one')) }])
    const end = whole.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
    const bytes = Buffer.concat([
      whole.subarray(0, end),
      zip64End(BigInt(ENTRIES_MAX + 1), whole, end),
    ])
    expect(await refused(bytes)).toContain(`more than ${ENTRIES_MAX} entries`)
    const few = Buffer.concat([whole.subarray(0, end), zip64End(1n, whole, end)])
    expect(await readAll(await open(few))).toEqual({ INBOX: ['one'] })
  })

  it('gives nothing of an entry that is damaged, encrypted, or packed strangely, and all of the others', async () => {
    const good = Buffer.from(mail('good'))
    const bad = Buffer.from(mail('damaged'))
    const whole = zip([
      { name: 'Inbox/1', content: bad },
      { name: 'Inbox/2', content: good },
      { name: 'Inbox/3', content: good, isEncrypted: true },
      { name: 'Inbox/4', content: Buffer.from(mail('strange')) },
    ])
    const damaged = whole.indexOf('Text of damaged')
    whole.write('Xext', damaged)
    const last = whole.lastIndexOf(Buffer.from('PK\x01\x02', 'latin1'))
    whole.writeUInt16LE(99, last + 10)
    const source = await open(whole)
    expect(await readAll(source)).toEqual({ INBOX: ['good'] })
    expect(reasons(source)).toEqual([
      'Inbox/1: its checksum is another one',
      'Inbox/3: it is encrypted',
      'Inbox/4: it is packed in a way that is not read',
    ])
  })

  it('gives nothing of an entry that unpacks to more or less than it says', async () => {
    for (const [said, about] of [
      [mail('x').length - 1, 'more'],
      [mail('x').length + 1, 'less'],
    ] as const) {
      const whole = zip([{ name: 'Inbox/1', content: Buffer.from(mail('x')), isDeflated: true }])
      const entry = whole.lastIndexOf(Buffer.from('PK\x01\x02', 'latin1'))
      whole.writeUInt32LE(said, entry + 24)
      const source = await open(whole)
      const folders = await readAll(source)
      expect({ about, mails: Object.values(folders).flat() }).toEqual({ about, mails: [] })
      expect(reasons(source)[0]).toMatch(/^Inbox\/1: it holds/)
    }
  })

  it('is not unpacked where an entry says to be larger than any message, and no further than it says', async () => {
    const bomb = Buffer.alloc(ENTRY_BYTES_MAX + 1)
    const whole = zip([
      {
        name: 'Inbox/at',
        content: Buffer.concat([Buffer.from(mail('at'))], ENTRY_BYTES_MAX),
        isDeflated: true,
      },
      { name: 'Inbox/bomb', content: bomb, isDeflated: true },
      { name: 'Inbox/lie', content: bomb, isDeflated: true },
    ])
    const lie = whole.lastIndexOf(Buffer.from('PK\x01\x02', 'latin1'))
    whole.writeUInt32LE(100, lie + 24)
    const archive = await openArchive(rangesOf(whole))
    const [at, , lying] = archive.entries
    let bytes = 0
    if (at) for await (const chunk of archive.read(at)) bytes += chunk.length
    expect(bytes).toBe(ENTRY_BYTES_MAX)
    bytes = 0
    const read = async () => {
      if (lying) for await (const chunk of archive.read(lying)) bytes += chunk.length
    }
    await expect(read()).rejects.toThrow()
    // A piece of what inflates, at most.
    expect(bytes).toBeLessThan(1024 ** 2)
    await archive.close()
    const source = await open(whole)
    await readAll(source)
    expect(reasons(source)).toContain(`Inbox/bomb: it has more than ${ENTRY_BYTES_MAX} bytes`)
  })

  it('is refused or read, whatever byte of it is another one', async () => {
    const whole = zip([
      { name: 'Inbox/1', content: Buffer.from(mail('one')), isDeflated: true },
      { name: 'Sent Items/2', content: Buffer.from(mail('two')) },
      { name: 'log.json', content: Buffer.from(log), isDeflated: true },
    ])
    for (let at = 0; at < whole.length; at++) {
      for (const bit of [0x01, 0x80]) {
        const bytes = Buffer.from(whole)
        bytes[at] = (bytes[at] ?? 0) ^ bit
        try {
          const source = await open(bytes)
          await readAll(source)
          source.notes()
          await source.close()
        } catch (error) {
          expect({ at, bit, error }).toMatchObject({ error: expect.any(SourceFailure) })
        }
      }
    }
  }, 60_000)
})

/** PKWARE APPNOTE 4.3.14 to 4.3.16, behind the directory of an archive. */
function zip64End(count: bigint, whole: Buffer, end: number): Buffer {
  const size = BigInt(whole.readUInt32LE(end + 12))
  const offset = BigInt(whole.readUInt32LE(end + 16))
  const record = Buffer.alloc(56)
  record.write('PK\x06\x06', 'latin1')
  record.writeBigUInt64LE(44n, 4)
  record.writeBigUInt64LE(count, 24)
  record.writeBigUInt64LE(count, 32)
  record.writeBigUInt64LE(size, 40)
  record.writeBigUInt64LE(offset, 48)
  const locator = Buffer.alloc(20)
  locator.write('PK\x06\x07', 'latin1')
  locator.writeBigUInt64LE(BigInt(end), 8)
  locator.writeUInt32LE(1, 16)
  const last = Buffer.from(whole.subarray(end))
  last.writeUInt16LE(0xffff, 8)
  last.writeUInt16LE(0xffff, 10)
  return Buffer.concat([record, locator, last])
}
