// What goes wrong with a machine some day, and what a person is told of it: a full disk, a folder that became read-only, a certificate that runs
// out, on a server that goes on meanwhile; and a clock that jumps.

import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { statfs, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Finding } from '#services/doctor/finding.ts'
import { clockAheadMs } from '#services/doctor/network-time.ts'
import { checkClock } from '#services/doctor/surroundings.ts'
import type { Overview } from '#shared/administration/overview.ts'
import { isFresh } from '#shared/administration/rights/allowed.ts'
import { eventually, firstAccounts, takeMail } from '#test/support/accounts.ts'
import { createAuthority } from '#test/support/certificate-authority.ts'
import { commandLine } from '#test/support/command-line.ts'
import { startDnsServer } from '#test/support/dns-server.ts'
import { must } from '#test/support/must.ts'
import { createPipeline } from '#test/support/pipeline.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { smallDisk } from '#test/support/small-disk.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const run = promisify(execFile)

const MIB = 1024 * 1024
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const HOST = 'mx.example.test'
/** What is kept free: queueMinfree. */
const RESERVE = 4 * MIB
/** Clients that a full disk, or none to write to, sends away. */
const CLIENTS = 30

describe('a machine', () => {
  const resources = new AsyncDisposableStack()
  const authority = createAuthority()
  let disk: Awaited<ReturnType<typeof smallDisk>>
  let path: string
  let data: string
  let settings: readonly string[]
  let server: ServerProcess
  let token: string
  let show: (names: readonly string[], days: number) => Promise<void>

  beforeAll(async () => {
    disk = await smallDisk(40)
    path = resources.use('reason' in disk ? await temporaryFolder() : disk).path
    data = join(path, 'data')
    const folder = resources.use(await temporaryFolder()).path
    const [certificateFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    show = async (names, days) => {
      const notAfter = new Date(Date.now() + (days + 0.5) * DAY_MS)
      const { cert, key } = authority.issue(names, { notBefore: new Date(0), notAfter })
      await writeFile(keyFile, key)
      await writeFile(certificateFile, cert)
    }
    await show(['other.test'], 5)
    const dns = resources.use(await startDnsServer({}))
    settings = [
      `hostname=${HOST}`,
      'messageSizeLimit=2MiB',
      `queueMinfree=${RESERVE}`,
      `dnsServers=${dns.address}`,
      `tls.certificateFile=${certificateFile}`,
      `tls.keyFile=${keyFile}`,
    ]
    server = await startServer(data, await freePorts(), settings)
    resources.defer(async () => void (await server.end('SIGTERM')))
    await command('role', 'set', 'alice@example.test', 'owner')
    const words = ['alice@example.test', '--name', 'test', '--json']
    token = JSON.parse((await command('token', 'add', ...words)).stdout).token
  }, 60_000)
  afterAll(() => resources.disposeAsync())

  const command = (...words: readonly string[]) =>
    commandLine([...words, '--data', data, ...settings.flatMap((one) => ['--set', one])])

  async function api(path: string): Promise<Response> {
    const headers = { authorization: `Bearer ${token}` }
    const response = await fetch(`http://127.0.0.1:${server.ports.http}${path}`, { headers })
    expect(response.status).toBe(200)
    return response
  }

  /** What the console's first page says of one thing. */
  async function overview(about: string): Promise<readonly string[]> {
    const { findings } = (await (await api('/api/v1/overview')).json()) as Overview
    return findings
      .filter(({ kind }) => kind.startsWith(about))
      .map(({ look, kind, text }) => `${look} ${kind}: ${text}`)
  }

  async function doctor(check: string): Promise<readonly string[]> {
    // Nobody may be asked there, which is told at once.
    const { stdout } = await command('doctor', '--json', '--time-server', '255.255.255.255')
    return (JSON.parse(stdout) as readonly Finding[])
      .filter((one) => one.check === check)
      .map(({ state, of, found, next = '' }) => `${state} ${of}: ${found}; ${next}`)
  }

  const lines = (message: string) =>
    server
      .output()
      .split('\n')
      .filter((line) => line.includes(`"message":"${message}"`))

  /** The answer to the last step that was taken. */
  async function send(subject: string, bytes = 100): Promise<string> {
    await using client = await SmtpClient.open(server.ports.smtp)
    await client.hello()
    const taken = await client.envelope('ann@example.org', firstAccounts(server).alice.address)
    if (taken.code !== 250) return taken.text
    const body = `${'x'.repeat(70)}\r\n`.repeat(Math.ceil(bytes / 72))
    return (await client.data(`Subject: ${subject}\r\n\r\n${body}`)).text
  }

  /** The disk is asked once a second. */
  const comesTo = (code: number) =>
    eventually(`MAIL is answered with ${code}`, async () => {
      await using client = await SmtpClient.open(server.ports.smtp)
      await client.hello()
      return (await client.command('MAIL FROM:<ann@example.org>')).code === code
    })

  async function subjects(count: number): Promise<readonly string[]> {
    const mail = await takeMail(server, firstAccounts(server).alice, count)
    return mail.map((text) => /^Subject: (.*)\r$/m.exec(text)?.[1] ?? '')
  }

  it('tells of a certificate that expires soon, and is not for it', async () => {
    expect(await overview('certificate')).toEqual([
      `bad certificate-name: the certificate is not for ${HOST} (hostname), but for DNS:other.test`,
      'warn certificate-expires: the certificate runs out in 5 days',
    ])
    expect(await doctor('certificate')).toEqual([
      'warn dates: expires in 5 days; see why it was not renewed',
      expect.stringMatching(`^bad ${HOST}: does not have this name, but DNS:other.test; get one`),
      expect.stringMatching(/^bad chain: /),
    ])
    expect((await command('status')).stdout).toMatch(
      /^certificate +DNS:other\.test, expires .*, in 5 days, and is not for mx\.example\.test/m,
    )
    expect(lines('clients may refuse the certificate')).toEqual([
      expect.stringMatching(/"reason":"it expires on /),
      expect.stringMatching(/"reason":"it is not for mx\.example\.test \(hostname\), but for/),
    ])
    const expires = await expiresSeconds()
    expect(Math.round((expires * 1_000 - Date.now()) / (DAY_MS / 2))).toBe(11)
  })

  it('tells of one that has expired, and of none any more when there is a new one', async () => {
    await show([HOST], -3)
    server.hangUp()
    await eventually('the log tells', () =>
      lines('clients may refuse the certificate').some((line) => line.includes('it expired on')),
    )
    expect(await overview('certificate')).toEqual([
      'bad certificate-expired: the certificate ran out 3 days ago: clients refuse it',
    ])
    expect(await doctor('certificate')).toContainEqual(
      expect.stringMatching(/^bad dates: has expired on .*; see why it was not renewed$/),
    )
    expect((await command('status')).stdout).toMatch(/^certificate .* has expired on /m)
    expect((await expiresSeconds()) * 1_000).toBeLessThan(Date.now())

    await show([HOST], 60)
    server.hangUp()
    await eventually('it is shown', async () => (await expiresSeconds()) * 1_000 > Date.now())
    expect(await overview('certificate')).toEqual([])
  })

  const expiresSeconds = async () =>
    Number(
      /^postwolke_certificate_expires_seconds (\d+)$/m.exec(
        await (await api('/metrics')).text(),
      )?.[1],
    )

  it('[rights] tells of a full disk, loses nothing and goes on when there is room', async ({
    skip,
  }) => {
    if ('reason' in disk) return skip(disk.reason)
    expect(await send('before')).toMatch(/^250 /)
    const { bavail, bsize } = await statfs(path)
    await writeFile(join(path, 'filler'), Buffer.alloc(bavail * bsize - RESERVE / 2))
    await comesTo(452)
    // To the last byte.
    await writeFile(join(path, 'rest'), Buffer.alloc(RESERVE)).catch(() => undefined)
    for (let n = 0; n < CLIENTS; n++) expect(await send('full')).toMatch(/^452 4\.3\.1 /)
    expect(await overview('disk')).toEqual([
      "bad disk-full: the disk of the data folder is full (0 % left): no mail is taken until there is room; 'postwolke storage collect --now' makes some",
    ])
    expect(await doctor('disk')).toEqual([
      'bad : 0 % free, less than what is kept free (queueMinfree): no mail is taken; make room: no mail is taken when it is full; postwolke storage collect --now',
    ])
    expect((await command('status')).stdout).toMatch(/^disk +0 B free of 40\.0 MB$/m)
    expect(lines('disk full')).toEqual([
      expect.stringMatching(/"level":"error".*"freeBytes":\d+,"reserveBytes":4194304/),
    ])
    expect(lines('commit failed')).toEqual([])

    await unlink(join(path, 'filler'))
    await unlink(join(path, 'rest'))
    await comesTo(250)
    expect(await send('after')).toMatch(/^250 /)
    expect(await subjects(2)).toEqual(['before', 'after'])
    expect(await overview('disk')).toEqual([])
  })

  it('[rights] tells of a folder that became read-only, and goes on when it is not any more', async ({
    skip,
  }) => {
    if ('reason' in disk) return skip(disk.reason)
    expect(await send('before', MIB)).toMatch(/^250 /)
    // What is open goes on, as on no disk that failed: it cannot be made to fail here. Its names lead to what cannot be written to.
    await run('mount', ['--bind', data, data])
    try {
      await run('mount', ['-o', 'remount,bind,ro', data])
      await comesTo(452)
      for (let n = 0; n < CLIENTS; n++) expect(await send('read-only')).toMatch(/^452 4\.3\.1 /)
      expect(await overview('disk')).toEqual([
        'bad disk-read-only: the data folder cannot be written to, so no mail is taken: its rights were changed, or its disk fails, of which the log of the kernel tells (dmesg)',
      ])
      expect(lines('data folder cannot be written to')).toHaveLength(1)
      for (const words of [['status'], ['doctor'], ['serve'], ['domain', 'add', 'new.test']]) {
        expect(await command(...words)).toEqual({ code: 69, stdout: '', stderr: readOnly() })
      }
    } finally {
      await run('umount', [data])
    }
    await comesTo(250)
    expect(await send('after', MIB)).toMatch(/^250 /)
    expect(await subjects(2)).toEqual(['before', 'after'])
    expect(await overview('disk')).toEqual([])
  })

  const readOnly = () =>
    `postwolke: cannot use the data folder ${data}: the file system is read-only; the log of the kernel says why (dmesg), often a disk that fails\n`
})

describe('a clock that jumps', () => {
  const text = 'Subject: later\r\n\r\nx\r\n'

  async function opened() {
    let nowMs = Date.UTC(2026, 0, 1)
    const clock = { now: () => nowMs, sleep: async () => {} }
    const { store, close } = await openEmbedded({ clock })
    onTestFinished(close)
    const tries: string[] = []
    const pipeline = createPipeline(store, clock, {
      async deliverRemote(_message, _route, recipients) {
        tries.push(new Date(nowMs).toISOString().slice(5, 16))
        return recipients.map(() => ({ kind: 'deferred', status: '4.4.1', reply: 'nobody there' }))
      },
    })
    const { backend } = pipeline
    const account = await pipeline.addAccount('ann@example.test')
    const from = { address: '192.0.2.1', client: 'browser' }
    const signIn = () => backend.webSessions.begin(account, ['password'], from)
    const expiresMs = nowMs + 2 * HOUR_MS
    const added = await backend.tokens.add({
      ...{ accountId: account.id, name: 't', scopes: ['self.read'], expiresMs },
      roleEpoch: account.roleEpoch,
    })
    if (added.kind !== 'ok') throw new Error(added.kind)
    return {
      ...{ store, pipeline, backend, tries, clock, signIn },
      jump: (ms: number) => void (nowMs += ms),
      isTokenGood: async () =>
        (await backend.identities.ofToken(added.text, '192.0.2.1')) !== undefined,
      actorOf: async (cookie: string) => (await backend.identities.ofCookie(cookie))?.actor,
      async sweep() {
        await pipeline.workers.sweeper.ringDue()
        await pipeline.settle()
      },
    }
  }

  it('an hour back: what waits does so until its time, and who is signed in stays it', async () => {
    const world = await opened()
    const { cookie } = await world.signIn()
    await world.pipeline.accept(text, ['x@one.test'])
    await world.pipeline.settle()
    world.jump(-HOUR_MS)
    expect(await world.isTokenGood()).toBe(true)
    const actor = must(await world.actorOf(cookie))
    // Of a time to come: proved, but not just now.
    expect(isFresh(actor, world.clock.now())).toBe(false)
    const again = must(await world.actorOf((await world.signIn()).cookie))
    expect(isFresh(again, world.clock.now())).toBe(true)
    await world.sweep()
    expect(world.tries).toEqual(['01-01T00:00'])
    world.jump(HOUR_MS + 10 * 60_000)
    await world.sweep()
    expect(world.tries).toEqual(['01-01T00:00', '01-01T00:10'])
    expect((await world.backend.operator.count()).waiting).toBe(1)
  })

  it('a day ahead: what waits is tried at once, what a time was given to has had it, and nothing is given up', async () => {
    const world = await opened()
    const { counters } = world.store.tables
    const { cookie } = await world.signIn()
    await counters.write({
      put: { pk: 'kept', sk: 'x', ttl: Math.ceil((world.clock.now() + HOUR_MS) / 1_000) },
    })
    await world.pipeline.accept(text, ['x@one.test'])
    await world.pipeline.settle()
    world.jump(DAY_MS)
    await world.sweep()
    expect(world.tries).toEqual(['01-01T00:00', '01-02T00:00'])
    expect((await world.backend.operator.count()).waiting).toBe(1)
    expect(await world.isTokenGood()).toBe(false)
    expect(await world.actorOf(cookie)).toBeUndefined()
    await world.store.purgeExpired(100)
    expect(await counters.get({ pk: 'kept', sk: 'x' })).toBeUndefined()

    // And when it is put right again: the last attempt is a day ahead, and so is the next one. An operator need not wait for it.
    world.jump(-DAY_MS)
    expect(await world.isTokenGood()).toBe(true)
    await world.sweep()
    expect(world.tries).toHaveLength(2)
  })

  it('a day ahead: who has died with a group in hand holds it no longer', async () => {
    const world = await opened()
    const queueId = await world.pipeline.accept(text, ['x@one.test'])
    await world.pipeline.workers.cleanup.handle([
      { id: 'c', body: queueId, receipt: 'c', receives: 1 },
    ])
    expect(await world.backend.queue.take(queueId, 'one.test/0')).toBeDefined()
    world.jump(-HOUR_MS)
    await world.sweep()
    expect(world.tries).toEqual([])
    world.jump(DAY_MS)
    await world.sweep()
    expect(world.tries).toEqual(['01-01T23:00'])
  })

  it('is told by the doctor, who asks another one over NTP', async () => {
    const server = createSocket('udp4')
    onTestFinished(() => void server.close())
    server.on('message', (question, { port, address }) => {
      const answer = Buffer.alloc(48)
      answer[1] = 2
      question.copy(answer, 24, 40, 48)
      // Seconds, and of the next one as many parts of 2³² (RFC 5905 §6).
      const seconds = Date.now() / 1_000
      answer.writeUInt32BE(Math.floor(seconds) + 2_208_988_800, 40)
      answer.writeUInt32BE(Math.floor((seconds % 1) * 2 ** 32), 44)
      server.send(answer, port, address)
    })
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
    const { port } = server.address()
    const told = (byMs: number) =>
      checkClock({
        clockAheadMs: () =>
          clockAheadMs(
            { host: '127.0.0.1', port },
            { now: () => Date.now() + byMs, timeoutMs: 5_000 },
          ),
      })
    const next = 'let chrony or systemd-timesyncd keep it'
    expect(await told(-HOUR_MS)).toMatchObject([
      { state: 'bad', found: expect.stringMatching(/^3(599|600)\.\d s behind$/), next },
    ])
    expect(await told(DAY_MS)).toMatchObject([
      { state: 'bad', found: expect.stringMatching(/^86(399|400)\.\d s ahead$/), next },
    ])
  })
})
