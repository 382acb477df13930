// What an operator does to mail that waits in the queue of a running server: look, hold, release, delete, flush. The mail
// leaves by a relay host of ours, which says what each test wants.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Account, eventually, firstAccounts } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { openSink, type Sink } from '#test/support/sink-smtp.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let folder: string
let server: ServerProcess
let alice: Account
let sink: Sink
let reply: string | undefined

beforeAll(async () => {
  folder = resources.use(await temporaryFolder()).path
  sink = resources.use(await openSink({ rcpt: () => reply }))
  // Nothing is tried again by itself within a test.
  server = await startServer(folder, await freePorts(), [
    `relayhost=[127.0.0.1]:${sink.port}`,
    'minimalBackoffTime=1h',
  ])
  resources.defer(async () => void (await server.end('SIGTERM')))
  ;({ alice } = firstAccounts(server))
})
afterAll(() => resources.disposeAsync())

beforeEach(() => {
  reply = '451 4.7.1 come back later'
})
/** What a test that failed left there is no other's. */
afterEach(() => queue('delete --all --yes'))

async function queue(line: string): Promise<string> {
  const ended = await commandLine(['queue', ...line.split(' '), '--data', folder])
  expect({ line, ...ended }).toMatchObject({ code: 0, stderr: '' })
  return ended.stdout
}

type Shown = {
  readonly queueId: string
  readonly groups: readonly { readonly state: string; readonly attempts: number }[]
}

async function listed(): Promise<readonly Shown[]> {
  return JSON.parse(await queue('list --json'))
}

/** Submits a message; resolves to its queue id once it waits in this state. */
async function submitted(subject: string, state: 'deferred' | 'hold'): Promise<string> {
  await using smtp = await SmtpClient.open(server.ports.submissions, { tls: true })
  await smtp.hello()
  await smtp.logIn(alice.address, alice.password)
  await smtp.envelope(alice.address, 'far@away.test')
  const { text } = await smtp.data(`Subject: ${subject}\r\n\r\nHello.\r\n`)
  const queueId = text.split(' ').at(-1) ?? ''
  await deferredAfter(queueId, 1)
  if (state === 'hold') await queue(`hold ${queueId}`)
  return queueId
}

/** So many attempts are over: before the last of them it is deferred as well, and active in it. */
function deferredAfter(queueId: string, attempts: number): Promise<unknown> {
  return eventually(`${queueId} is deferred after ${attempts} attempts`, async () => {
    const entry = (await listed()).find((one) => one.queueId === queueId)
    return entry?.groups.some((group) => group.state === 'deferred' && group.attempts === attempts)
  })
}

const arrived = (subject: string) =>
  eventually(`${subject} arrives`, () =>
    sink.messages.find(({ bytes }) => bytes.includes(`Subject: ${subject}\r\n`)),
  )
const isEmpty = () => eventually('the queue is empty', async () => (await listed()).length === 0)

describe('queue', () => {
  it('lists and shows what waits, and why', async () => {
    const id = await submitted('listed', 'deferred')
    const list = await queue('list')
    expect(list).toMatch(/^QUEUE ID +SIZE +ARRIVED +STATE +NEXT TRY +SENDER +RECIPIENTS +REASON\n/)
    expect(list).toMatch(
      new RegExp(
        `^${id} +2\\d B +\\S+Z +deferred +\\S+Z +${alice.address} +far@away.test +host .* said: 451 4.7.1 come back later \\(in reply to RCPT TO command\\)$`,
        'm',
      ),
    )
    expect(list).toMatch(/\n1 message, 2\d B\n$/)
    const show = await queue(`show ${id}`)
    expect(show).toContain(`arrived     `)
    expect(show).toMatch(
      / from client\.test \[127\.0\.0\.1\] as alice@example\.test by submissions$/m,
    )
    expect(show).toMatch(/^state {7}deferred, 1 attempt, next \S+Z$/m)
    expect(show).toMatch(
      /^reason {6}host .*: 451 4\.7\.1 come back later \(in reply to RCPT TO command\)$/m,
    )
    expect(JSON.parse(await queue(`show ${id} --json`))).toMatchObject({
      queueId: id,
      sender: alice.address,
      recipients: ['far@away.test'],
      groups: [{ state: 'deferred', destination: { nextHop: `[127.0.0.1]:${sink.port}` } }],
    })
    expect(await queue(`delete ${id.toLowerCase()}`)).toBe(`${id} deleted\n`)
    expect(await queue('list')).toBe('the queue is empty\n')
  })

  it('lists what is asked for', async () => {
    const far = await submitted('filtered', 'deferred')
    const held = await submitted('filtered and held', 'hold')
    const ids = async (words: string) =>
      JSON.parse(await queue(`list ${words} --json`.replace('  ', ' '))).map(
        (entry: Shown) => entry.queueId,
      )
    expect(await ids('')).toEqual([far, held])
    expect(JSON.parse(await queue('list --json'))).toMatchObject([
      { state: 'deferred', groups: [{ state: 'deferred' }] },
      { state: 'hold', groups: [{ state: 'hold', originalRecipients: ['far@away.test'] }] },
    ])
    expect(await ids('--state deferred')).toEqual([far])
    expect(await ids('--state hold')).toEqual([held])
    expect(await ids('--state corrupt')).toEqual([])
    expect(await ids(`--sender ${alice.address.toUpperCase()}`)).toEqual([far, held])
    expect(await ids('--sender <>')).toEqual([])
    expect(await ids('--recipient far@away.test --state hold')).toEqual([held])
    expect(await ids('--recipient @away.test')).toEqual([far, held])
    expect(await ids('--recipient away.test')).toEqual([])
    expect(await ids('--domain away.test')).toEqual([far, held])
    expect(await ids('--domain example.test')).toEqual([far, held])
    expect(await ids('--domain way.test')).toEqual([])
    expect(await ids('--older-than 1h')).toEqual([])
    expect(await ids('--older-than 0')).toEqual([far, held])
    expect(await queue('list --state corrupt')).toBe('none of 2 messages is like that\n')
    await queue(`delete ${far},${held}`)
  })

  it('fits the terminal, with all that is to be known', async () => {
    const id = await submitted('narrow', 'deferred')
    const columns = 60
    const { stdout } = await commandLine(['queue', 'list', '--data', folder], { columns })
    for (const line of stdout.trimEnd().split('\n')) {
      expect(line.length).toBeLessThanOrEqual(columns)
    }
    expect(stdout).toMatch(/^QUEUE ID +STATE +SIZE +ARRIVED/)
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
      new RegExp(
        `${id} deferred \\d+ B \\S+Z ${alice.address} -> far@away.test deferred until \\S+Z: host .* said: 451 4.7.1 come back later \\(in reply to RCPT TO command\\) 1 message`,
      ),
    )
    await queue(`delete ${id}`)
  })

  it('does what it can of several messages, says which and fails', async () => {
    const id = await submitted('one of two', 'deferred')
    const gone = '01M0TEXAMP1E000000'
    for (const [verb, done] of [
      ['hold', 'held'],
      ['release', 'released'],
      ['delete', 'deleted'],
    ]) {
      const ended = await commandLine(['queue', `${verb}`, gone, id, '--data', folder])
      expect(ended).toEqual({
        code: 67,
        stdout: `${id} ${done}\n`,
        stderr: `postwolke: ${gone} is not in the queue; 'postwolke trace ${gone}' tells what became of it\n`,
      })
      if (verb === 'release') await deferredAfter(id, 2)
    }
  })

  it('flushes deferred mail', async () => {
    await submitted('flushed', 'deferred')
    expect(await queue('flush --to elsewhere.test')).toBe('trying 0 deferred messages again\n')
    reply = undefined
    expect(await queue(`flush --to [127.0.0.1]:${sink.port}`)).toBe(
      'trying 1 deferred message again\n',
    )
    await arrived('flushed')
    await isEmpty()
  })

  it('holds mail, whatever is flushed, until it is released', async () => {
    const held = await submitted('held', 'deferred')
    const other = await submitted('not held', 'deferred')
    expect(await queue(`hold ${held}`)).toBe(`${held} held\n`)
    expect(await queue(`hold ${held}`)).toBe(`${held} held\n`)
    reply = undefined
    await queue('flush')
    await arrived('not held')
    await eventually('the other is gone', async () => (await listed()).length === 1)
    expect(await listed()).toMatchObject([{ queueId: held, groups: [{ state: 'hold' }] }])
    expect(await queue(`release ${held} --json`)).toBe(
      `${JSON.stringify({ released: [held] }, null, 2)}\n`,
    )
    await arrived('held')
    await isEmpty()
    const { code, stderr } = await commandLine(['queue', 'show', other, '--data', folder])
    expect({ code, stderr }).toMatchObject({ code: 67, stderr: expect.stringContaining(other) })
  })

  it('shows why mail waits, and tries again when released what is held', async () => {
    reply = '450 4.2.0 not now'
    const id = await submitted('refused', 'hold')
    expect(await queue(`show ${id}`)).toMatch(/^reason .*: 450 4\.2\.0 not now \(in reply/m)
    reply = undefined
    await queue(`release ${id}`)
    await arrived('refused')
    await isEmpty()
  })

  it('releases what was set aside as corrupt, all of it at once, and asks for names otherwise', async () => {
    expect(await queue('release --corrupt')).toBe('no message is like that\n')
    const { code, stderr } = await commandLine(['queue', 'release', '--data', folder])
    expect({ code, stderr }).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('--corrupt'),
    })
  })

  it('releases one recipient, by the name of postsuper as well', async () => {
    reply = '450 4.2.0 not now'
    const id = await submitted('one of them', 'hold')
    const other = `release ${id} --recipient near@away.test`
    const refused = await commandLine(['queue', ...other.split(' '), '--data', folder])
    expect(refused).toMatchObject({
      code: 75,
      stderr: expect.stringContaining('does not wait for near@away.test'),
    })
    reply = undefined
    expect(await queue(`requeue ${id} --recipient far@away.test`)).toBe(`${id} released\n`)
    await arrived('one of them')
    await isEmpty()
  })

  it('does what it can, and says what it could not by its exit status', async () => {
    const id = await submitted('partly', 'deferred')
    const gone = '01ARZ3NDEKTSV4RRFF'
    for (const verb of ['hold', 'release', 'delete']) {
      const words = ['queue', verb, gone, id, '--data', folder]
      const { code, stdout, stderr } = await commandLine(words)
      expect({ verb, code }).toEqual({ verb, code: 67 })
      expect(stdout).toMatch(new RegExp(`^${id} \\w+\\n$`))
      expect(stderr).toBe(
        `postwolke: ${gone} is not in the queue; 'postwolke trace ${gone}' tells what became of it\n`,
      )
      if (verb === 'release') await deferredAfter(id, 2)
    }
    expect(await queue('list')).toBe('the queue is empty\n')
  })

  it('deletes mail that never leaves', async () => {
    const ids = [await submitted('deleted 1', 'deferred'), await submitted('deleted 2', 'deferred')]
    reply = undefined
    expect(await queue(`delete ${ids.join(' ')}`)).toBe(ids.map((id) => `${id} deleted\n`).join(''))
    await queue('flush')
    expect(await listed()).toEqual([])
    expect(sink.messages.filter(({ bytes }) => bytes.includes('deleted'))).toEqual([])
  })

  it('does what is wanted to all that is like something, counts it first and asks', async () => {
    const ids = [await submitted('bulk 1', 'deferred'), await submitted('bulk 2', 'deferred')]
    const asked = async (line: string, answers: readonly string[]) =>
      commandLine(['queue', ...line.split(' '), '--data', folder], { answers, columns: 80 })
    const refused = await asked('hold --destination away.test', ['n'])
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toContain('This is about holding 2 of 2 messages. Go on? [y/N]')
    expect(await listed()).toMatchObject([{ state: 'deferred' }, { state: 'deferred' }])
    const held = await asked('hold --destination away.test', ['y'])
    expect(held).toMatchObject({ code: 0, stdout: '2 messages held\n' })
    expect(held.stderr).toContain('holding [##############################] 100% 2/2')
    // A script is not asked, and is told as well.
    const script = ['queue', 'release', '--hold', '--after', ids[0] ?? '', '--data', folder]
    expect(await commandLine(script)).toEqual({
      code: 0,
      stdout: '1 message released\n',
      stderr: 'releasing 1 of 1 message\n',
    })
    await deferredAfter(ids[1] ?? '', 2)
    expect(await listed()).toMatchObject([{ state: 'hold' }, { state: 'deferred' }])
    for (const line of ['delete', `delete ${ids[0]} --all`]) {
      const ended = await commandLine(['queue', ...line.split(' '), '--data', folder])
      expect({ line, code: ended.code }).toEqual({ line, code: 64 })
    }
    expect(JSON.parse((await asked('delete --all --yes --json', [])).stdout)).toEqual({
      deleted: 2,
      left: 0,
    })
    expect(await listed()).toEqual([])
  })

  it('prints a message as it goes out, and the queue in numbers', async () => {
    const id = await submitted('shown', 'deferred')
    expect(await queue(`cat ${id}`)).toMatch(
      /^Received: from .*\nMessage-ID: <.*>\nFrom: <alice@example\.test>\nSubject: shown\n\nHello\.\n$/s,
    )
    expect(await queue(`cat ${id} --body`)).toBe('\nHello.\n')
    expect(await queue(`cat ${id} --envelope`)).toBe(
      `sender: ${alice.address}\nrecipient: far@away.test\n`,
    )
    expect(await queue('top --by domain')).toMatch(
      /^DOMAIN +T +5 +10 .* 1280\+ +REASON\nTOTAL +1 +1 +0 .*\naway\.test +1 +1 +0 .* +host .* come back later .*\n$/,
    )
    expect(await queue('stats')).toMatch(
      /^STATE +MESSAGES +RECIPIENTS +SIZE +OLDEST +NEXT TRY\ndeferred +1 +1 +\d+ B +\S+Z +\S+Z\n$/,
    )
    expect(await queue('list --limit 1')).toContain(`there may be more: --after ${id}`)
    await queue(`delete ${id}`)
    expect(await queue('stats')).toBe('the queue is empty\n')
    expect(await queue('top')).toBe('the queue is empty\n')
  })
})
