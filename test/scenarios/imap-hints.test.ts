// An idling session hears of what others do to its folder: in its process, in another process on the same data folder, and in
// another task on AWS; many changes cost few reads, and lost hints only time. RFC 9051 §6.3.13.

import { once } from 'node:events'
import type { Duplex, Readable, Writable } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { HINT_GATHER_MS, imapDefaults } from '#services/imap/config.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import type { Store } from '#shared/storage/ports.ts'
import { createTestAws, hasDynamoDb } from '#test/support/emulators/open-test-aws-store.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { accountId, type ImapServer, startImapServer } from '#test/support/imap-server.ts'
import { fill, mailboxOn, message, uids } from '#test/support/mailbox.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { Child } from '#test/support/start-child.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { Connection } from '#test/transcripts/connection.ts'

const login = 'ann@example.test'
const account = accountId(login)

let resources = new AsyncDisposableStack()
afterEach(async () => {
  await resources.disposeAsync()
  resources = new AsyncDisposableStack()
})

type Given = Parameters<typeof startImapServer>[0]

async function start(given: Given = {}): Promise<ImapServer> {
  const server = await startImapServer(given)
  resources.defer(server.stop)
  return server
}

/** A store on a data folder that other processes can open too. */
async function openFolder(): Promise<{ readonly directory: string; readonly store: Store }> {
  const { path: directory } = resources.use(await temporaryFolder())
  return { directory, store: resources.use(await openEmbeddedStore({ directory })) }
}

/** A session in IDLE; reading a line of it has a bound. */
async function idling(port: number, implicitTls = false): Promise<Connection> {
  const client = await Connection.open({ port, implicitTls })
  client.hidesRecent = true
  resources.defer(() => client.destroy())
  await client.write(Buffer.from(`a LOGIN ${login} secret\r\nb SELECT INBOX\r\nc IDLE\r\n`))
  while ((await client.readLine('IDLE')) !== '+ idling');
  return client
}

async function other({ port }: ImapServer): Promise<ImapClient> {
  const client = await ImapClient.login(port, login)
  resources.defer(() => client.close())
  await client.ok('SELECT INBOX')
  return client
}

async function expectEnd(client: Connection): Promise<void> {
  await client.write(Buffer.from('DONE\r\n'))
  expect(await client.readLine('DONE')).toBe('c OK IDLE completed')
}

/** Delivers a message and waits until the session has heard of it. */
async function expectDelivered(client: Connection, deliver: () => Promise<unknown>, count = 1) {
  await deliver()
  expect(await client.readLine('delivery')).toBe(`* ${count} EXISTS`)
}

describe('in one process', () => {
  it.each([
    ['in clear', false],
    ['over TLS', true],
  ])('IDLE %s hears of deliveries, flags and expunges', async (_, implicitTls) => {
    const server = await start()
    const client = await idling(implicitTls ? server.tlsPort : server.port, implicitTls)
    const inbox = await server.mailbox.inbox(account)
    await expectDelivered(client, () => server.seed(inbox, 'Subject: a\r\n\r\n'))
    const actor = await other(server)
    await expectDelivered(client, () => actor.append('INBOX', 'Subject: b\r\n\r\n'), 2)
    await actor.ok('STORE 2 FLAGS (\\Seen \\Deleted)')
    expect(await client.readLine('flags')).toBe('* 2 FETCH (UID 2 FLAGS (\\Deleted \\Seen))')
    await actor.ok('EXPUNGE')
    expect(await client.readLine('expunge')).toBe('* 2 EXPUNGE')
    await actor.ok('MOVE 1 Trash')
    expect(await client.readLine('move')).toBe('* 1 EXPUNGE')
    await expectEnd(client)
  })

  it('IDLE over TLS and DEFLATE hears of a delivery', async () => {
    const server = await start()
    const socket = connectTls({
      port: server.tlsPort,
      host: '127.0.0.1',
      rejectUnauthorized: false,
    })
    resources.defer(() => void socket.destroy())
    await once(socket, 'secureConnect')
    await received(
      socket,
      /^c OK.*\r\n/m,
      socket,
      `a LOGIN ${login} secret\r\nc COMPRESS DEFLATE\r\n`,
    )
    const [input, output] = deflated(socket)
    await received(input, /^\+ idling\r\n/m, output, 'd SELECT INBOX\r\ne IDLE\r\n')
    await server.seed(await server.mailbox.inbox(account), 'Subject: a\r\n\r\n')
    const told = await received(input, /RECENT\r\n/, output)
    expect(told).toBe('* 1 EXISTS\r\n* 1 RECENT\r\n')
    expect(await received(input, /^e .*\r\n/m, output, 'DONE\r\n')).toBe('e OK IDLE completed\r\n')
  })

  it('a hundred changes are told after few reads', async () => {
    const { store } = await openFolder()
    const mailbox = mailboxOn(store)
    const inbox = await mailbox.inbox(account)
    await fill(mailbox, inbox, 'a', 'b')
    const observed = withFaults(store)
    const clock = new ManualClock()
    const { port } = await start({ store: observed, clock })
    const client = await idling(port)
    const heard = () =>
      vi.waitFor(async () => {
        await clock.advance(HINT_GATHER_MS)
        expect(client.unread()).not.toBe('')
      })
    // What IDLE begins with is over when it has heard of a first change.
    await fill(mailbox, inbox, 'c')
    await heard()
    expect(await client.readLine('delivery')).toBe('* 3 EXISTS')
    const before = observed.calls
    for (let change = 0; change < 100; change++) {
      const mode = change % 2 === 0 ? 'add' : 'remove'
      await mailbox.storeFlags(inbox, uids(1), { mode, flags: ['\\Seen'] })
    }
    await mailbox.storeFlags(inbox, uids(1), { mode: 'add', flags: ['\\Flagged'] })
    expect(observed.calls).toBe(before)
    await heard()
    expect(await client.readLine('flags')).toBe('* 1 FETCH (UID 1 FLAGS (\\Flagged))')
    expect(observed.calls - before).toBeLessThan(10)
    await expectEnd(client)
  })

  it('a change of which every hint is lost is found by the safety poll', async () => {
    const { store } = await openFolder()
    const silent = withFaults(store, {
      plan: ({ operation }) => (operation === 'publish' ? 'lost' : undefined),
    })
    const server = await start({ store: silent, options: { safetyPollMs: 20 } })
    const client = await idling(server.port)
    const inbox = await server.mailbox.inbox(account)
    await expectDelivered(client, () => server.seed(inbox, 'Subject: a\r\n\r\n'))
    await expectEnd(client)
  })

  it('a look that fails is taken again', async () => {
    const { store } = await openFolder()
    let failures = 0
    const failing = withFaults(store, {
      plan: ({ name, number }) => {
        if (name !== 'mail' || number <= after || failures >= 3) return undefined
        failures += 1
        return 'throttled'
      },
    })
    let after = Infinity
    const clock = new ManualClock()
    const { port } = await start({ store: failing, clock })
    const client = await idling(port)
    after = failing.calls
    const mailbox = mailboxOn(store)
    await fill(mailbox, await mailbox.inbox(account), 'a')
    await vi.waitFor(async () => {
      await clock.advance(imapDefaults.safetyPollMs)
      expect(client.unread()).not.toBe('')
    })
    expect(await client.readLine('delivery')).toBe('* 1 EXISTS')
    expect(failures).toBe(3)
    await expectEnd(client)
  })
})

describe('between processes on one data folder', () => {
  it('IDLE hears of what the other appends', async () => {
    const { directory, store } = await openFolder()
    const { port } = await start({ store })
    const client = await idling(port)
    await expectDelivered(client, async () => {
      await using child = new Child(directory, { kind: 'append', account, blob: 'a' })
      await child.reported('done')
    })
    await expectEnd(client)
  })
})

describe.skipIf(!(await hasDynamoDb()))('between tasks on AWS', () => {
  it('IDLE hears of what the other appends, flags and expunges', async () => {
    const aws = await createTestAws()
    if (aws === undefined) throw new Error('no DynamoDB Local')
    const here = resources.use(await aws.open())
    const there = resources.use(await aws.open())
    const { port } = await start({ store: here })
    const client = await idling(port)
    const mailbox = mailboxOn(there)
    const inbox = await mailbox.inbox(account)
    await expectDelivered(client, () => mailbox.append(inbox, message('a')))
    await mailbox.storeFlags(inbox, uids(1), { mode: 'add', flags: ['\\Seen'] })
    expect(await client.readLine('flags')).toBe('* 1 FETCH (UID 1 FLAGS (\\Seen))')
    await mailbox.expunge(inbox, uids(1))
    expect(await client.readLine('expunge')).toBe('* 1 EXPUNGE')
    await expectEnd(client)
  })
})

/** RFC 4978 on the client's side. */
function deflated(socket: Duplex): readonly [Readable, Writable] {
  const output = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH })
  output.pipe(socket)
  return [socket.pipe(createInflateRaw()), output]
}

/** Writes and collects what comes up to the pattern. */
async function received(input: Readable, pattern: RegExp, output: Writable, write = '') {
  if (write !== '') output.write(write)
  let text = ''
  while (!pattern.test(text)) {
    const [chunk]: Buffer[] = await once(input, 'data', { signal: AbortSignal.timeout(15_000) })
    text += chunk?.toString('latin1')
  }
  return text
}
