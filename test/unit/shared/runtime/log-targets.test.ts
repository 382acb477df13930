import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type LogSettings, openLogTargets } from '#shared/runtime/log-targets.ts'
import { LINES_WAITING_MAX, openSyslog, SYSLOG_BYTES_MAX } from '#shared/runtime/syslog.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const settings: LogSettings = {
  level: 'info',
  serviceLevels: [],
  format: 'json',
  file: '',
  syslogServer: null,
  syslogFacility: 'mail',
}

describe('log targets', () => {
  let resources: AsyncDisposableStack
  let folder: string
  let printed: string[]
  let complaints: string[]
  const stdout = { write: (line: string) => printed.push(line) }

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    folder = resources.use(await temporaryFolder()).path
    printed = []
    complaints = []
  })
  afterEach(() => resources.disposeAsync())

  function open(changes: Partial<LogSettings>) {
    const targets = openLogTargets({ ...settings, ...changes }, stdout, (text) => {
      complaints.push(text)
    })
    resources.defer(() => targets.close())
    return targets
  }

  it('let one service log more or less than the rest, changed while they are in use', () => {
    const targets = open({})
    const imap = targets.log.child({ service: 'imap' })
    const session = imap.child({ account: 'ann' })
    const other = targets.log.child({ service: 'smtp' })
    const say = () => {
      printed.length = 0
      session.debug({}, 'close look')
      session.info({}, 'as ever')
      other.debug({}, 'not told')
      other.info({}, 'other')
      targets.log.info({ service: 'policy' }, 'quiet')
      return printed
        .map((line) => JSON.parse(line))
        .map(({ message, service, account }) => [message, service, account])
    }
    const usual = [
      ['as ever', 'imap', 'ann'],
      ['other', 'smtp', undefined],
    ]
    expect(say()).toEqual([...usual, ['quiet', 'policy', undefined]])
    const serviceLevels = [
      { service: 'imap', level: 'debug' },
      { service: 'policy', level: 'error' },
    ] as const
    targets.change({ ...settings, serviceLevels })
    expect(say()).toEqual([['close look', 'imap', 'ann'], ...usual])
    targets.change(settings)
    expect(say()).toEqual([...usual, ['quiet', 'policy', undefined]])
  })

  async function openServer() {
    const socket = createSocket('udp4')
    resources.defer(() => new Promise<void>((resolve) => socket.close(() => resolve())))
    const lines: string[] = []
    socket.on('message', (message) => lines.push(String(message)))
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const next = async () => String((await once(socket, 'message'))[0])
    return { next, lines, syslogServer: { host: '127.0.0.1', port: socket.address().port } }
  }

  it('are standard output without others', () => {
    open({}).log.info({ queueId: '1' }, 'hello')
    expect(printed).toHaveLength(1)
  })

  it('a file gets whole lines at once, also those of children made before a change', async () => {
    const file = join(folder, 'mail.log')
    const targets = open({ file })
    const child = targets.log.child({ service: 'smtp' }).child({ listener: 'smtp' })
    child.info({}, 'one')
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
      service: 'smtp',
      listener: 'smtp',
      message: 'one',
    })
    await rename(file, `${file}.1`)
    targets.change({ ...settings, file, level: 'debug', format: 'pretty' })
    child.debug({}, 'two')
    expect(await readFile(file, 'utf8')).toMatch(/^\d{4}-\S+ \S+ DEBUG smtp smtp two\n$/)
    expect(await readFile(`${file}.1`, 'utf8')).not.toContain('two')
    expect(printed).toEqual([])
  })

  it('nobody waits for the reader of a pipe', async () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    expect(() => open({ file: pipe })).toThrow('ENXIO')
  })

  it('stay what they are when a new one cannot be opened', async () => {
    const file = join(folder, 'mail.log')
    const targets = open({ file })
    await mkdir(join(folder, 'folder'))
    expect(() => targets.change({ ...settings, file: join(folder, 'folder') })).toThrow('EISDIR')
    targets.log.info({}, 'still here')
    expect(await readFile(file, 'utf8')).toContain('still here')
  })

  it('syslog gets RFC 5424 with facility and severity, one datagram a line', async () => {
    const { next, syslogServer } = await openServer()
    const { log } = open({ syslogServer, syslogFacility: 'local3' })
    const received = next()
    log.child({ service: 'smtp' }).error({ queueId: '01J', error: new Error('full') }, 'failed')
    expect(await received).toMatch(
      /^<155>1 \d{4}-\d\d-\d\dT\S+Z \S+ postwolke \d+ - - ERROR smtp 01J failed error=full {5}at /,
    )
    const second = next()
    open({ syslogServer, file: join(folder, 'both.log') }).log.warn({ to: 'a\nb' }, 'odd')
    expect(await second).toMatch(/^<20>1 .* - - WARN odd to="a\\nb"$/)
    expect(await readFile(join(folder, 'both.log'), 'utf8')).toContain('"odd"')
    expect(printed).toEqual([])
  })

  it('no line is longer than a datagram may be, nor a field than is of use', async () => {
    const { next, syslogServer } = await openServer()
    const { log } = open({ syslogServer })
    const received = next()
    const long = 'x'.repeat(100_000)
    log.info(Object.fromEntries('abcdefgh'.split('').map((name) => [name, long])), 'long')
    expect(Buffer.byteLength(await received)).toBe(SYSLOG_BYTES_MAX)
    open({}).log.info({ reply: long }, 'long')
    expect(JSON.parse(printed[0] ?? '').reply).toBe(`${'x'.repeat(2_000)}…`)
  })

  it('the last line before the end reaches the syslog server, and none after it does harm', async () => {
    const { next, syslogServer } = await openServer()
    const targets = openLogTargets({ ...settings, syslogServer }, stdout, () => {})
    const received = next()
    targets.log.info({}, 'stopped')
    targets.close()
    expect(await received).toMatch(/ - - stopped$/)
    targets.log.info({}, 'late')
    expect(complaints).toEqual([])
  })

  it('the name of a syslog server is asked for once, and lines wait for it up to a limit', async () => {
    const { next, lines, syslogServer } = await openServer()
    const { promise, resolve } = Promise.withResolvers<string>()
    let asked = 0
    const syslog = openSyslog(
      { ...syslogServer, host: 'loghost.test' },
      'mail',
      (text) => complaints.push(text),
      () => {
        asked++
        return promise
      },
    )
    for (let n = 1; n <= LINES_WAITING_MAX + 1; n++) syslog.write(`line ${n}`)
    const first = next()
    resolve('127.0.0.1')
    expect(await first).toMatch(/ - - line 1$/)
    syslog.close()
    await vi.waitFor(() => expect(lines.length).toBeGreaterThan(1))
    expect({ asked, complaints }).toEqual({ asked: 1, complaints: [] })
    expect(lines.some((line) => line.endsWith(` ${LINES_WAITING_MAX + 1}`))).toBe(false)
  })

  it('a name that nobody knows is complained of once, and not asked for with each line', async () => {
    let asked = 0
    const find = async () => {
      asked++
      throw new Error('no such name')
    }
    const syslog = openSyslog(
      { host: 'x.test', port: 514 },
      'mail',
      complaints.push.bind(complaints),
      find,
    )
    for (let n = 0; n < 10; n++) {
      syslog.write('line')
      await Promise.resolve()
    }
    expect({ asked, complaints }).toEqual({
      asked: 1,
      complaints: ['cannot write the log to x.test: no such name\n'],
    })
    syslog.close()
  })
})
