// Exports into a bucket, fetched back from there as any program does that knows nothing of times.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseBucketUrl } from '#services/aws/exports/bucket.ts'
import { KEY_BYTES_MAX, openBucketTarget } from '#services/aws/exports/bucket-target.ts'
import { openZipObject, openZipRanges } from '#services/aws/exports/zip-object.ts'
import { exportMaildir } from '#shared/moving/export/maildir-export.ts'
import { exportMbox } from '#shared/moving/export/mbox-export.ts'
import { verifyMaildir } from '#shared/moving/export/verify-maildir.ts'
import { verifyMbox } from '#shared/moving/export/verify-mbox.ts'
import { openWrittenZip } from '#shared/moving/export/zip-reading.ts'
import { openMaildir } from '#shared/moving/mailboxes/maildir/maildir-source.ts'
import { testCredentials } from '#test/support/aws/signature.ts'
import { type Fauxqs, startFauxqs } from '#test/support/emulators/fauxqs.ts'
import { account, makeFolder, openTestMailbox, type TestMailbox } from '#test/support/mailbox.ts'
import { must } from '#test/support/must.ts'
import {
  appendTexts,
  ownMailbox,
  readSource,
  verdictsOf,
  whole,
} from '#test/support/own-mailbox.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const dateMs = 1_400_000_000_123
const Bucket = 'leaving'
const equals = [
  { equal: 2, differencesCount: 0 },
  { equal: 1, differencesCount: 0 },
]
let s3: Fauxqs
let client: S3Client
let run = 0
beforeAll(async () => {
  s3 = await startFauxqs()
  const { endpoint } = s3
  client = new S3Client({
    ...{ region: 'eu-west-1', endpoint, credentials: testCredentials, forcePathStyle: true },
  })
  await client.send(new CreateBucketCommand({ Bucket }))
})
afterAll(async () => {
  client.destroy()
  await s3.stop()
})

describe('an export into a bucket', () => {
  let resources: AsyncDisposableStack
  let opened: TestMailbox
  let prefix: string
  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    opened = resources.use(await openTestMailbox())
    prefix = `run ${run++}/ann`
  })
  afterEach(async () => {
    s3.failWhen(() => false)
    await resources.disposeAsync()
  })

  const options = () => ({
    ...{ region: 'eu-west-1', credentials: testCredentials },
    environment: { AWS_ENDPOINT_URL_S3: s3.endpoint },
  })
  const place = () => ({ bucket: Bucket, prefix })
  const own = () =>
    ownMailbox(opened, async () => [{ name: 'work', source: Buffer.from('keep;'), active: true }])

  async function exported(signal?: AbortSignal) {
    const { target, end } = await openBucketTarget(place(), options())
    try {
      return await whole(exportMaildir(own(), target, { signal }))
    } finally {
      await end()
    }
  }
  async function verified() {
    const { target, end } = await openBucketTarget(place(), options())
    return await verdictsOf(verifyMaildir(own(), target)).finally(end)
  }
  /** Of folders that hold something: INBOX, and one below Work. */
  const filled = <F extends { readonly path: string }>(folders: readonly F[]): readonly F[] =>
    folders.filter(({ path }) => path === 'INBOX' || path.startsWith('Work/'))
  const inboxOf = <F extends { readonly path: string }>(folders: readonly F[]): F =>
    must(folders.find(({ path }) => path === 'INBOX'))
  const names = () =>
    s3.s3
      .listObjects(Bucket, { prefix: `${prefix}/` })
      .objects.map(({ key }) => key.slice(prefix.length + 1))
  const named = (part: string) => must(inCur(part)[0])
  /** Of INBOX. */
  const inCur = (part: string) =>
    names().filter((name) => name.startsWith('cur/') && name.includes(part))
  const head = (name: string) =>
    client.send(new HeadObjectCommand({ Bucket, Key: `${prefix}/${name}` }))

  /** As `aws s3 sync` does it: files have the time of now. */
  async function fetched(): Promise<string> {
    const out = join(resources.use(await temporaryFolder()).path, 'Maildir')
    for (const name of names()) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: `${prefix}/${name}` }))
      await mkdir(dirname(join(out, name)), { recursive: true })
      await writeFile(join(out, name), (await Body?.transformToByteArray()) ?? '')
    }
    return out
  }

  async function fill(): Promise<void> {
    const inbox = await opened.mailbox.inbox(account)
    await appendTexts(opened, inbox, [
      { text: 'Subject: a\r\n\r\nx\r\n', flags: ['\\Seen', '$A'], dateMs },
      { text: 'Subject: b\r\n\r\nx\r\n', dateMs: 0 },
    ])
    await makeFolder(opened.mailbox, 'Empty/a.b')
    const emoji = await makeFolder(opened.mailbox, 'Work/\u{1f4ec} ~x')
    await appendTexts(opened, emoji, [{ text: 'Subject: c\r\n\r\n', dateMs: dateMs + 1_000 }])
  }

  it('comes back from there with uids, flags, dates and folders, empty ones too', async () => {
    await fill()
    const report = await exported()
    expect(filled(report.folders).map(({ written }) => written)).toEqual([2, 1])
    expect((await head(named('U1.'))).Metadata).toEqual({ mtime: '1400000000.123' })
    expect(filled(await verified())).toMatchObject(equals)
    const out = await fetched()
    const source = await openMaildir(out)
    expect((await source.folders()).map(({ names: path }) => path.join('/')).toSorted()).toEqual(
      report.folders.map(({ path }) => path).toSorted(),
    )
    const { numbers, read } = await readSource(source, ['INBOX'])
    expect(numbers).toMatchObject({ uidNext: 3 })
    expect(read.map(({ uid, flags, dateMs: date }) => [uid, flags.join(' '), date])).toEqual([
      [1, '\\Seen $A', dateMs],
      [2, '', 0],
    ])
    expect(source.notes()).toEqual([])
    expect((await source.scripts()).map(({ name, active }) => [name, active])).toEqual([
      ['work', true],
    ])
    expect(await readFile(join(out, '.dovecot.sieve'), 'utf8')).toBe('keep;')
  })

  it('is brought up to date: what is there stays, flags change, what is gone goes', async () => {
    await fill()
    await exported()
    const first = await head(named('U1.'))
    const inbox = await opened.mailbox.inbox(account)
    const [uid] = await appendTexts(opened, inbox, [{ text: 'new\r\n' }])
    await opened.mailbox.storeFlags(inbox, [must(uid)], { mode: 'add', flags: ['\\Flagged'] })
    const [one, two] = (await opened.mailbox.snapshot(inbox)).messages
    await opened.mailbox.storeFlags(inbox, [must(one).uid], { mode: 'replace', flags: [] })
    await opened.mailbox.expunge(inbox, [must(two).uid])
    const differ = (await verified()).find(({ path }) => path === 'INBOX')
    expect(differ).toMatchObject({
      others: 1,
      differences: [
        { uid: 1, what: 'flags' },
        { uid: 3, what: 'missing' },
      ],
    })
    const report = await exported()
    expect(filled(report.folders).map(({ written }) => written)).toEqual([1, 0])
    expect(filled(report.folders).map(({ removed }) => removed)).toEqual([1, 0])
    expect(names().filter((name) => name.startsWith('cur/'))).toHaveLength(3)
    const renamed = await head(named('U1.'))
    expect(named('U1.')).toMatch(/:2,$/)
    expect([renamed.ETag, renamed.Metadata]).toEqual([first.ETag, first.Metadata])
    expect((await verified()).every(({ differencesCount }) => differencesCount === 0)).toBe(true)
    // What a kill between copy and removal leaves.
    await client.send(
      new PutObjectCommand({ Bucket, Key: `${prefix}/${named('U1.')}S`, Body: 'new\r\n' }),
    )
    await exported()
    expect(inCur('U1.')).toHaveLength(1)
  })

  it('goes on where it ended', async () => {
    const inbox = await opened.mailbox.inbox(account)
    await appendTexts(
      opened,
      inbox,
      Array.from({ length: 100 }, (_, n) => ({ text: `Subject: ${n}\r\n\r\n` })),
    )
    const ending = new AbortController()
    const { target, end } = await openBucketTarget(place(), options())
    const steps = exportMaildir(own(), target, { signal: ending.signal })
    await steps.next()
    ending.abort()
    await steps.next()
    await end()
    expect(names()).toContain('postwolke-manifest.jsonl.000001')
    const summary = async () =>
      JSON.parse(
        Buffer.from(s3.s3.getObject(Bucket, `${prefix}/postwolke-export.json`).body).toString(),
      )
    expect(await summary()).toMatchObject({ account: 'ann@example.test', whole: false })
    expect(inboxOf((await exported()).folders)).toMatchObject({ messages: 100, written: 36 })
    expect(await summary()).toMatchObject({ whole: true })
    expect(names().filter((name) => name.startsWith('postwolke-manifest'))).toEqual([
      'postwolke-manifest.jsonl',
    ])
    // Killed: nothing is noted.
    const other = await openBucketTarget({ bucket: Bucket, prefix: `${prefix}-b` }, options())
    await exportMaildir(own(), other.target).next()
    prefix = `${prefix}-b`
    expect(names().filter((name) => name.startsWith('cur/'))).toHaveLength(65)
    expect(inboxOf((await exported()).folders)).toMatchObject({ messages: 100, written: 100 })
    expect(inboxOf(await verified())).toMatchObject({ equal: 100, others: 0 })
  })

  it('shows nothing of a large message that did not arrive whole', async () => {
    const inbox = await opened.mailbox.inbox(account)
    const big = `Subject: big\r\n\r\n${'a line of work\r\n'.repeat(1_300_000)}`
    await appendTexts(opened, inbox, [{ text: big, dateMs }])
    let parts = 0
    s3.failWhen(({ method, url }) => method === 'PUT' && url.includes('partNumber') && ++parts > 1)
    await expect(exported()).rejects.toThrow('UploadPart')
    expect(inCur('U1.')).toEqual([])
    s3.failWhen(() => false)
    expect(inboxOf((await exported()).folders)).toMatchObject({ written: 1 })
    expect(await head(named('U1.'))).toMatchObject({
      ContentLength: big.length,
      Metadata: { mtime: '1400000000.123' },
    })
    expect(inboxOf((await exported()).folders)).toMatchObject({ written: 0 })
    expect(inboxOf(await verified())).toMatchObject({ equal: 1 })
  })

  it('may be mboxes, or a zip that is there when it is whole', async () => {
    await fill()
    const { target, end } = await openBucketTarget(place(), options())
    await whole(exportMbox(own(), target))
    const mboxes = await verdictsOf(verifyMbox(own(), target))
    expect(filled(mboxes)).toMatchObject(equals)
    await end()
    const key = { bucket: Bucket, prefix: `${prefix}.zip` }
    for (const isWhole of [false, true]) {
      const zip = await openZipObject(key, options())
      await whole(exportMaildir(own(), zip.target))
      await zip.end(isWhole)
      expect(s3.s3.listObjects(Bucket, { prefix: key.prefix }).objects).toHaveLength(
        isWhole ? 1 : 0,
      )
    }
    const read = await openWrittenZip(await openZipRanges(key, options()))
    const verdicts = await verdictsOf(verifyMaildir(own(), read.files))
    await read.close()
    expect(filled(verdicts)).toMatchObject(equals)
  })

  it('says what was wrong', async () => {
    await expect(openBucketTarget({ bucket: 'no-such', prefix }, options())).rejects.toThrow(
      /s3:\/\/no-such: NoSuchBucket/,
    )
    await expect(openZipRanges({ bucket: Bucket, prefix: 'no.zip' }, options())).rejects.toThrow(
      'there is no s3://leaving/no.zip',
    )
    const { target, end } = await openBucketTarget(place(), options())
    const long = 'x'.repeat(KEY_BYTES_MAX)
    await expect(target.write({ path: () => long, bytes: [] })).rejects.toThrow(
      /more than 1024 bytes/,
    )
    // Of the mailbox, and not of the bucket.
    const failing = (async function* () {
      yield Buffer.from('x')
      throw new Error('the world', {
        cause: Object.assign(new Error('no'), { name: 'NoSuchBucket' }),
      })
    })()
    await expect(target.write({ path: () => 'a', bytes: failing })).rejects.toThrow('the world')
    await end()
  })

  it('is named by an address', () => {
    expect(parseBucketUrl('s3://leaving/a b/c/')).toEqual({ bucket: 'leaving', prefix: 'a b/c' })
    expect(parseBucketUrl('s3://leaving')).toEqual({ bucket: 'leaving', prefix: '' })
    expect(parseBucketUrl('s3://leaving/')).toEqual({ bucket: 'leaving', prefix: '' })
    for (const text of ['s3://', 's3://UP/a', '/a/b', 's3://leaving/a/../b', 's3://leaving//a']) {
      expect(parseBucketUrl(text)).toBeUndefined()
    }
  })
})
