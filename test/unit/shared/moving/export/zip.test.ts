import { createHash } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFolderTarget } from '#shared/moving/export/folder-target.ts'
import { exportMaildir } from '#shared/moving/export/maildir-export.ts'
import { exportMbox } from '#shared/moving/export/mbox-export.ts'
import { verifyMaildir } from '#shared/moving/export/verify-maildir.ts'
import { verifyMbox } from '#shared/moving/export/verify-mbox.ts'
import { openZipFile } from '#shared/moving/export/zip-file.ts'
import { centralHeader, endOfZip } from '#shared/moving/export/zip-format.ts'
import { openWrittenZip } from '#shared/moving/export/zip-reading.ts'
import { createZip } from '#shared/moving/export/zip-target.ts'
import { openFileRanges } from '#shared/moving/workmail/export/byte-ranges.ts'
import {
  account,
  makeFolder,
  openTestMailbox,
  type TestMailbox,
  uids,
} from '#test/support/mailbox.ts'
import { appendTexts, ownMailbox, verdictsOf, whole } from '#test/support/own-mailbox.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const readAll = `
import json, sys, zipfile, hashlib
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
print(json.dumps({i.filename: [i.file_size, hashlib.sha256(z.read(i)).hexdigest(), i.date_time[0]] for i in z.infolist()}))
`
const count = `
import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
print(len(z.namelist()))
`

/** Of so many entries each program reads one after the other. */
const PATIENT = { timeMaxMs: 60_000 }

describe('a mailbox as a zip', () => {
  let resources: AsyncDisposableStack
  let opened: TestMailbox
  let folder: string
  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    opened = resources.use(await openTestMailbox())
    folder = resources.use(await temporaryFolder()).path
  })
  afterEach(() => resources.disposeAsync())

  async function fill() {
    const work = await makeFolder(opened.mailbox, 'Work/Küche')
    const big = `Subject: big\r\n\r\n${'all kinds of work make a dull boy\r\n'.repeat(60_000)}`
    await appendTexts(opened, work, [{ text: big, flags: ['\\Seen', '$Label1'] }, { text: '' }])
    await appendTexts(
      opened,
      await opened.mailbox.inbox(account),
      Array.from({ length: 50 }, (_, n) => ({ text: `Subject: ${n}\r\n\r\n${n}\r\n` })),
    )
  }
  const own = () =>
    ownMailbox(opened, async () => [{ name: 'a', source: Buffer.from('keep;'), active: true }])

  async function zipped(path: string): Promise<void> {
    const { target, end } = await openZipFile(path)
    await whole(exportMaildir(own(), target))
    await end(true)
  }

  it.skipIf(!isInstalled('python3'))('has what a folder has', async () => {
    await fill()
    const path = join(folder, 'a.zip')
    await zipped(path)
    const out = join(folder, 'out')
    await whole(exportMaildir(own(), await openFolderTarget(out)))
    const { stdout, stderr } = await runProgram('python3', ['-c', readAll, path])
    expect(stderr).toBe('')
    const inZip: Record<string, [number, string, number]> = JSON.parse(stdout)
    const names = Object.keys(inZip)
      .filter((name) => !name.endsWith('/'))
      .map((name) => name.replace(/,W=\d+/, ''))
    const there = (await readdir(out, { recursive: true, withFileTypes: true }))
      .filter((entry) => !entry.isDirectory())
      .map(({ parentPath, name }) => relative(out, join(parentPath, name)))
    expect(names.toSorted()).toEqual(there.map((name) => name.replace(/,W=\d+/, '')).toSorted())
    expect(Object.keys(inZip)).toContain('.Work.K&APw-che/tmp/')
    const [name] = Object.keys(inZip).filter((one) => one.includes('.Work.K&APw-che/cur/10'))
    expect(inZip[name ?? '']?.[2]).toBe(2001)
    // No half of it is left where it was going to be.
    expect((await readdir(folder)).toSorted()).toEqual(['a.zip', 'out'])
  })

  it.skipIf(!isInstalled('unzip'))('is whole to unzip', async () => {
    await fill()
    const path = join(folder, 'a.zip')
    await zipped(path)
    const tested = await runProgram('unzip', ['-tq', path])
    expect(tested).toMatchObject({ code: 0 })
    expect(tested.stdout).toContain('No errors detected')
    const out = join(folder, 'unzipped')
    expect(await runProgram('unzip', ['-q', path, '-d', out])).toMatchObject({ code: 0 })
    const files = await readdir(join(out, 'cur'))
    const file = files.find((one) => one.includes('U7.'))
    expect(await readFile(join(out, 'cur', file ?? ''), 'latin1')).toBe('Subject: 6\r\n\r\n6\r\n')
    expect((await stat(join(out, 'cur', file ?? ''))).mtimeMs).toBe(1_000_000_000_000)
    expect(await readFile(join(out, 'dovecot-uidlist'), 'utf8')).toMatch(/^3 V\d+ N51 G/)
  })

  it.skipIf(!isInstalled('python3'))('has entries of any size and of any pieces', async () => {
    const path = join(folder, 'sizes.zip')
    const pieces: Buffer[] = []
    const zip = createZip(async (piece) => void pieces.push(Buffer.from(piece)), 0)
    const noise = Buffer.from(Array.from({ length: 100_000 }, (_, n) => (n * n * 31) >> 5))
    const sizes = [0, 1, 65_535, 65_536, 65_537, 300_000, 9_000_000]
    for (const size of sizes) {
      const bytes = Buffer.alloc(size, noise)
      await zip.target.write({ path: () => `whole${size}`, bytes: [bytes] })
      const some = Array.from({ length: Math.ceil(size / 999) }, (_, n) =>
        bytes.subarray(n * 999, (n + 1) * 999),
      )
      await zip.target.write({ path: () => `pieces${size}`, bytes: some })
    }
    await zip.end()
    await writeFile(path, Buffer.concat(pieces))
    const { stdout, stderr } = await runProgram('python3', ['-c', readAll, path])
    expect(stderr).toBe('')
    const read: Record<string, [number, string, number]> = JSON.parse(stdout)
    for (const size of sizes) {
      const hash = createHash('sha256').update(Buffer.alloc(size, noise)).digest('hex')
      expect(read[`whole${size}`]?.slice(0, 2)).toEqual([size, hash])
      expect(read[`pieces${size}`]?.slice(0, 2)).toEqual([size, hash])
    }
  })

  it('is compared, and what is damaged is found', async () => {
    await fill()
    const inbox = await opened.mailbox.inbox(account)
    const path = join(folder, 'a.zip')
    await zipped(path)
    const compared = async () => {
      const { files, close } = await openWrittenZip(await openFileRanges(path))
      const verdicts = await verdictsOf(verifyMaildir(own(), files)).finally(close)
      return verdicts.filter(({ compared: count, others }) => count + others > 0)
    }
    expect(await compared()).toMatchObject([
      { path: 'INBOX', equal: 50, others: 0, differencesCount: 0 },
      { path: 'Work/Küche', equal: 2, others: 0, differencesCount: 0 },
    ])
    await opened.mailbox.storeFlags(inbox, uids(3), { mode: 'add', flags: ['\\Seen'] })
    await appendTexts(opened, inbox, [{ text: 'new\r\n' }])
    await opened.mailbox.expunge(inbox, uids(4))
    const bytes = await readFile(path)
    // The seventh message: its last byte, before the descriptor.
    const at = bytes.indexOf('U7.postwolke')
    const packed = bytes.indexOf(Buffer.from('PK\x07\x08', 'latin1'), at)
    bytes.writeUInt8(bytes.readUInt8(packed - 3) ^ 1, packed - 3)
    await writeFile(path, bytes)
    expect((await compared())[0]).toMatchObject({
      compared: 50,
      equal: 47,
      others: 1,
      differences: [
        { uid: 3, what: 'flags' },
        { uid: 7, what: 'bytes' },
        { uid: 51, what: 'missing' },
      ],
    })
    const short = bytes.subarray(0, bytes.length - 30)
    await writeFile(path, short)
    await expect(compared()).rejects.toThrow('no zip archive')
  })

  it('may have mboxes in it, which are compared too', async () => {
    await fill()
    const path = join(folder, 'a.zip')
    const { target, end } = await openZipFile(path)
    await whole(exportMbox(own(), target))
    await end(true)
    const { files, close } = await openWrittenZip(await openFileRanges(path))
    const verdicts = await verdictsOf(verifyMbox(own(), files))
    expect(verdicts.filter(({ compared }) => compared > 0)).toMatchObject([
      { path: 'INBOX', equal: 50, others: 0 },
      { path: 'Work/Küche', equal: 2, others: 0 },
    ])
    await expect(verdictsOf(verifyMaildir(own(), files))).rejects.toThrow(
      'an export as mbox is there',
    )
    await close()
  })

  it('is left out of the way by a source that fails', async () => {
    const pieces: Buffer[] = []
    const zip = createZip(async (piece) => void pieces.push(Buffer.from(piece)), 0)
    const failing = (async function* () {
      yield Buffer.alloc(200_000, 'x')
      throw new Error('the world')
    })()
    await expect(zip.target.write({ path: () => 'a', bytes: failing })).rejects.toThrow('the world')
  })

  it('is no file when it ends early', async () => {
    const path = join(folder, 'a.zip')
    const { end } = await openZipFile(path)
    await end(false)
    expect(await readdir(folder)).toEqual([])
  })

  it.skipIf(!isInstalled('python3'))(
    'may have more entries than 16 bits count',
    async () => {
      const path = join(folder, 'many.zip')
      const pieces: Buffer[] = []
      const zip = createZip(async (piece) => void pieces.push(Buffer.from(piece)), 0)
      for (let n = 0; n < 70_000; n++) await zip.target.write({ path: () => `n${n}`, bytes: [] })
      await zip.end()
      await writeFile(path, Buffer.concat(pieces))
      const { stdout, stderr } = await runProgram('python3', ['-c', count, path], PATIENT)
      expect([stdout.trim(), stderr]).toEqual(['70000', ''])
      expect(await runProgram('unzip', ['-tq', path], PATIENT)).toMatchObject({ code: 0 })
    },
    150_000,
  )

  it('says sizes and places of more than 32 bits in their 64-bit form', () => {
    const entry = { path: 'a', changedMs: 0, crc: 1, bytes: 5e9, packedBytes: 10, offset: 6e9 }
    const header = centralHeader(entry)
    expect([header.readUInt32LE(24), header.readUInt32LE(20), header.readUInt32LE(42)]).toEqual([
      0xffff_ffff, 10, 0xffff_ffff,
    ])
    // Behind the name: the extra of two numbers.
    expect(header.subarray(47, 51).toString('hex')).toBe('01001000')
    expect([header.readBigUInt64LE(51), header.readBigUInt64LE(59)]).toEqual([
      5_000_000_000n,
      6_000_000_000n,
    ])
    expect(endOfZip(1, 100, 50)).toHaveLength(22)
    expect(endOfZip(1, 5e9, 50)).toHaveLength(98)
    expect(endOfZip(65_534, 1, 1)).toHaveLength(22)
    expect(endOfZip(65_535, 1, 1)).toHaveLength(98)
  })
})
