// Postfix's commands beside Debian's Postfix: the same mail is given to both, waits in both for the same reason, and both are asked the
// same; what they print and how they end is compared, without what must differ (ids, times, sizes, the names of their folders).

import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '#test/support/accounts.ts'
import { hasPostfix, startPostfix } from '#test/support/postfix.ts'
import { runOurs } from '#test/support/postfix-commands.ts'
import { type Ended, runProgram } from '#test/support/program.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const REASON = 'come back later'

/** Dozens of processes one after the other. */
const TIME_MAX_MS = 120_000

describe.runIf(hasPostfix())("Postfix's commands beside Debian's", { timeout: TIME_MAX_MS }, () => {
  const resources = new AsyncDisposableStack()
  let theirFolder: string
  let ourFolder: string
  let ourServer: ServerProcess
  let theirMail: AsyncDisposable

  const startOurs = async () => {
    ourServer = await startServer(ourFolder, await freePorts())
  }
  const startTheirs = async () => {
    theirMail = await startPostfix(theirFolder, [], {
      programs: [
        'pickup unix n - n 1 1 pickup',
        'showq unix n - n - - showq',
        'flush unix n - n - 0 flush',
        'error unix - - n - - error',
        'retry unix - - n - - error',
      ],
      settings: {
        default_transport: `retry:${REASON}`,
        myorigin: '$myhostname',
        enable_long_queue_ids: 'yes',
        message_size_limit: '1048576',
        minimal_backoff_time: '1h',
        queue_run_delay: '1h',
      },
    })
  }

  beforeAll(async () => {
    theirFolder = resources.use(await temporaryFolder()).path
    ourFolder = resources.use(await temporaryFolder()).path
    // In the file, so that commands know of it.
    await writeFile(
      join(ourFolder, 'postwolke.toml'),
      [
        'hostname = "mx.example.test"',
        'defaultDomain = "example.test"',
        'myorigin = "mx.example.test"',
        `transportMaps = "static:{retry:4.0.0 ${REASON}}"`,
        'minimalBackoffTime = "1h"',
        'messageSizeLimit = "1MB"',
        '',
      ].join('\n'),
    )
    await startOurs()
    await startTheirs()
    resources.defer(async () => {
      await ourServer.end('SIGTERM')
      await theirMail[Symbol.asyncDispose]()
    })
  }, TIME_MAX_MS)
  afterAll(() => resources.disposeAsync(), TIME_MAX_MS)

  const theirs = (name: string, words: readonly string[], input = '') =>
    runProgram(name, words, { input, environment: { MAIL_CONFIG: join(theirFolder, 'conf') } })
  const ours = (name: string, words: readonly string[], input = '') =>
    runOurs(ourFolder, name, words, input)

  /** Of either, without what must differ. */
  const plain = (text: string) =>
    text
      .replaceAll(/^.*: overriding earlier entry: .*\n/gm, '')
      .replaceAll(
        /\b(?:[0-9A-HJKMNP-TV-Z]{18}|[0-9][0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{9}z[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{1,10})\b/g,
        'ID',
      )
      .replaceAll(/ID([*!#]*) +\d+ \w{3} \w{3} [ \d]\d [\d:]{8}/g, 'ID$1 SIZE TIME')
      .replaceAll(/"(arrival_time|message_size)": \d+/g, '"$1": N')
      .replaceAll(/\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}/g, 'TIME')
      .replaceAll(/\w{3}, \d+ \w{3} \d{4} [\d:]{8} \+0000(?: \(UTC\))?/g, 'DATE')
      .replaceAll(/-- \d+ Kbytes/g, '-- N Kbytes')
      .replaceAll('Postwolke', 'Postfix')
      .replaceAll('Message-ID: ', 'Message-Id: ')
      .replaceAll(/ \(Connect to the Postfix showq service:[^)]*\)/g, '')

  /** In the order of their texts: which of several comes first is each one's own matter. */
  const entries = (text: string) =>
    plain(text)
      .replace(/^(----Queue ID.*\n)/, '$1\n')
      .split('\n\n')
      .map((one) => one.trim().split('\n').sort().join('\n'))
      .sort()

  const shape = ({ code, stdout, stderr }: Ended) => ({
    code,
    stdout: entries(stdout),
    stderr: plain(stderr),
  })

  async function same(name: string, words: readonly string[], input = ''): Promise<Ended> {
    const [their, our] = await Promise.all([theirs(name, words, input), ours(name, words, input)])
    expect(shape(our)).toEqual(shape(their))
    return our
  }
  /** Only how they end: their words are their own. */
  async function endsLike(name: string, words: readonly string[], input = ''): Promise<Ended> {
    const [their, our] = await Promise.all([theirs(name, words, input), ours(name, words, input)])
    expect({ words, code: our.code }).toEqual({ words, code: their.code })
    return our
  }

  type Queued = {
    readonly queue_name: string
    readonly queue_id: string
    readonly arrival_time: number
    readonly message_size: number
    readonly sender: string
    readonly recipients: readonly { readonly address: string; readonly delay_reason?: string }[]
  }
  const queued = async (run: typeof ours): Promise<readonly Queued[]> =>
    (await run('postqueue', ['-j'])).stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  const idOf = async (run: typeof ours, sender: string) =>
    (await queued(run)).find((one) => one.sender === sender)?.queue_id ?? ''
  /** For the id of a message in either queue. */
  async function sameOf(name: string, letter: string, sender: string): Promise<void> {
    const [their, our] = await Promise.all([
      theirs(name, [letter, await idOf(theirs, sender)]),
      ours(name, [letter, await idOf(ours, sender)]),
    ])
    expect(shape(our)).toEqual(shape(their))
  }
  const waits = (count: number) =>
    eventually('all wait with their reason', async () => {
      const both = [...(await queued(theirs)), ...(await queued(ours))]
      const told = both.filter(
        ({ queue_name: name, recipients }) =>
          name === 'deferred' && recipients.every(({ delay_reason: reason }) => reason === REASON),
      )
      return told.length === 2 * count
    })

  it('an empty queue', async () => {
    await same('mailq', [])
    await same('postqueue', ['-p'])
    await same('postqueue', ['-j'])
    await same('sendmail', ['-bp'])
  })

  it('mail that waits, listed in both forms', async () => {
    await same(
      'sendmail',
      ['-f', 'ann@ok.test', 'a@far.test', 'b@far.test'],
      'Subject: x\n\nhello\n',
    )
    await same('sendmail', ['-f', '', 'c@far.test, d@far.test'], 'Subject: x\n\nhello\n')
    await same(
      'sendmail',
      ['-t', '-F', 'Ann B', '-f', 'tee@ok.test', 'z@far.test'],
      'From nobody Mon\nSubject: x\nTo: T <t@far.test>\nCc: list: u@far.test;\nBcc: v@far.test\n\nhello\n.\nnot this\n',
    )
    await same(
      'sendmail',
      ['-i', '-f', 'dot@ok.test', 'e@far.test'],
      'From: D <d@ok.test>\nSubject: x\n\na\n.\nb\n',
    )
    await same(
      'sendmail',
      ['-t', '-f', 'again@ok.test'],
      'To: a@far.test\nResent-To: r@far.test\n\n',
    )
    await same(
      'sendmail',
      ['-f', 'local@ok.test', '-oem', '-oi', '-B8BITMIME', '--', 'root@far.test'],
      '\n',
    )
    await waits(6)
    await same('mailq', [])
    const { stdout } = await same('sendmail', ['-bp'])
    expect(stdout).toContain('v@far.test')
    const waiting = async (run: typeof ours) =>
      (await queued(run))
        .map(({ queue_id: _, arrival_time: __, message_size: ___, recipients, ...one }) => ({
          ...one,
          recipients: recipients.toSorted((a, b) => (a.address < b.address ? -1 : 1)),
        }))
        .sort((a, b) => (a.sender < b.sender ? -1 : 1))
    expect(await waiting(ours)).toEqual(await waiting(theirs))
  })

  it('a message itself: what is added, what is dropped', async () => {
    const [our, their] = [await queued(ours), await queued(theirs)]
    const message = async (run: typeof ours, sender: string, letters: string) => {
      const of = run === ours ? our : their
      const id = of.find((one) => one.sender === sender)?.queue_id ?? ''
      const { code, stdout } = await run('postcat', [letters, id])
      // Where an added field stands is each one's own matter.
      const [header = '', ...body] = stdout.replaceAll(/\n[ \t]+/g, ' ').split('\n\n')
      return { sender, letters, code, header: plain(header).split('\n').sort(), body }
    }
    for (const [sender, letters] of [
      ['ann@ok.test', '-hq'],
      ['ann@ok.test', '-bq'],
      ['tee@ok.test', '-hbq'],
      ['dot@ok.test', '-hbq'],
      ['local@ok.test', '-hq'],
    ] as const) {
      const [got, wanted] = await Promise.all([
        message(ours, sender, letters),
        message(theirs, sender, letters),
      ])
      expect(got).toEqual(wanted)
    }
    const { stdout } = await ours('postcat', ['-eq', await idOf(ours, 'tee@ok.test')])
    expect(plain(stdout)).toMatch(
      /^\*\*\* ENVELOPE RECORDS deferred\/ID \*\*\*\nmessage_size: +\d+ .*\nmessage_arrival_time: TIME\n/,
    )
    expect(stdout).toContain('sender: tee@ok.test\n')
    expect(stdout).toContain('original_recipient: v@far.test\nrecipient: v@far.test\n')
    await same('postcat', ['-q', 'NOSUCH'])
    await endsLike('postcat', ['-x'])
    await endsLike('postcat', [])
  })

  it('held, released, requeued, by id', async () => {
    for (const letter of ['-h', '-h', '-H', '-H']) await sameOf('postsuper', letter, 'ann@ok.test')
    await sameOf('postsuper', '-h', 'dot@ok.test')
    await same('mailq', [])
    await sameOf('postsuper', '-r', 'dot@ok.test')
    await eventually('it waits again', async () => {
      const all = [...(await queued(theirs)), ...(await queued(ours))]
      return all.every(({ queue_name: name }) => name !== 'hold' && name !== 'maildrop')
    })
  })

  it('all at once, those of standard input, and none', async () => {
    await same('postsuper', ['-h', 'ALL'])
    await same('postsuper', ['-h', 'ALL', 'deferred'])
    await same('postsuper', ['-e', 'ALL', 'hold'])
    const marks = async (run: typeof ours) =>
      (await run('mailq', [])).stdout.split('\n').filter((line) => /^\w+!# /.test(line)).length
    expect([await marks(ours), await marks(theirs)]).toEqual([6, 6])
    const letters = ['-d', '-h', '-H', '-r', '-e', '-f']
    for (const letter of letters) await same('postsuper', [letter, 'NOSUCH'])
    await same('postsuper', ['-d', '../x'])
    await same('postsuper', ['-d', '-'], 'NOSUCH\n')
    await same('postsuper', ['-d', 'ALL', 'deferred'])
    await same('postsuper', [])
    await same('postsuper', ['-d', 'ALL', 'nosuch'])
    const some = async (run: typeof ours) =>
      run(
        'postsuper',
        ['-d', '-'],
        `${await idOf(run, 'ann@ok.test')}\n${await idOf(run, 'dot@ok.test')}\n`,
      )
    expect(shape(await some(ours))).toEqual(shape(await some(theirs)))
    // What nobody is told of is gone with ours, and with theirs at the next attempt.
    await sameOf('postsuper', '-f', 'MAILER-DAEMON')
    await endsLike('postsuper', ['-d', 'ALL'])
    await same('mailq', [])
  })

  it('tried again', async () => {
    await same('postqueue', ['-f'])
    await same('sendmail', ['-q'])
    await same('sendmail', ['-q30m', 'x@far.test'], 'Subject: interval\n\n')
    await same('postqueue', ['-i', 'NOSUCH'])
    await same('sendmail', ['-qINOSUCH'])
    await same('postqueue', ['-i', '../x'])
    // Every site is one that can be flushed here.
    expect(await ours('postqueue', ['-s', 'far.test'])).toEqual({ code: 0, stdout: '', stderr: '' })
    await endsLike('postsuper', ['-d', 'ALL'])
  })

  it.each<[name: string, words: string[], input?: string]>([
    ['postqueue', []],
    ['postqueue', ['-s']],
    ['postqueue', ['-p', 'x']],
    ['postqueue', ['-x']],
    ['sendmail', []],
    ['sendmail', ['-t'], 'Subject: x\n\n'],
    ['sendmail', ['-B', '9BIT', 'a@far.test']],
    ['sendmail', ['-bz']],
    ['sendmail', ['-N', 'bogus', 'a@far.test']],
    ['sendmail', ['-N', 'never,success', 'a@far.test']],
    ['sendmail', ['-R', 'bogus', 'a@far.test']],
    ['sendmail', ['-f', 'x y', 'a@far.test']],
    ['sendmail', ['-R', 'hdrs', '-N', 'success,delay', 'a@far.test']],
  ])('%s %j', async (name, words, input) => {
    await same(name, words, input).catch(async (difference) => {
      // The same but for words: sendmail names twice what it does not know, and its options are more.
      await endsLike(name, words, input)
      if (!['-x', '-N', '-f'].includes(words[0] ?? '')) throw difference
    })
  })

  it.each<[name: string, words: string[], input?: string]>([
    ['sendmail', ['-Z', 'a@far.test']],
    ['sendmail', ['a@far.test'], 'x'.repeat(1_100_000)],
    ['postsuper', ['-x']],
    ['postsuper', ['-d']],
    ['newaliases', []],
    ['sendmail', ['-bi']],
    ['postconf', ['myhostname']],
    ['postconf', ['-h', 'myhostname']],
    ['postconf', ['nosuch']],
    ['postconf', ['-n']],
    ['postconf', ['-d']],
    ['postconf', ['-Z']],
    ['postconf', ['-e']],
    ['postlog', ['hello', 'there']],
    ['postlog', ['-p', 'warn', '-t', 'script', 'hello']],
    ['postlog', ['-p', 'bogus', 'hello']],
    ['postlog', ['-x']],
    ['postlock', []],
    ['postkick', []],
    ['postkick', ['public', 'nosuch', 'x']],
    ['postmap', []],
    ['postalias', []],
  ])('%s %j ends alike', async (name, words, input) => {
    await endsLike(name, words, input)
  })

  it('tables: made of files, and asked', async () => {
    const file = join(ourFolder, 'transport')
    await writeFile(file, 'far.test smtp:[relay.test]\nann@far.test discard:\n')
    await chmod(file, 0o644)
    const folder = join(theirFolder, 'tables')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'transport'), await readFile(file))
    const our = (words: readonly string[], input = '') =>
      ours('postmap', [...words, `hash:${file}`], input)
    const their = (words: readonly string[], input = '') =>
      theirs('postmap', [...words, `hash:${folder}/transport`], input)
    expect((await our(['-q', 'far.test'])).code).toBe((await their(['-q', 'far.test'])).code)
    expect((await our([])).code).toBe((await their([])).code)
    for (const [words, input] of [
      [['-q', 'far.test'], ''],
      [['-q', 'FAR.test'], ''],
      [['-q', 'near.test'], ''],
      [['-q', '-'], 'near.test\nann@far.test\n'],
      [['-q', '-'], 'near.test\n'],
    ] as const) {
      const [{ stderr: _, ...shown }, { stderr: __, ...wanted }] = [
        await our(words, input),
        await their(words, input),
      ]
      expect({ words, ...shown }).toEqual({ words, ...wanted })
    }
    expect((await ours('postmap', ['/nowhere/table'])).code).toBe(
      (await theirs('postmap', ['hash:/nowhere/table'])).code,
    )
  })

  it('while the mail system is down: listed, submitted, and not tried', async () => {
    await endsLike('postsuper', ['-d', 'ALL'])
    await ourServer.end('SIGTERM')
    await theirMail[Symbol.asyncDispose]()
    await same('sendmail', ['-f', 'down@ok.test', 'a@far.test'], 'Subject: down\n\n')
    const waiting = async (run: typeof ours) =>
      (await queued(run)).map(({ queue_name: name, sender, recipients }) => ({
        name,
        sender,
        recipients,
      }))
    expect(await waiting(ours)).toEqual(await waiting(theirs))
    const { stderr } = await endsLike('mailq', [])
    expect(stderr).toContain('postqueue: warning: Mail system is down -- accessing queue directly')
    await same('postqueue', ['-f'])
    await endsLike('postqueue', ['-i', 'NOSUCH'])
    await startOurs()
    await startTheirs()
    await waits(1)
    await same('mailq', [])
  })
})
