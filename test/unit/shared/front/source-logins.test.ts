// Logins at servers that are as they should be, and at those that are not: what is a wrong password, and what is none.

import { afterEach, describe, expect, it } from 'vitest'
import type { LoginAttempt } from '#shared/contracts/authenticate.ts'
import type { SourceHost } from '#shared/directory/sources.ts'
import { createSourceLogins } from '#shared/front/source-logins.ts'
import { SOURCE_LOGIN_MS, SOURCE_WORDS_BYTES_MAX } from '#shared/front/source-wire.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { CLOSE, type SourceScript, startScriptedSource } from '#test/support/scripted-source.ts'

let resources = new AsyncDisposableStack()
afterEach(async () => {
  await resources.disposeAsync()
  resources = new AsyncDisposableStack()
})

type Service = LoginAttempt['service']
const schemes = {
  imap: 'imap',
  pop3: 'pop3',
  managesieve: 'sieve',
  submission: 'submission',
} as const

const ownPassword: SourceHost['login'] = { kind: 'own-password', names: 'address' }

async function open(
  script: SourceScript,
  {
    service = 'imap',
    endpoint = service === 'smtp' || service === 'api' ? 'submission' : service,
    login = ownPassword,
    password = 'secret word',
    isGuest = false,
  }: {
    readonly service?: Service
    readonly endpoint?: keyof typeof schemes
    readonly login?: SourceHost['login']
    readonly password?: string | undefined
    readonly isGuest?: boolean
  } = {},
) {
  const source = resources.use(await startScriptedSource(script))
  const clock = new ManualClock()
  const host: SourceHost = {
    ...{ name: 'old', smtp: null, login, accounts: 1, domains: 0, createdMs: 0 },
    endpoints: { [endpoint]: `${schemes[endpoint]}://127.0.0.1:${source.port}?tls=no` },
  }
  const logins = createSourceLogins({
    ...{ sources: { get: async () => host }, clock, log: silentLog, hostname: 'mx.ours.test' },
  })
  const asked = logins.open(host, {
    ...{ service, account: 'ann@ours.test', isGuest, remoteAddress: '192.0.2.7' },
    password: login.kind === 'master' ? undefined : Buffer.from(password),
  })
  asked.catch(() => undefined)
  const answer = async () => {
    const got = await asked
    if (got.kind === 'in' && got.passage) {
      const { socket } = got.passage
      resources.defer(() => void socket.destroy())
    }
    return got
  }
  return { source, clock, asked, answer }
}

const caps = 'IMAP4rev1 SASL-IR AUTH=PLAIN UNAUTHENTICATE IDLE'
const imap = (login: string, offered = caps): SourceScript => ({
  greeting: `* OK [CAPABILITY ${offered}] ready\r\n`,
  answer: (line) => {
    const [tag, verb] = line.split(' ')
    if (verb === 'AUTHENTICATE' || verb === 'LOGIN')
      return `${login.replaceAll('TAG', `${tag}`)}\r\n`
    if (verb === 'CAPABILITY') return `* CAPABILITY ${offered}\r\n${tag} OK done\r\n`
    if (verb === 'ID') return `* ID NIL\r\n${tag} OK\r\n`
    return undefined
  },
})

const plain = (name: string, password: string) =>
  Buffer.from(`\0${name}\0${password}`).toString('base64')

describe('a login by IMAP', () => {
  it('hands on the session, its capabilities and what came behind them', async () => {
    const { answer, source } = await open(
      imap('TAG OK [CAPABILITY IMAP4rev1 IDLE] in\r\n* 3 EXISTS'),
    )
    const got = await answer()
    expect(got).toMatchObject({ kind: 'in', passage: { words: 'IMAP4rev1 IDLE' } })
    expect(got.kind === 'in' && String(got.passage?.first)).toBe('* 3 EXISTS\r\n')
    expect(source.heard).toEqual([`f1 AUTHENTICATE PLAIN ${plain('ann@ours.test', 'secret word')}`])
  })

  it('asks for capabilities that nobody told, and withholds UNAUTHENTICATE', async () => {
    const { answer } = await open(imap('TAG OK in'))
    expect(await answer()).toMatchObject({
      passage: { words: 'IMAP4rev1 SASL-IR AUTH=PLAIN IDLE' },
    })
  })

  it('says who comes, where the server knows ID', async () => {
    const { answer, source } = await open(imap('TAG OK in', `${caps} ID`))
    await answer()
    expect(source.heard[0]).toBe('f1 ID ("x-originating-ip" "192.0.2.7")')
  })

  it('says name and password as literals where there is no SASL', async () => {
    const { answer, source } = await open(
      {
        greeting: '* OK [CAPABILITY IMAP4rev1] ready\r\n',
        answer: (line) => {
          if (line.startsWith('f1 LOGIN {13}')) return '+ go\r\n'
          if (line.endsWith(' {8}')) return '+ go\r\n'
          if (line === 'wo"rd \\x') return 'f1 OK [CAPABILITY IMAP4rev1] in\r\n'
          return 'f1 BAD\r\n'
        },
      },
      { password: 'wo"rd \\x' },
    )
    expect(await answer()).toMatchObject({ kind: 'in' })
    expect(source.heard).toEqual(['f1 LOGIN {13}', 'ann@ours.test {8}', 'wo"rd \\x'])
  })

  it.each(['TAG NO [AUTHENTICATIONFAILED] no', 'TAG NO no', 'TAG NO [EXPIRED] too old'])(
    'is wrong at %s',
    async (words) => {
      const { answer } = await open(imap(words))
      expect(await answer()).toEqual({ kind: 'refused' })
    },
  )

  it.each([
    ['an answer that is about something else', imap('TAG NO [UNAVAILABLE] later')],
    ['another one', imap('TAG NO [LIMIT] too many')],
    ['BAD', imap('TAG BAD what')],
    ['BYE', imap('* BYE gone')],
    ['a server that takes no passwords', imap('', 'IMAP4rev1 LOGINDISABLED')],
    ['a continuation without end', imap('+ go on\r\n+ go on\r\nTAG BAD')],
    ['a greeting that is none', { greeting: 'SSH-2.0\r\n', answer: () => undefined }],
    [
      'a session that somebody is logged in to',
      { greeting: '* PREAUTH\r\n', answer: () => undefined },
    ],
    ['a server that closes', { greeting: CLOSE, answer: () => undefined }],
    ['a server that closes later', imap(`* OK${CLOSE}`)],
    ['a flood', { greeting: 'x'.repeat(SOURCE_WORDS_BYTES_MAX + 1), answer: () => undefined }],
  ] as const)('is not judged by %s', async (_, script) => {
    const { asked, source } = await open(script)
    await expect(asked).rejects.toBeInstanceOf(TemporaryFailure)
    await expect.poll(() => source.sockets.size).toBe(0)
  })

  it('takes all that may be said before it', async () => {
    const lines = '* OK hm\r\n'.repeat(1_000)
    const { answer } = await open({
      ...imap('TAG OK in'),
      greeting: `${imap('').greeting}${lines}`,
    })
    expect(await answer()).toMatchObject({ kind: 'in' })
  })

  it('is not judged by a server that hangs', async () => {
    const { asked, clock, source } = await open({ greeting: '', answer: () => undefined })
    await expect.poll(() => source.connections).toBe(1)
    clock.advance(SOURCE_LOGIN_MS - 1)
    await expect(Promise.race([asked, Promise.resolve('waits')])).resolves.toBe('waits')
    clock.advance(1)
    await expect(asked).rejects.toThrow('does not answer in time')
    await expect.poll(() => source.sockets.size).toBe(0)
  })

  it('is made by the master user where there is one', async () => {
    const login = {
      kind: 'master',
      names: 'local-part',
      user: 'front',
      separator: '*',
      password: 'm',
    } as const
    const { answer, source } = await open(imap('TAG OK in'), { login })
    expect(await answer()).toMatchObject({ kind: 'in' })
    expect(source.heard[0]).toBe(`f1 AUTHENTICATE PLAIN ${plain('ann*front', 'm')}`)
    const refusing = await open(imap('TAG NO no'), { login })
    await expect(refusing.asked).rejects.toThrow('refuses its master user')
  })
})

const pop3 = (answers: { readonly [verb: string]: string }): SourceScript => ({
  greeting: '+OK ready\r\n',
  answer: (line) => `${answers[line.split(' ')[0] ?? ''] ?? '-ERR what'}\r\n`,
})

describe('a login by POP3', () => {
  it.each([
    [
      'SASL',
      {
        CAPA: '+OK\r\nSASL PLAIN LOGIN\r\n.',
        AUTH: '+ ',
        [plain('ann@ours.test', 'secret word')]: '+OK in',
      },
    ],
    ['PASS', { USER: '+OK', PASS: '+OK in' }],
  ] as const)('is made by %s', async (_, answers) => {
    const { answer } = await open(pop3(answers), { service: 'pop3' })
    expect(await answer()).toMatchObject({ kind: 'in', passage: { words: 'in' } })
  })

  it.each(['-ERR [AUTH] no', '-ERR no', '-ERR'])('is wrong at %s', async (words) => {
    const { answer } = await open(pop3({ USER: '+OK', PASS: words }), { service: 'pop3' })
    expect(await answer()).toEqual({ kind: 'refused' })
  })

  it.each(['-ERR [SYS/TEMP] later', '-ERR [IN-USE] locked', '-ERR [LOGIN-DELAY] wait', 'what'])(
    'is not judged by %s',
    async (words) => {
      const { asked } = await open(pop3({ USER: '+OK', PASS: words }), { service: 'pop3' })
      await expect(asked).rejects.toBeInstanceOf(TemporaryFailure)
    },
  )

  it('says no password that would be a command', async () => {
    const { answer, source } = await open(pop3({ USER: '+OK', PASS: '+OK' }), {
      service: 'pop3',
      password: 'x\r\nDELE 1',
    })
    expect(await answer()).toEqual({ kind: 'refused' })
    expect(source.heard).toEqual(['CAPA'])
  })
})

const sieve = (words: string): SourceScript => ({
  greeting: '"SIEVE" "fileinto"\r\n"NOTE" {3}\r\nOK \r\nOK "ready"\r\n',
  answer: (line) => (line.startsWith('AUTHENTICATE') ? undefined : `${words}\r\n`),
})

describe('a login by ManageSieve', () => {
  it('is good, wrong or not judged', async () => {
    const service = 'managesieve'
    expect(await (await open(sieve('OK "in"'), { service })).answer()).toMatchObject({ kind: 'in' })
    expect(await (await open(sieve('NO {2}\r\nno'), { service })).answer()).toEqual({
      kind: 'refused',
    })
    for (const words of ['NO (TRYLATER) "later"', 'BYE "gone"']) {
      const { asked } = await open(sieve(words), { service })
      await expect(asked).rejects.toBeInstanceOf(TemporaryFailure)
    }
  })
})

const smtp = (words: string): SourceScript => ({
  greeting: '220-old\r\n220 ready\r\n',
  answer: (line) => (line.startsWith('AUTH') ? `${words}\r\n` : '250-old\r\n250 AUTH PLAIN\r\n'),
})

describe('a login to send', () => {
  it('is good, wrong or not judged, and the session is over', async () => {
    const service = 'smtp'
    const good = await open(smtp('235 2.7.0 in'), { service })
    expect(await good.answer()).toEqual({ kind: 'in', passage: undefined })
    await expect.poll(() => good.source.sockets.size).toBe(0)
    expect(await (await open(smtp('535 5.7.8 no'), { service })).answer()).toEqual({
      kind: 'refused',
    })
    for (const words of ['454 4.7.0 later', '534 5.7.9 another way', '421 gone']) {
      const { asked } = await open(smtp(words), { service })
      await expect(asked).rejects.toBeInstanceOf(TemporaryFailure)
    }
  })

  it('is checked by IMAP where the source has nothing else', async () => {
    const { answer, source } = await open(imap('TAG OK in'), { service: 'smtp', endpoint: 'imap' })
    expect(await answer()).toEqual({ kind: 'in', passage: undefined })
    await expect.poll(() => source.sockets.size).toBe(0)
  })
})

it('a service that the source does not have is no wrong password', async () => {
  const { asked } = await open(imap('TAG OK in'), { service: 'pop3', endpoint: 'imap' })
  await expect(asked).rejects.toThrow('source old has no pop3')
})
