import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ENTRIES_MAX, NESTED_ARCHIVES_MAX } from '#services/content/attachments/archive.ts'
import {
  type AttachmentRules,
  attachmentsStep,
} from '#services/content/attachments/attachments-step.ts'
import { fileType } from '#services/content/attachments/file-name.ts'
import { NAME_SEEN_BYTES_MAX, ZipScanner } from '#services/content/attachments/zip-scanner.ts'
import { PART_DEPTH_MAX, PARTS_MAX } from '#shared/mail/message-index.ts'
import { MessageContent } from '#test/support/milter-content.ts'
import { type ZippedFile, zip } from '#test/support/zip.ts'

const rules: AttachmentRules = {
  forbidden: ['exe', 'js'],
  action: 'reject',
  forbidsEncrypted: false,
}

async function judge(message: string, changes: Partial<AttachmentRules> = {}, size = 60_000) {
  const content = new MessageContent(message, size)
  const step = attachmentsStep({ ...rules, ...changes })
  return step?.begin({ envelope: content.message.envelope } as never)?.judge(content.message)
}

const withHeader = (...fields: readonly string[]) =>
  `Subject: one\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\nMZ\r\n`

function attached(bytes: Buffer, name = 'files.zip', type = 'application/zip'): string {
  const lines = bytes.toString('base64').match(/.{1,76}/g) ?? []
  return [
    'Subject: one',
    'Content-Type: multipart/mixed; boundary=x',
    '',
    '--x',
    'Content-Type: text/plain',
    '',
    'see the file',
    '--x',
    `Content-Type: ${type}`,
    `Content-Disposition: attachment; filename="${name}"`,
    'Content-Transfer-Encoding: base64',
    '',
    ...lines,
    '--x--',
    '',
  ].join('\r\n')
}

const refusal = (file: string) => ({
  kind: 'reject',
  found: file,
  reply: { code: 550, status: '5.7.1', text: `Attachment not allowed here: ${file}` },
})

describe('the ending of a file name', () => {
  it.each([
    ['evil.exe', 'exe'],
    ['EVIL.EXE', 'exe'],
    ['invoice.pdf.exe', 'exe'],
    ['evil.exe.', 'exe'],
    ['evil.exe . .', 'exe'],
    ['evil.exe::$DATA', 'exe'],
    ['..\\temp\\evil.exe', 'exe'],
    ['/tmp/evil.exe', 'exe'],
    ['evil\u202excod.exe', 'exe'],
    ['evil.e\u200bxe', 'exe'],
    ['evil.exe\0', 'exe'],
    ['a.exe/readme', ''],
    ['exe', ''],
    ['', ''],
  ])('of %j is %j', (name, type) => {
    expect(fileType(name)).toBe(type)
  })
})

describe('forbidden attachments', () => {
  it('are nothing where nothing is forbidden', () => {
    expect(attachmentsStep({ ...rules, forbidden: [] })).toBeUndefined()
  })

  it.each([
    ['Content-Disposition: attachment; filename=evil.exe'],
    ['Content-Disposition: attachment; filename="evil.exe"'],
    ['Content-Type: application/x-msdownload; name="evil.exe"'],
    ["Content-Disposition: attachment; filename*=utf-8''evil%2Eexe"],
    ['Content-Disposition: attachment; filename*0="ev"; filename*1="il.exe"'],
    ["Content-Disposition: attachment; filename=good.txt; filename*=utf-8''evil.exe"],
    ['Content-Disposition: attachment; filename="=?utf-8?B?ZXZpbC5leGU=?="'],
    ['Content-Disposition: attachment; filename="=?iso-8859-1?Q?evil=2Eexe?="'],
    ['Content-Disposition: attachment; filename=good.txt', 'Content-Type: a/b; name=evil.exe'],
  ])('%s', async (...fields) => {
    expect(await judge(withHeader(...fields))).toEqual(refusal('file evil.exe'))
  })

  it('within attached messages', async () => {
    const inner = withHeader('Content-Disposition: attachment; filename=evil.exe')
    const outer = `Content-Type: message/rfc822\r\n\r\n${inner}`
    expect(await judge(outer)).toEqual(refusal('file evil.exe'))
  })

  it('may be held in place of a refusal', async () => {
    const message = withHeader('Content-Disposition: attachment; filename=evil.exe')
    expect(await judge(message, { action: 'quarantine' })).toEqual({
      kind: 'accept',
      found: 'file evil.exe',
      hold: 'forbidden attachment: file evil.exe',
    })
  })

  it('are told in ASCII, their endings to the last', async () => {
    const message = withHeader(
      `Content-Disposition: attachment; filename*=utf-8''${'%C3%A4'.repeat(200)}.exe`,
    )
    expect(await judge(message)).toEqual(refusal(`file ${'?'.repeat(96)}.exe`))
  })

  it('are not the other files', async () => {
    expect(await judge(withHeader('Content-Disposition: attachment; filename=exe.txt'))).toEqual({
      kind: 'accept',
    })
    expect(await judge('Subject: evil.exe\r\n\r\nevil.exe\r\n')).toEqual({ kind: 'accept' })
  })
})

describe('parts that nobody looks at', () => {
  const evil = 'Content-Disposition: attachment; filename=evil.exe\r\n\r\nMZ\r\n'
  const begin = 'Subject: a\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n'
  const unread = refusal('more parts than are looked at')

  it('are refused with their message where they are many', async () => {
    const parts = (count: number) => begin + '--x\r\n\r\na\r\n'.repeat(count)
    expect(await judge(`${parts(PARTS_MAX)}--x\r\n${evil}`)).toEqual(unread)
    expect(await judge(parts(PARTS_MAX - 2))).toEqual({ kind: 'accept' })
  })

  it('are refused with their message where their headers are long', async () => {
    const long = `Content-Type: a/b; ${`c=${'z'.repeat(200)}; `.repeat(900)}d=e\r\n\r\na\r\n`
    expect(await judge(`${begin}${`--x\r\n${long}`.repeat(40)}--x\r\n${evil}`)).toEqual(unread)
  })

  it('are refused with their message where they are deep', async () => {
    const nested = (depth: number) =>
      Array.from({ length: depth }, () => 'Content-Type: message/rfc822\r\n\r\n').join('')
    expect(await judge(`${nested(PART_DEPTH_MAX)}${evil}`)).toEqual(unread)
    expect(await judge(`${nested(PART_DEPTH_MAX - 2)}Subject: a\r\n\r\n`)).toEqual({
      kind: 'accept',
    })
  })
})

describe('names within archives', () => {
  const evil: readonly ZippedFile[] = [{ name: 'readme.txt' }, { name: 'docs/evil.exe' }]
  const inner = zip(evil)

  it.each([1, 2, 76, 1_000, 60_000])('are found in pieces of %i bytes', async (size) => {
    expect(await judge(attached(inner), {}, size)).toEqual(refusal('file docs/evil.exe'))
  })

  it.each([
    ['by headers of files alone', zip(evil, { central: false })],
    ['by the central directory alone', zip(evil, { local: false })],
    ['behind something else', Buffer.concat([Buffer.alloc(100_000, 'PK'), inner])],
    ['behind a file that claims all that follows', Buffer.concat([claiming(0, 65_535), inner])],
    ['behind a name that claims all that follows', Buffer.concat([claiming(65_535, 0), inner])],
    ['in an archive that is stored in another', zip([{ name: 'a.zip', content: inner }])],
    [
      'in an archive that is compressed in another',
      zip([{ name: 'a.zip', content: inner, isDeflated: true }]),
    ],
    [
      'in an archive that is compressed behind a long header',
      Buffer.concat([
        claiming('a.zip'.length, 40_000, 'a.zip'),
        Buffer.alloc(40_000),
        deflateRawSync(inner),
      ]),
    ],
    [
      'in the second of two',
      zip([
        { name: 'a.zip', content: zip([{ name: 'x' }]), isDeflated: true },
        { name: 'b.zip', content: inner, isDeflated: true },
      ]),
    ],
  ])('are found %s', async (_, bytes) => {
    expect(await judge(attached(bytes))).toEqual(refusal('file docs/evil.exe'))
    expect(await judge(attached(bytes), {}, 61)).toEqual(refusal('file docs/evil.exe'))
  })

  it('are found whatever the archive is called', async () => {
    expect(await judge(attached(inner, 'picture.png', 'image/png'))).toEqual(
      refusal('file docs/evil.exe'),
    )
  })

  it('are found where a message breaks off', async () => {
    const message = attached(inner)
    expect(await judge(message.slice(0, message.indexOf('\r\n--x--')))).toEqual(
      refusal('file docs/evil.exe'),
    )
  })

  it('of what the program zip makes', async () => {
    const made =
      'UEsDBAoAAAAAADccfl2GphA2BQAAAAUAAAAKABwAcmVhZG1lLnR4dFVUCQADmu4Ma5ruDGt1eAsAAQQAAAAABAAAAABoZWxsb1BLAwQKAAAAAAA3HH5dXZuwjwIAAAACAAAACAAcAGV2aWwuZXhlVVQJAAOa7gxrmu4Ma3V4CwABBAAAAAAEAAAAAE1aUEsBAh4DCgAAAAAANxx+XYamEDYFAAAABQAAAAoAGAAAAAAAAQAAAKSBAAAAAHJlYWRtZS50eHRVVAUAA5ruDGt1eAsAAQQAAAAABAAAAABQSwECHgMKAAAAAAA3HH5dXZuwjwIAAAACAAAACAAYAAAAAAABAAAApIFJAAAAZXZpbC5leGVVVAUAA5ruDGt1eAsAAQQAAAAABAAAAABQSwUGAAAAAAIAAgCeAAAAjQAAAAAA'
    expect(await judge(attached(Buffer.from(made, 'base64')))).toEqual(refusal('file evil.exe'))
  })

  it('are no names in what only looks like one', async () => {
    const text = Buffer.from('PK PK\x03 evil.exe PK\x03\x04', 'latin1')
    expect(await judge(attached(text))).toEqual({ kind: 'accept' })
  })
})

describe('archives that nobody can look into', () => {
  const closed = { forbidsEncrypted: true }
  const deep = zip([{ name: 'c.zip', content: zip([{ name: 'x' }]), isDeflated: true }])
  const bomb = deflateRawSync(Buffer.alloc(20 * 1024 * 1024))
  const many = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      name: `${i}.zip`,
      content: zip([{ name: 'x' }]),
      isDeflated: true,
    }))

  it.each([
    ['encrypted', zip([{ name: 'x.txt', isEncrypted: true }]), 'x.txt'],
    [
      'encrypted within',
      zip([{ name: 'b.zip', content: zip([{ name: 'y', isEncrypted: true }]), isDeflated: true }]),
      'y',
    ],
    ['too deep', zip([{ name: 'b.zip', content: deep, isDeflated: true }]), 'c.zip'],
    ['too many', zip(many(NESTED_ARCHIVES_MAX + 1)), `${NESTED_ARCHIVES_MAX}.zip`],
    ['a bomb', zipOfDeflated('b.zip', bomb), 'b.zip'],
    ['broken', zipOfDeflated('b.zip', Buffer.alloc(100, 0xff)), 'b.zip'],
  ])('%s', async (_, bytes, name) => {
    expect(await judge(attached(bytes))).toEqual({ kind: 'accept' })
    expect(await judge(attached(bytes), closed)).toEqual(refusal(`closed archive with ${name}`))
  })

  it('no more than there may be', async () => {
    expect(await judge(attached(zip(many(NESTED_ARCHIVES_MAX))), closed)).toEqual({
      kind: 'accept',
    })
  })

  it('with no more files than are looked at', async () => {
    const files = (count: number) =>
      zip(
        Array.from({ length: count }, () => ({ name: 'x' })),
        { central: false },
      )
    expect(await judge(attached(files(ENTRIES_MAX)), closed)).toEqual({ kind: 'accept' })
    expect(await judge(attached(files(ENTRIES_MAX + 1)), closed)).toEqual(
      refusal('closed archive with x'),
    )
  })

  it('gives back the memory for them, however it ends', async () => {
    const step = attachmentsStep({ ...rules, forbidsEncrypted: true })
    const content = zip([
      { name: 'a.zip', content: zip([{ name: 'x' }]), isDeflated: true },
      { name: 'evil.exe' },
    ])
    // 64 MB are there for 32 at a time.
    for (let n = 0; n < 40; n++) {
      const { message } = new MessageContent(attached(content), 50)
      expect(await step?.begin({} as never)?.judge(message)).toEqual(refusal('file evil.exe'))
    }
  })
})

describe('the scanner of archives', () => {
  it('holds no more than a header', () => {
    const names: string[] = []
    const scanner = new ZipScanner(({ name }) => names.push(name))
    const name = `${'n'.repeat(65_531)}.exe`
    const bytes = zip([{ name }], { central: false })
    for (const byte of bytes.subarray(0, 200)) scanner.push(Buffer.from([byte]))
    scanner.push(bytes.subarray(200))
    expect(names).toEqual([name.slice(-NAME_SEEN_BYTES_MAX)])
  })
})

/** The header of a compressed file, with a name and other things of so many bytes. */
function claiming(nameBytes: number, extraBytes: number, name = ''): Buffer {
  const header = Buffer.alloc(30)
  header.write('PK\x03\x04', 'latin1')
  header.writeUInt16LE(8, 8)
  header.writeUInt16LE(nameBytes, 26)
  header.writeUInt16LE(extraBytes, 28)
  return Buffer.concat([header, Buffer.from(name)])
}

/** With content that is compressed already, or only says so. */
function zipOfDeflated(name: string, bytes: Buffer): Buffer {
  const made = zip([{ name, content: Buffer.from('x'), isDeflated: true }], { central: false })
  return Buffer.concat([made.subarray(0, 30 + name.length), bytes])
}
