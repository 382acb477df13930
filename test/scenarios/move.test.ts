// A mail system moves from a data folder to AWS and on to another data folder, under load each time: mail comes in, flags, folders and
// messages change, movers are killed. At the end every folder is what it was, to the digest, and each message that was accepted is
// there once.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createBackend } from '#services/assembly/backend.ts'
import { openFolderSide } from '#services/one-machine/move-side.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { createMessageOpener } from '#shared/message/message-opener.ts'
import { type MoveParts, passOnce, switchOver } from '#shared/moving/replication/move.ts'
import type { Side } from '#shared/moving/replication/side.ts'
import { isEqual, verify } from '#shared/moving/replication/verify.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { loadSettings } from '#shared/settings/load.ts'
import type { Store } from '#shared/storage/ports.ts'
import {
  createTestAws,
  hasDynamoDb,
  type TestAws,
} from '#test/support/emulators/open-test-aws-store.ts'
import { randomFaults } from '#test/support/faults/plan.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { awsSide, hurriedClock, moveParts } from '#test/support/moving.ts'
import { createPipeline } from '#test/support/pipeline.ts'
import { seededRandom } from '#test/support/seed.ts'
import { freePorts, runCommand, startServer } from '#test/support/server-process.ts'
import { messageBody, sendLoad } from '#test/support/smtp-load.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const cli = fileURLToPath(new URL('../../services/cli/postwolke.mjs', import.meta.url))

const users = ['u1', 'u2', 'u3'].map((name) => `${name}@example.test`)
const reader = 'ann@example.test'
const kills = 3

describe.skipIf(!(await hasDynamoDb()))('a move', () => {
  it('takes everything from a folder to AWS and on to a folder, while it serves', async () => {
    await using folder = await temporaryFolder()
    const old = join(folder.path, 'old')
    const young = join(folder.path, 'new')
    const aws = await createTestAws()
    if (aws === undefined) throw new Error('this needs DynamoDB Local')
    const accepted = new Journal()

    // ---- from a folder to AWS
    await makeAccounts(old)
    const outputs = join(folder.path, 'cdk-outputs.json')
    await writeFile(outputs, outputsOf(aws))
    const server = await startServer(old, await freePorts(), ['disablePlaintextAuth=false'])
    await using _server = server
    const load = loadServer(server.ports, accepted)
    await load.begun
    const words = ['--from', old, '--to', outputs]
    const environment = endpointsOf(aws)
    const begun = await postwolke(['move', 'start', ...words], environment)
    expect(begun).toMatchObject({ code: 0, stdout: expect.stringContaining('does not move:') })
    // Whatever a server writes has a row.
    expect(begun.stdout).not.toContain('does not know')
    const moments = seededRandom('kills of a mover')
    for (let kill = 0; kill < kills; kill++) {
      await killedMover(['move', 'pass', ...words], environment, 300 + moments() * 1_500)
    }
    expect(await postwolke(['domain', 'list', '--aws', outputs], environment)).toMatchObject({
      code: 69,
      stderr: expect.stringContaining('is being filled from the data folder'),
    })
    const store = await aws.open()
    await using _store = store
    {
      await using side = await openFolderSide({ directory: old, settings, clock: hurriedClock() })
      const target = awsSide(aws, store)
      const last = createPipeline(side.store, systemClock)
      /** What a server took in its last moment, and has not delivered: for a user, and for an operator to look at. */
      async function alone(tell: (what: string) => void): Promise<AsyncDisposable> {
        if (side.alone === undefined) throw new Error('a folder can be locked')
        const lock = await side.alone(tell)
        for (const token of ['undelivered', 'held']) {
          const recipients = users.slice(0, 2)
          const queueId = await last.accept(`Subject: ${token}\r\n\r\n`, recipients)
          if (token === 'held')
            expect(await last.backend.operator.hold(queueId, 'to be looked at')).toBe(true)
          else accepted.add({ token, recipients })
        }
        return lock
      }
      await using parts = await moving({ ...side, alone }, target, async (what) => {
        if (!what.startsWith('stop the server')) return
        load.stop()
        expect(await server.end('SIGTERM')).toBe(0)
      })
      expect(await passOnce(parts, { begin: false })).toMatchObject({ kind: 'passed' })
      const switched = await switchOver(parts)
      expect(switched).toMatchObject({ kind: 'switched' })
      await load.ended
      const proof = await verify(parts, { bytes: true })
      expect(proof.folders.different).toEqual([])
      expect(isEqual(proof)).toBe(true)
      expect(proof.folders.count).toBeGreaterThan(users.length)
      // Not by the comparison that is to be trusted: as readers see it.
      expect(await readersView(store)).toEqual(await readersView(side.store))
    }
    expect(accepted.size).toBeGreaterThan(30)
    const refused = await runCommand(old, ['domain', 'list'])
    expect(refused).toMatchObject({ code: 69 })
    expect(refused.stderr).toContain('was moved to the deployment')
    await expect(startServer(old, server.ports)).rejects.toThrow(/was moved to/)

    // ---- from AWS to another folder
    const clock = hurriedClock()
    const pipeline = createPipeline(store, systemClock)
    const onAws = loadStore(pipeline, accepted)
    await onAws.begun
    {
      const side = awsSide(aws, store)
      await using target = await openFolderSide({ directory: young, settings, clock })
      await using parts = await moving(side, target, async () => await onAws.stop())
      const first = await passOnce({ ...parts, clock }, { begin: true })
      if (first.kind !== 'passed') throw new Error(first.kind)
      expect(first.report.readUnits.source).toBeGreaterThan(0)
      expect(await passOnce({ ...parts, clock }, { begin: false })).toMatchObject({
        kind: 'passed',
      })
      // What heeds the mark in a deployment are its entries (test/unit/services/aws/standing.test.ts).
      const told: string[] = []
      const switched = await switchOver({
        ...parts,
        clock,
        tell(what) {
          told.push(what)
          void onAws.stop()
        },
      })
      expect(switched).toMatchObject({ kind: 'switched' })
      expect(told).toContain('the source comes to its end')
      await onAws.ended
      expect(isEqual(await verify(parts, { bytes: true }))).toBe(true)
      expect(await readersView(target.store)).toEqual(await readersView(store))
    }
    // The sweeper finds what has no bell here.
    await using last = await startServer(young, await freePorts(), ['disablePlaintextAuth=false'])
    for (let i = 0; i < 300 && (await queued(young)).length > 1; i++) await systemClock.sleep(100)
    expect(await queued(young)).toMatchObject([{ state: 'hold' }])
    const client = await ImapClient.login(last.ports.imap, reader)
    await client.ok('SELECT INBOX')
    client.close()
    expect(await last.end('SIGTERM')).toBe(0)
    expect((await runCommand(young, ['check'])).stdout).toBe('everything fits\n')
    await using end = await openFolderSide({ directory: young, settings, clock: systemClock })
    expect(await accepted.wrongIn(end.store)).toEqual([])
  }, 400_000)

  it('bears failures and deaths at any call to AWS', async () => {
    await using folder = await temporaryFolder()
    const aws = await createTestAws()
    if (aws === undefined) throw new Error('this needs DynamoDB Local')
    const clock = hurriedClock()
    await using side = await openFolderSide({ directory: folder.path, settings, clock })
    const pipeline = createPipeline(side.store, systemClock)
    await pipeline.addAccount(reader)
    await using store = await aws.open()
    const random = seededRandom('failures of AWS')
    const plan = randomFaults(random, { throttled: 0.05, unanswered: 0.05 })
    for (let round = 0; round < 8; round++) {
      await pipeline.accept(`Subject: ${round}\r\n\r\n${'v'.repeat(40_000 * round)}\r\n`, [reader])
      await pipeline.settle()
      // Every second command dies somewhere.
      const crashPoint = { call: 5 + Math.floor(random() * 25), effect: 'done' } as const
      const faulty = withFaults(store, { plan, random, ...(round % 2 === 0 && { crashPoint }) })
      await using parts = await moveParts(
        side,
        { ...awsSide(aws, store), store: faulty },
        { clock },
      )
      await passOnce(parts, { begin: true }).catch((error: Error) => {
        if (!faulty.crashed && !error.message.includes('injected')) throw error
      })
    }
    await using parts = await moveParts(side, awsSide(aws, store), { clock })
    expect(await switchOver(parts)).toMatchObject({ kind: 'switched' })
    expect(isEqual(await verify(parts, { bytes: true }))).toBe(true)
    expect(await readersView(store)).toEqual(await readersView(side.store))
  }, 120_000)
})

const loaded = loadSettings({ environment: {}, overrides: [] })
if (loaded.kind !== 'ok') throw new Error('settings')
const { settings } = loaded

/** Tells once of each thing. */
async function moving(
  source: Side,
  target: Side,
  when: (what: string) => Promise<void>,
): Promise<MoveParts & AsyncDisposable> {
  const told = new Set<string>()
  return await moveParts(source, target, {
    tell(what) {
      if (told.has(what)) return
      told.add(what)
      void when(what)
    },
  })
}

async function makeAccounts(directory: string): Promise<void> {
  for (const words of [
    ['domain', 'add', 'example.test'],
    ...[reader, ...users].map((user) => ['account', 'add', user, '--password-stdin']),
  ]) {
    const ended = await runCommand(directory, words, 'secretword')
    if (ended.code !== 0) throw new Error(ended.stderr)
  }
}

const queued = async (directory: string) =>
  JSON.parse((await runCommand(directory, ['queue', 'list', '--json'])).stdout)

/** Which messages somebody was told are taken, and for whom. */
class Journal {
  readonly #accepted: { readonly token: string; readonly recipients: readonly string[] }[] = []

  get size(): number {
    return this.#accepted.length
  }

  add(message: { readonly token: string; readonly recipients: readonly string[] }): void {
    this.#accepted.push(message)
  }

  /** Those that are not there exactly once. */
  async wrongIn(store: Store): Promise<readonly string[]> {
    const wrong: string[] = []
    for (const user of users) {
      const found = await tokensOf(store, user)
      for (const { token, recipients } of this.#accepted) {
        if (recipients.includes(user) && found.get(token) !== 1) {
          wrong.push(`${token} of ${user}: ${found.get(token) ?? 0}`)
        }
      }
      for (const [token, count] of found) if (count > 1) wrong.push(`${token} twice`)
    }
    return wrong
  }
}

const backendOn = (store: Store) =>
  createBackend({ store, settings, clock: systemClock, log: silentLog })

async function tokensOf(store: Store, user: string): Promise<ReadonlyMap<string, number>> {
  const { directory, mailbox } = backendOn(store)
  const address = parseAddress(user)
  const account = address && (await directory.accounts.get(address))
  if (account === undefined) throw new Error(user)
  const opener = createMessageOpener({ blob: mailbox.blob, objects: store.objects })
  const found = new Map<string, number>()
  const { messages } = await mailbox.snapshot(await mailbox.inbox(account.id))
  for (const message of messages) {
    const open = await opener.open(message)
    if (open === undefined) throw new Error(`no blob for ${message.uid}`)
    const bytes = Buffer.concat(await Array.fromAsync(open.stream()))
    if (bytes.length !== message.size) throw new Error(`size of ${message.uid}`)
    const token = /^Subject: (\S+)\r$/m.exec(bytes.toString('latin1'))?.[1] ?? 'none'
    found.set(token, (found.get(token) ?? 0) + 1)
  }
  return found
}

/** Folders by path, with all that IMAP says of them and of their messages. */
async function readersView(store: Store): Promise<ReadonlyMap<string, unknown>> {
  const { directory, mailbox } = backendOn(store)
  const view = new Map<string, unknown>()
  for await (const account of directory.accounts.list()) {
    const tree = await mailbox.folders.tree(account.id as AccountId)
    for (const folder of tree.folders) {
      const { messages } = await mailbox.snapshot(folder)
      // A set, which has no order.
      const keywords = [...folder.keywords].sort()
      const path = `${account.id} ${tree.pathOf(folder)}`
      view.set(path, { folder: { ...folder, keywords }, messages: [...messages] })
    }
  }
  return view
}

/** SMTP comes in, and a reader changes flags, expunges, copies and renames. */
function loadServer(ports: { readonly smtp: number; readonly imap: number }, accepted: Journal) {
  let stopped = false
  let n = 0
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const senders = Array.from({ length: 2 }, (_, connection) =>
    sendLoad({
      port: ports.smtp,
      next() {
        if (stopped) return undefined
        const token = `move-${connection}-${n++}`
        const recipients = [users[n % 3] ?? '', ...(n % 4 === 0 ? [users[(n + 1) % 3] ?? ''] : [])]
        return {
          message: { token, recipients },
          body: messageBody(token, n % 5 === 0 ? 150_000 : 2_000),
        }
      },
      accepted(message) {
        accepted.add(message)
        begin()
      },
    }),
  )
  const reading = readAndChange(ports.imap, () => stopped)
  return {
    begun,
    stop: () => {
      stopped = true
    },
    ended: Promise.all([...senders, reading]),
  }
}

/** Until the server goes. */
async function readAndChange(port: number, isStopped: () => boolean): Promise<void> {
  const random = seededRandom('a reader')
  const client = await ImapClient.login(port, reader)
  try {
    await client.ok('CREATE a')
    await client.ok('CREATE a/deep')
    await client.ok('SUBSCRIBE a/deep')
    await client.ok('SETMETADATA a (/private/comment "of mine")')
    await client.ok('SELECT INBOX')
    for (let n = 0; !isStopped(); n++) {
      await client.append('INBOX', `Subject: own-${n}\r\n\r\n${'z'.repeat(random() * 90_000)}`)
      await client.ok('NOOP')
      await client.ok(`STORE * +FLAGS (\\Flagged $Label${Math.floor(random() * 5)})`)
      if (random() < 0.4) await client.ok(`COPY * ${n % 2 === 0 ? 'a' : 'b'}`)
      if (random() < 0.4) {
        await client.ok('STORE 1 +FLAGS (\\Deleted)')
        await client.ok('EXPUNGE')
      }
      await client.ok(n % 2 === 0 ? 'RENAME a b' : 'RENAME b a')
      await systemClock.sleep(20)
    }
    await client.ok('LOGOUT')
  } catch (error) {
    // The server went in the middle of something.
    if (!isStopped()) throw error
  } finally {
    client.close()
  }
}

/** The same on a store without listeners. */
function loadStore(pipeline: ReturnType<typeof createPipeline>, accepted: Journal) {
  let stopped = false
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  async function run(): Promise<void> {
    for (let n = 0; !stopped; n++) {
      const token = `aws-${n}`
      const recipients = [users[n % 3] ?? '']
      const body = n % 3 === 0 ? 'w'.repeat(100_000) : ''
      await pipeline.accept(`Subject: ${token}\r\n\r\n${body}\r\n`, recipients)
      accepted.add({ token, recipients })
      if (n % 3 === 2) await pipeline.settle()
      begin()
    }
    const recipients = users.slice(1)
    await pipeline.accept('Subject: last\r\n\r\n', recipients)
    accepted.add({ token: 'last', recipients })
  }
  const ended = run()
  return {
    begun,
    ended,
    async stop() {
      if (stopped) return
      stopped = true
      await ended
    },
  }
}

function outputsOf({ options }: TestAws): string {
  const { tables, bucket, queueUrls } = options
  return JSON.stringify({
    stack: {
      DirectoryTable: tables.directory,
      MailTable: tables.mail,
      QueueTable: tables.queue,
      CountersTable: tables.counters,
      ObjectsBucket: bucket,
      IncomingQueueUrl: queueUrls.incoming,
      ActiveQueueUrl: queueUrls.active,
      DeferredQueueUrl: queueUrls.deferred,
      IncomingDeadQueueUrl: queueUrls['incoming-dead'],
      ActiveDeadQueueUrl: queueUrls['active-dead'],
      Settings: '{}',
    },
  })
}

const endpointsOf = ({ options: { endpoints, region } }: TestAws) => ({
  AWS_REGION: region,
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_ENDPOINT_URL_DYNAMODB: endpoints?.dynamodb ?? '',
  AWS_ENDPOINT_URL_S3: endpoints?.s3 ?? '',
  AWS_ENDPOINT_URL_SQS: endpoints?.sqs ?? '',
})

type Variables = { readonly [name: string]: string }

async function postwolke(words: readonly string[], environment: Variables) {
  const child = begin(words, environment)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  await once(child, 'close')
  return { code: child.exitCode, stdout, stderr }
}

/** SIGKILL so long after it began, unless it has ended. */
async function killedMover(
  words: readonly string[],
  environment: Variables,
  afterMs: number,
): Promise<void> {
  const child = begin(words, environment)
  child.stdout.resume()
  child.stderr.resume()
  const ended = once(child, 'close')
  await Promise.race([ended, systemClock.sleep(afterMs)])
  child.kill('SIGKILL')
  await ended
}

const begin = (words: readonly string[], environment: Variables) =>
  spawn(process.execPath, [cli, ...words], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
