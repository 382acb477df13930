import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { commands } from '#services/managesieve/commands/index.ts'
import { BAD_COMMANDS_MAX, IDLE_TIMEOUT_MS_MIN } from '#services/managesieve/config.ts'
import { ByteBudget } from '#shared/runtime/byte-budget.ts'
import { ManageSieveClient } from '#test/support/managesieve-client.ts'
import { type ManageSieveSetup, startManageSieve } from '#test/support/managesieve-fakes.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { login, password } from '#test/support/pop3-fakes.ts'
import { Wire } from '#test/support/wire.ts'
import { parseTranscript } from '../../../transcripts/parser.ts'

const stops: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function start(setup: ManageSieveSetup = {}) {
  const server = await startManageSieve(setup)
  stops.push(() => server.listener.close({ graceMs: 0 }))
  return server
}

async function open(port: number): Promise<ManageSieveClient> {
  const client = await ManageSieveClient.open(port)
  stops.push(() => client.wire.destroy())
  return client
}

async function openLoggedIn(port: number): Promise<ManageSieveClient> {
  const client = await open(port)
  expect(await client.logIn(login, password)).toMatch(/^OK/)
  return client
}

describe('a session', () => {
  it('is in the log from its login to its end, with every script that it changed', async () => {
    const { port, log } = await start()
    const client = await openLoggedIn(port)
    await client.command('PUTSCRIPT', 'work', 'keep;')
    await client.command('SETACTIVE', 'work')
    await client.command('RENAMESCRIPT', 'work', 'play')
    await client.command('GETSCRIPT', 'play')
    await client.command('SETACTIVE', '')
    await client.command('DELETESCRIPT', 'play')
    await client.command('LOGOUT')
    const of = { account: login, remoteAddress: '127.0.0.1', level: 'info' }
    await vi.waitFor(() =>
      expect(log.find('session ended')).toMatchObject({
        reason: 'logout',
        stored: 1,
        fetched: 1,
        removed: 1,
      }),
    )
    expect(log.find('logged in')).toMatchObject({ ...of, tls: 'none' })
    expect(log.find('script stored')).toMatchObject({ ...of, script: 'work', size: 5 })
    expect(log.find('script activated')).toMatchObject({ ...of, script: 'work', before: '' })
    expect(log.find('script renamed')).toMatchObject({ ...of, script: 'play', before: 'work' })
    expect(log.find('script removed')).toMatchObject({ ...of, script: 'play' })
    expect(JSON.stringify(log.lines)).not.toContain(password)
  })

  it('ends when it takes too long to log in', async () => {
    const clock = new ManualClock()
    const { port } = await start({ clock, options: { loginTimeoutMs: 60_000 } })
    const client = await open(port)
    await clock.advance(60_000)
    expect(await client.wire.closed()).toBe('BYE "Idle for too long."\r\n')
  })

  // RFC 5804 §1.2
  it('may be silent for 30 minutes after its login, and no longer', async () => {
    const clock = new ManualClock()
    const { port, log } = await start({ clock })
    const client = await openLoggedIn(port)
    await clock.advance(IDLE_TIMEOUT_MS_MIN - 1)
    // Half a command is no sign of life, nor is half a literal.
    client.wire.write('PUTSCRIPT "work" {10+}\r\nkee')
    await clock.advance(1)
    expect(await client.wire.closed()).toBe('BYE "Idle for too long."\r\n')
    await vi.waitFor(() =>
      expect(log.find('session ended')).toMatchObject({ reason: 'idle timeout' }),
    )
  })

  it('has its time for a login again after UNAUTHENTICATE', async () => {
    const clock = new ManualClock()
    const { port } = await start({ clock, options: { loginTimeoutMs: 60_000 } })
    const client = await openLoggedIn(port)
    await clock.advance(120_000)
    expect(await client.command('UNAUTHENTICATE')).toMatch(/^OK/)
    await clock.advance(59_999)
    expect(await client.command('NOOP')).toMatch(/^OK/)
    await clock.advance(1)
    expect(await client.wire.closed()).toMatch(/^BYE/)
  })

  it('is told to come again when the server stops', async () => {
    const { port, listener } = await start()
    const client = await openLoggedIn(port)
    const closed = listener.close({ graceMs: 5_000 })
    expect(await client.wire.closed()).toBe('BYE (TRYLATER) "The server is being restarted."\r\n')
    await closed
  })

  it('ends with the account, whose place is free then', async () => {
    const { port, accountWatch } = await start({ options: { accountConnectionCountLimit: 1 } })
    const client = await openLoggedIn(port)
    const other = await open(port)
    expect(await other.logIn(login, password)).toBe(
      'NO (TRYLATER) "Too many sessions of this account."\r\n',
    )
    accountWatch.endAll()
    expect(await client.wire.closed()).toMatch(/^BYE "The account has changed/)
    await vi.waitFor(async () => expect(await other.logIn(login, password)).toMatch(/^OK/))
  })

  it('gives its place back with UNAUTHENTICATE', async () => {
    const { port, accountWatch } = await start({ options: { accountConnectionCountLimit: 1 } })
    const client = await openLoggedIn(port)
    await client.command('UNAUTHENTICATE')
    expect(accountWatch.watching.size).toBe(0)
    await openLoggedIn(port)
  })

  it('holds the answer back at the last failed login', async () => {
    const clock = new ManualClock()
    const options = { loginFailuresMax: 2, authFailureDelayMs: 2_000 }
    const { port, log } = await start({ clock, options })
    const client = await open(port)
    expect(await client.logIn(login, 'wrong')).toMatch(/^NO/)
    const answer = client.logIn(login, 'wrong')
    await vi.waitFor(() =>
      expect(log.lines.filter(({ message }) => message === 'login failed')).toHaveLength(2),
    )
    await clock.advance(2_000)
    expect(await answer).toBe('BYE "Too many failed logins."\r\n')
  })

  it('tells the same for as long as it lasts, whatever the settings become', async () => {
    const { port, state } = await start()
    const before = await openLoggedIn(port)
    state.maxRedirects = 1
    expect(await before.command('CAPABILITY')).toContain('"MAXREDIRECTS" "4"')
    const after = await openLoggedIn(port)
    expect(await after.command('CAPABILITY')).toContain('"MAXREDIRECTS" "1"')
  })

  // RFC 5804 §1.7
  it('tells of NOTIFY where scripts may notify, and else nothing', async () => {
    const { port, state } = await start()
    state.extensions = ['fileinto']
    const told = await (await openLoggedIn(port)).command('CAPABILITY')
    expect(told).toContain('"SIEVE" "fileinto"\r\n"SASL"')
    expect(told).not.toContain('NOTIFY')
  })
})

describe('a client that sends what is none', () => {
  it('may do so for a while', async () => {
    const { port } = await start()
    const client = await openLoggedIn(port)
    client.wire.write('HELO\r\n'.repeat(BAD_COMMANDS_MAX))
    client.wire.write('NOOP "between"\r\n')
    await client.wire.read((bytes) => bytes.includes('between'))
    client.wire.write('HELO\r\n'.repeat(BAD_COMMANDS_MAX + 1))
    expect(await client.wire.closed()).toMatch(/BYE "Too many commands that are none."\r\n$/)
  })

  it('and one that only asks for capabilities before its login, no longer', async () => {
    const { port } = await start()
    const client = await open(port)
    client.wire.write('NOOP\r\n'.repeat(BAD_COMMANDS_MAX + 1))
    expect(await client.wire.closed()).toMatch(/BYE "Too many commands that are none."\r\n$/)
  })
})

describe('limits', () => {
  it('of connections of one address', async () => {
    const { port } = await start({ options: { clientConnectionCountLimit: 1 } })
    await open(port)
    const other = await Wire.open(port)
    expect(await other.closed()).toBe('BYE (TRYLATER) "Too many connections, try again later."\r\n')
  })

  it('of memory for commands that are not whole: whoever comes too late is told, and goes on', async () => {
    const { port } = await start({ memory: new ByteBudget(60_000) })
    const first = await openLoggedIn(port)
    const second = await openLoggedIn(port)
    const script = '#'.repeat(60_000)
    first.wire.write(`PUTSCRIPT "one" {60000+}\r\n${script.slice(1)}`)
    await vi.waitFor(async () =>
      expect(await second.command('PUTSCRIPT', 'two', script)).toMatch(/^NO \(TRYLATER\)/),
    )
    expect(await second.command('PUTSCRIPT', 'small', 'keep;')).toMatch(/^OK/)
    first.wire.write('#\r\n')
    expect(await first.answer()).toMatch(/^OK/)
    expect(await second.command('PUTSCRIPT', 'two', script)).toMatch(/^OK/)
  })
})

describe('commands', () => {
  it('are all shown by a transcript', () => {
    const folder = fileURLToPath(new URL('../../../transcripts/managesieve/', import.meta.url))
    const sent = globSync('*.txt', { cwd: folder })
      .flatMap((file) => parseTranscript(readFileSync(`${folder}/${file}`, 'utf8')).steps)
      .map((step) => (step.kind === 'send' ? step.bytes.toUpperCase() : ''))
    expect(
      [...commands.keys()].filter((name) => !sent.some((text) => text.startsWith(name))),
    ).toEqual([])
  })
})
